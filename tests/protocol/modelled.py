"""One end of a connection beside its model: whatever it does is compared with what it must do."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from tests.protocol import wire
from tests.protocol.driving import CountingLender, Outcome, end, feed
from tests.protocol.model import Deflate, Heard, Limits, Listener, Speaker, packed
from tests.protocol.violations import State, Violation
from tests.protocol.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame
from wskit.errors import ConnectionClosed, InvalidPayload, MessageTooBig, ProtocolError
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import Side

__all__ = ["Modelled", "Setting"]

_ERRORS = {1002: ProtocolError, 1007: InvalidPayload, 1009: MessageTooBig}


@dataclass(frozen=True)
class Setting:
    """What both ends were told, and what their handshake agreed on."""

    limits: Limits
    agreed: DeflateParameters | None
    threshold: int | None  # from which size on messages are compressed
    small_size: int
    watched: bool  # by a tap

    def deflate(self, speaker: Side) -> Deflate | None:
        """Give what was agreed for the direction in which ``speaker`` sends."""
        agreed = self.agreed
        if agreed is None:
            return None
        if speaker is Side.CLIENT:
            return Deflate(agreed.client_max_window_bits, agreed.client_no_context_takeover)
        return Deflate(agreed.server_max_window_bits, agreed.server_no_context_takeover)


class Modelled:
    """A core, its model, and the bytes on their way to it (``coming``).

    ``raw``: another implementation sends the messages of this end, one that compresses fragments.
    """

    def __init__(self, side: Side, setting: Setting, *, raw: bool) -> None:
        self.side = side
        self.setting = setting
        self.raw = raw
        self.lender = CountingLender()
        self.records: list[FrameRecord] = []
        self.core = end(
            side,
            max_message_size=setting.limits.size,
            max_fragments=setting.limits.fragments,
            small_size=setting.small_size,
            lender=self.lender,
            deflate=setting.agreed,
            compression=Compression(write_threshold=setting.threshold),
            tap=self.records.append if setting.watched else None,
        )
        self.listener = self.new_listener()
        self.speaker = Speaker()
        self.said: list[Heard] = []  # what the other end must hear
        self.coming = bytearray()
        self.received = b""
        self.owed: deque[Heard] = deque()  # what has come and was not answered yet
        self.pieces: list[bytes] = []  # fragments of the open message, still to be sent
        self.rogue = False  # bytes were sent that no end may send
        self.earned: int | None = None  # the close code for them
        self.lost = False
        self.other: Modelled
        self._message: Heard = (BINARY, b"")
        self._compressor: zlib._Compress | None = None
        self._packed = False

    def new_listener(self) -> Listener:
        setting = self.setting
        return Listener(
            masked=self.side is Side.SERVER,
            limits=setting.limits,
            deflate=setting.deflate(self.side.peer),
        )

    @property
    def wire(self) -> wire.Peer:
        """Makes frames as this end does."""
        return wire.CLIENT if self.side is Side.CLIENT else wire.SERVER

    # -- sending -------------------------------------------------------------------------------

    def refused(self, call: Callable[[], bytes]) -> bool:
        """Whether nothing may be sent any more; then ``call`` must say so, and why."""
        if not self.speaker.closed:
            return False
        with pytest.raises(ConnectionClosed) as caught:
            call()
        why = self.listener.closed or self.speaker.told or (1006, "")
        assert (caught.value.code, caught.value.reason) == why
        return True

    def message(self, opcode: int, pieces: Sequence[bytes], compress: bool | None) -> None:
        """Begin a message in as many fragments as there are pieces; send the first."""
        whole = b"".join(pieces)
        if not self.raw and self.refused(lambda: self.core.data(opcode, whole)):
            return
        if self.speaker.closed:
            return
        if self.pieces:
            if not self.raw:
                with pytest.raises(ValueError, match=r"the next data frame must be CONTINUATION"):
                    self.core.data(opcode, whole)
            return
        self._message = (opcode, whole.decode() if opcode == TEXT else whole)
        self.pieces = list(pieces)
        self._packed = self.raw and bool(compress) and self.setting.agreed is not None
        if self._packed:
            self.pieces = self._compressed(pieces)
        if self.raw or len(pieces) > 1:
            self.go_on(opcode)
        else:
            self._whole(opcode, self.pieces.pop(), compress)

    def go_on(self, opcode: int = CONTINUATION) -> None:
        """Send the next fragment."""
        piece, fin = self.pieces[0], len(self.pieces) == 1
        if self.raw:
            if self.speaker.closed:
                return
            rsv = 4 if self._packed and opcode != CONTINUATION else 0
            data = self.wire.frame(opcode, piece, fin=fin, rsv=rsv)
        elif self.refused(lambda: self.core.data(opcode, piece, fin=fin)):
            return
        else:
            data = self.core.data(opcode, piece, fin=fin)
        self.pieces.pop(0)
        frame = self._sent(data)
        assert (frame.opcode, frame.fin, frame.payload) == (opcode, fin, piece)
        if fin:
            self.said.append(self._message)

    def framed(self, frame: bytes, message: Heard) -> None:
        """Send a frame made in advance."""
        if self.side is Side.CLIENT or (self.pieces and not self.raw and not self.speaker.closed):
            with pytest.raises(ValueError, match=r"frame: a "):
                self.core.framed(frame)
        elif not self.refused(lambda: self.core.framed(frame)) and not self.pieces:
            sent = self._sent(self.core.framed(frame))
            assert (sent.opcode, sent.fin, sent.rsv) == (message[0], True, 0)
            self.said.append(message)

    def control(self, opcode: int, payload: bytes) -> None:
        """Send a ping or pong, which may be too long."""
        if len(payload) > 125:
            with pytest.raises(ValueError, match="a control frame takes 125 bytes"):
                self.core.control(opcode, payload)
        elif not self.refused(lambda: self.core.control(opcode, payload)):
            self._control(self.core.control(opcode, payload), opcode, payload)

    def close(self, code: int | None, reason: str) -> None:
        """Send a close frame."""
        if not self.refused(lambda: self.core.close(code, reason)):
            payload = b"" if code is None else code.to_bytes(2, "big") + reason.encode()
            self._control(self.core.close(code, reason), CLOSE, payload)

    def answer(self) -> None:
        """Answer the oldest event that was not answered (§5.5.1, §5.5.2)."""
        event = self.owed.popleft()
        opcode, data = event
        sent = self.core.reply(event)
        if self.speaker.closed or opcode not in (PING, CLOSE):
            assert sent == b""
            return
        assert isinstance(data, bytes)
        answer, payload = (PONG, data) if opcode == PING else (CLOSE, data[:2])
        self._control(sent, answer, payload)

    def break_rule(self, violation: Violation, tail: bytes) -> None:
        """Have something else write to the wire of this end, and lose the thread then."""
        self.other.coming += self.broken(violation) + tail
        self.rogue, self.earned = True, violation.code

    def broken(self, violation: Violation) -> bytes:
        """Make the bytes of ``violation`` as they would follow what was said."""
        opcode = CONTINUATION if self.speaker.unfinished else BINARY
        return violation.make(self.wire, opcode)

    def can_break(self, violation: Violation) -> bool:
        state = State.INSIDE if self.speaker.unfinished else State.BETWEEN
        deflate = self.setting.deflate(self.side)
        if violation.deflate not in (None, deflate is not None):
            return False
        if violation.fresh and not (deflate is not None and deflate.fresh):
            return False
        return violation.state in (None, state)

    def lose(self) -> None:
        """Lose the transport."""
        self.core.lose()
        self.lost = self.speaker.closed = True

    def _whole(self, opcode: int, payload: bytes, compress: bool | None) -> None:
        frame = self._sent(self.core.data(opcode, payload, compress))
        assert (frame.opcode, frame.fin) == (opcode, True)
        deflate, threshold = self.setting.deflate(self.side), self.setting.threshold
        wanted = threshold is not None and len(payload) >= threshold
        if deflate is None or not (wanted if compress is None else compress):
            assert (frame.rsv, frame.payload) == (0, payload)
        elif frame.rsv == 0:
            # With context takeover the other end must see whatever went through the context.
            assert deflate.fresh
            assert frame.payload == payload
        self.said.append(self._message)

    def _control(self, data: bytes, opcode: int, payload: bytes) -> None:
        frame = self._sent(data)
        assert (frame.opcode, frame.payload, frame.rsv) == (opcode, payload, 0)
        self.said.append((opcode, payload))

    def _sent(self, data: bytes) -> Frame:
        (frame,) = wire.frames(data)
        assert frame.key == self.wire.key
        assert data == self.wire.frame(frame.opcode, frame.payload, fin=frame.fin, rsv=frame.rsv)
        self.speaker.sent(frame)
        self.other.coming += data
        return frame

    def _compressed(self, pieces: Sequence[bytes]) -> list[bytes]:
        deflate = self.setting.deflate(self.side)
        assert deflate is not None
        if self._compressor is None or deflate.fresh:
            self._compressor = zlib.compressobj(6, zlib.DEFLATED, -deflate.bits)
        return packed(pieces, deflate.bits, self._compressor)

    # -- receiving -----------------------------------------------------------------------------

    def hear(self, size: int) -> None:
        """Take up to ``size`` bytes from the wire, and make of them what the model does."""
        piece = bytes(self.coming[:size])
        del self.coming[:size]
        if self.lost:
            return
        before = len(self.listener.events)
        self.received += piece
        self.listener.feed(piece)
        heard: list[Heard] = []
        try:
            heard.extend(self.core.receive(piece))
        except ProtocolError as error:
            self._fail(error)
        assert heard == self.listener.events[before:]
        self.owed.extend(heard)
        self.check()

    def _fail(self, error: ProtocolError) -> None:
        assert self.core.failed is error
        assert type(error) is _ERRORS[error.close_code]
        assert error.close_code == self.listener.code
        told = self.core.fail(error)
        if self.speaker.closed:
            assert told == b""
        else:
            payload = error.close_code.to_bytes(2, "big") + str(error).encode()
            self._control(told, CLOSE, payload)

    # -- what must always be so ----------------------------------------------------------------

    def check(self) -> None:
        core, listener, other = self.core, self.listener, self.other
        assert core.writable == (not self.speaker.closed)
        assert core.close_sent == self.speaker.told
        assert core.close_received == listener.closed
        assert (core.failed.close_code if core.failed else None) == listener.code
        if other.earned is not None and listener.code is not None and not other.lost:
            assert listener.code == other.earned or listener.code == 1009
        if not other.rogue:
            assert listener.events == other.said[: len(listener.events)]
        self._check_loans()
        if self.setting.watched:
            self._check_records()

    def _check_loans(self) -> None:
        inside = None if self.listener.over or self.lost else self.listener.inside
        if inside is None:
            assert self.lender.out == [], "all that was lent is back"
        else:
            assert len(self.lender.out) <= 1
            assert self.lender.bytes_out <= 4 * inside + self.setting.small_size

    def _check_records(self) -> None:
        outs = [each for each in self.records if each.direction is Direction.OUT]
        if not self.raw:
            assert list(map(_described, outs)) == list(map(_seen, self.speaker.frames))
        ins = [_described(each) for each in self.records if each.direction is Direction.IN]
        frames = list(map(_seen, self.listener.frames))
        # A frame whose content is wrong is recorded where it was whole.
        assert ins[: len(frames)] == frames or ins == frames[:-1]
        assert len(ins) <= len(frames) + (self.listener.code is not None)

    def check_other_cuts(self) -> None:
        """Hear all again, in other pieces: that must change nothing."""
        received = self.received
        for pieces in ([received], [*wire.bytewise(received[:2000]), received[2000:]]):
            outcome = self._heard_again(pieces)
            assert outcome.events == self.listener.events
            assert outcome.code == self.listener.code
        for part in (1, 2, 3):
            self._heard_again([received[: len(received) * part // 4]])

    def check_refusal(self, violation: Violation) -> None:
        """Hear all again, and the violation behind it."""
        other = self.other
        if self.listener.over or self.lost or other.rogue or not other.can_break(violation):
            return
        if len(self.received) > 5000:
            return  # it would take long, and shows nothing more
        outcome = self._heard_again([self.received, other.broken(violation)])
        assert (outcome.events[: len(self.listener.events)], outcome.code) == (
            self.listener.events,
            violation.code,
        )

    def _heard_again(self, pieces: list[bytes]) -> Outcome:
        lender = CountingLender()
        core = end(
            self.side,
            max_message_size=self.setting.limits.size,
            max_fragments=self.setting.limits.fragments,
            small_size=256,
            lender=lender,
            deflate=self.setting.agreed,
        )
        outcome = feed(core, pieces)
        core.lose()
        assert lender.out == [], "whatever was lent is back"
        return outcome


def _described(record: FrameRecord) -> tuple[int, bool, int, bool, int]:
    return record.opcode, record.fin, record.rsv, record.masked, record.wire_length


def _seen(frame: Frame) -> tuple[int, bool, int, bool, int]:
    return frame.opcode, frame.fin, frame.rsv, frame.key is not None, len(frame.payload)
