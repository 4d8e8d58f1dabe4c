"""Two cores talk over a link that cuts anywhere; a model of RFC 6455 knows what each must do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.protocol import wire
from tests.protocol.conversations import agreements
from tests.protocol.driving import SIDES
from tests.protocol.model import Limits, Listener
from tests.protocol.modelled import Modelled, Setting
from tests.protocol.streams import valid_streams
from tests.protocol.test_rejects import REJECTS
from tests.protocol.violations import VIOLATIONS
from tests.protocol.wire import BINARY, PING, PONG, TEXT, Peer
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.frames import frame_bin, frame_text
from wskit.protocol.opcodes import Side

STEPS = 30
TRIED = 16  # violations at the end of each conversation
sides = st.sampled_from(Side)
# Around the borders of the forms of length, and of what the small buffers take.
lengths = st.sampled_from([0, 1, 2, 125, 126, 127, 300, 2100, 65535, 65536])
texts = st.text(max_size=20).map(str.encode) | st.sampled_from(
    ["€", "é" * 63, "\U0001f600" * 32, "\ud7ff\ue000\U0010ffff"]
).map(str.encode)
binaries = st.binary(max_size=20) | st.builds(
    lambda unit, size: (unit * size)[:size], st.binary(min_size=1, max_size=3), lengths
)
codes = st.sampled_from([1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
reasons = st.sampled_from(["", "bye", "€" * 41]) | st.text(max_size=8)
cut_sizes = st.lists(st.integers(1, 8) | st.integers(1, 3000), min_size=1, max_size=20)
settings_of_ends = st.builds(
    Setting,
    limits=st.sampled_from([Limits(70_000, 16), Limits(70_000, 4096), Limits(1000, 3)]),
    agreed=agreements(),
    threshold=st.sampled_from([None, 0, 64]),
    small_size=st.sampled_from([14, 64, 2048]),
    watched=st.booleans(),
)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """Cut ``data`` at these places, as far as it has them."""
    borders = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    return [data[a:b] for a, b in pairwise(borders)]


# What ends a conversation would else end most of them in the first few steps.
old = precondition(lambda self: self.life <= 0)


class Conversation(RuleBasedStateMachine):
    """Each rule does one thing at one end; ``Modelled`` fails where the end differs."""

    @initialize(
        setting=settings_of_ends,
        raw=st.sets(sides),
        life=st.integers(0, STEPS),
        pace=cut_sizes,
        last=st.integers(0, len(VIOLATIONS) - 1),
    )
    def open(self, setting: Setting, raw: set[Side], life: int, pace: list[int], last: int) -> None:
        """``life``: how many steps pass before anything ends; ``pace``: how the rest arrives.

        ``last``: the first of those that each end must refuse after all that it has heard.
        """
        self.life, self.pace = life, pace
        self.last = [*VIOLATIONS.values()][last:][:TRIED]
        self.ends = {side: Modelled(side, setting, raw=side in raw) for side in Side}
        for side, end in self.ends.items():
            end.other = self.ends[side.peer]

    @rule(
        side=sides,
        text=texts,
        at=st.lists(st.integers(0, 40), max_size=3),
        compress=st.sampled_from([None, True, False]),
    )
    def text(self, side: Side, text: bytes, at: list[int], compress: bool | None) -> None:
        self.ends[side].message(TEXT, cut(text, at), compress)

    @rule(
        side=sides,
        data=binaries,
        at=st.lists(lengths, max_size=2),
        compress=st.sampled_from([None, True, False]),
    )
    def binary(self, side: Side, data: bytes, at: list[int], compress: bool | None) -> None:
        self.ends[side].message(BINARY, cut(data, at), compress)

    @rule(side=sides)
    def go_on(self, side: Side) -> None:
        if self.ends[side].pieces:
            self.ends[side].go_on()

    @rule(side=sides, text=st.text(max_size=20), binary=st.booleans())
    def framed(self, side: Side, text: str, binary: bool) -> None:
        if binary:
            data = text.encode()
            self.ends[side].framed(frame_bin(data), (BINARY, data))
        else:
            self.ends[side].framed(frame_text(text), (TEXT, text))

    @rule(
        side=sides,
        opcode=st.sampled_from([PING, PONG]),
        payload=st.binary(max_size=4) | st.sampled_from([124, 125, 126]).map(bytes),
    )
    def control(self, side: Side, opcode: int, payload: bytes) -> None:
        self.ends[side].control(opcode, payload)

    @old
    @rule(side=sides, close=st.tuples(codes, reasons) | st.just((None, "")))
    def close(self, side: Side, close: tuple[int | None, str]) -> None:
        self.ends[side].close(*close)

    @old
    @rule(side=sides, code=st.sampled_from([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65536]))
    def close_wrongly(self, side: Side, code: int) -> None:
        core = self.ends[side].core
        for wrong, reason in ((code, ""), (1000, "€" * 42), (None, "no code")):
            with pytest.raises(ValueError, match=r"^(code|reason): "):
                core.close(wrong, reason)

    @rule(side=sides)
    def answer(self, side: Side) -> None:
        if self.ends[side].owed:
            self.ends[side].answer()

    @rule(side=sides, sizes=cut_sizes)
    def deliver(self, side: Side, sizes: list[int]) -> None:
        for size in sizes:
            self.ends[side].hear(size)

    @rule(side=sides)
    def deliver_all(self, side: Side) -> None:
        self.ends[side].hear(len(self.ends[side].coming))

    @old
    @rule(side=sides, data=st.data(), tail=st.binary(max_size=9))
    def violate(self, side: Side, data: st.DataObject, tail: bytes) -> None:
        end = self.ends[side]
        if not (end.rogue or end.speaker.closed):
            names = [name for name, each in VIOLATIONS.items() if end.can_break(each)]
            end.break_rule(VIOLATIONS[data.draw(st.sampled_from(names))], tail)

    @old
    @precondition(lambda self: self.ends[Side.SERVER].setting.agreed is None)
    @rule(side=sides, noise=st.binary(min_size=1, max_size=30))
    def make_noise(self, side: Side, noise: bytes) -> None:
        """Any bytes at all; their compressed data would be judged by the model's zlib."""
        self.ends[side].other.coming += noise
        self.ends[side].rogue, self.ends[side].earned = True, None

    @old
    @rule(side=sides)
    def lose(self, side: Side) -> None:
        self.ends[side].lose()

    @invariant()
    def holds(self) -> None:
        self.life -= 1
        for end in self.ends.values():
            end.check()

    def teardown(self) -> None:
        if not hasattr(self, "ends"):
            return  # another test of this class: nothing was opened
        while any(end.coming or end.owed for end in self.ends.values()):
            for end in self.ends.values():
                left = len(end.coming)
                for size in [*self.pace, left]:
                    end.hear(size)
                while end.owed:
                    end.answer()
        for end in self.ends.values():
            end.check()
            if not (end.other.rogue or end.lost or end.listener.code):
                assert end.listener.events == end.other.said, "nothing is lost"
            end.check_other_cuts()
            for violation in self.last:
                end.check_refusal(violation)
            end.lose()
            end.check()


Conversation.TestCase.settings = settings(
    max_examples=4 * settings().max_examples,
    stateful_step_count=STEPS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestConversation = pytest.mark.uncounted(Conversation.TestCase)


@SIDES
class TestTheModel:
    """It is judged by the tables that the ends themselves are judged by."""

    def listener(self, side: Side, size: int, deflate: bool = False) -> Listener:
        setting = Setting(Limits(size, 4096), None, None, 2048, False)
        agreed = Setting(setting.limits, DeflateParameters(), None, 2048, False)
        return Modelled(side, agreed if deflate else setting, raw=False).listener

    @pytest.mark.parametrize("name", REJECTS)
    def test_rejects(self, name: str, side: Side, peer: Peer) -> None:
        make, code = REJECTS[name]
        listener = self.listener(side, 1000)
        for piece in wire.bytewise(make(peer)):
            listener.feed(piece)
        assert (listener.code, listener.closed) == (code, None)

    def test_accepts(self, side: Side, peer: Peer) -> None:
        for name, stream in valid_streams(peer).items():
            listener = self.listener(side, 1 << 20, stream.deflate)
            listener.feed(stream.wire)
            assert listener.events == stream.events, name
            assert listener.code is None
