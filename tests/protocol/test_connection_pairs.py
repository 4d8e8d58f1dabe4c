"""Two ends that talk, and two independent implementations that listen and answer."""

from __future__ import annotations

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import wire
from tests.protocol.conversations import Step, agreements, conversations, cuts, expected, speak
from tests.protocol.driving import SIDES, Outcome, end, feed
from tests.protocol.others import Websockets, Wsproto
from tests.protocol.wire import BINARY, CLOSE, PING, PONG, TEXT, Peer
from wskit.protocol.connection import Protocol
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.opcodes import Side

EAGER = Compression(write_threshold=0)
sides = st.sampled_from(Side)


def chopped(stream: bytes, sizes: list[int]) -> list[bytes]:
    """Cut ``stream`` into pieces of these sizes, over and over."""
    pieces, at, turn = [], 0, cycle(sizes)
    while at < len(stream):
        size = next(turn)
        pieces.append(stream[at : at + size])
        at += size
    return pieces


def speaker(side: Side, agreed: DeflateParameters | None) -> Protocol:
    return end(side, deflate=agreed, compression=EAGER)


@pytest.mark.uncounted
class TestBetweenOurselves:
    @given(conversations(), conversations(), agreements(), cuts(), cuts())
    def test_what_one_sends_the_other_receives(
        self,
        to_server: list[Step],
        to_client: list[Step],
        agreed: DeflateParameters | None,
        there: list[int],
        back: list[int],
    ) -> None:
        """In both directions at once, with whatever is agreed and however it is cut."""
        client, server = speaker(Side.CLIENT, agreed), speaker(Side.SERVER, agreed)
        request, response = speak(client, to_server), speak(server, to_client)
        assert feed(server, chopped(request, there)).events == expected(to_server)
        assert feed(client, chopped(response, back)).events == expected(to_client)
        for one in (client, server):
            one.lose()

    @given(conversations(), agreements(), sides, cuts())
    def test_what_is_answered_arrives_too(
        self, steps: list[Step], agreed: DeflateParameters | None, side: Side, sizes: list[int]
    ) -> None:
        asking, answering = speaker(side, agreed), speaker(side.peer, agreed)
        asked = speak(asking, steps)
        answer = feed(answering, chopped(asked, sizes), echo=True)
        assert answer.code is None
        heard = feed(asking, chopped(answer.sent, sizes)).events
        pongs = [(PONG, data) for opcode, data in expected(steps) if opcode == PING]
        messages = [event for event in expected(steps) if event[0] in (TEXT, BINARY)]
        assert [event for event in heard if event[0] == PONG] == pongs
        assert [event for event in heard if event[0] in (TEXT, BINARY)] == messages
        closes = [data[:2] for opcode, data in expected(steps) if opcode == CLOSE]
        assert [data for opcode, data in heard if opcode == CLOSE] == closes


@pytest.mark.uncounted
class TestAgainstOthers:
    @pytest.mark.parametrize("other", [Wsproto, Websockets])
    @given(conversations(), agreements(), sides, cuts())
    def test_they_accept_all_that_we_send(
        self,
        other: type[Wsproto | Websockets],
        steps: list[Step],
        agreed: DeflateParameters | None,
        side: Side,
        sizes: list[int],
    ) -> None:
        stream = speak(speaker(side, agreed), steps)
        assert other(side.peer, agreed).hear(chopped(stream, sizes)) == expected(steps)

    @given(conversations(), agreements(), sides, cuts())
    def test_we_accept_all_that_websockets_sends(
        self, steps: list[Step], agreed: DeflateParameters | None, side: Side, sizes: list[int]
    ) -> None:
        """It compresses fragments, too."""
        steps = [step for step in steps if step.opcode in (TEXT, BINARY, PING)]
        stream = Websockets(side.peer, agreed).say(steps)
        assert feed(end(side, deflate=agreed), chopped(stream, sizes)).events == expected(steps)

    @given(conversations(), agreements(), sides, cuts())
    def test_we_accept_all_that_wsproto_sends(
        self, steps: list[Step], agreed: DeflateParameters | None, side: Side, sizes: list[int]
    ) -> None:
        """It compresses fragments, and does not flush between them."""
        steps = [step for step in steps if step.opcode in (TEXT, BINARY, PING)]
        stream = Wsproto(side.peer, agreed).say(steps)
        assert feed(end(side, deflate=agreed), chopped(stream, sizes)).events == [
            (PING if step.opcode == PING else BINARY, step.data) for step in steps
        ]


def anything(peer: Peer) -> st.SearchStrategy[bytes]:
    """Generates bytes that get past the first header often enough, and bytes that do not."""
    payloads = st.binary(max_size=200) | st.text(max_size=50).map(str.encode)
    packed = payloads.map(lambda data: wire.deflated(data)[0])
    frames = st.builds(
        lambda opcode, payload, fin, rsv: peer.frame(opcode, payload, fin=fin, rsv=rsv),
        st.sampled_from([0, 1, 2, 8, 9, 10]) | st.integers(0, 15),
        payloads | packed,
        st.booleans(),
        st.sampled_from([0, 0, 0, 4]) | st.integers(0, 7),
    )
    return st.lists(frames | st.binary(max_size=20), max_size=10).map(b"".join)


@SIDES
class TestOnAnything:
    @given(st.data(), agreements(), cuts())
    def test_it_gives_events_or_a_documented_error(
        self,
        side: Side,
        peer: Peer,
        data: st.DataObject,
        agreed: DeflateParameters | None,
        sizes: list[int],
    ) -> None:
        """... the same whatever the cuts; and after an error one close frame, nothing more."""
        stream = data.draw(anything(peer))
        whole = feed(end(side, deflate=agreed), [stream])
        parts = feed(end(side, deflate=agreed), chopped(stream, sizes))
        assert (parts.events, parts.code) == (whole.events, whole.code)
        check(whole)
        check(parts)


def check(outcome: Outcome) -> None:
    """Fail unless this is what an end may make of any bytes."""
    for opcode, data in outcome.events:
        assert opcode in (TEXT, BINARY, CLOSE, PING, PONG)
        assert type(data) is (str if opcode == TEXT else bytes)
    closes = [event for event in outcome.events if event[0] == CLOSE]
    assert closes in ([], outcome.events[-1:])
    told = [frame for frame in wire.frames(outcome.sent) if frame.opcode == CLOSE]
    assert len(told) == bool(closes or outcome.error)
    assert told in ([], wire.frames(outcome.sent)[-1:])
    if outcome.error is not None:
        assert outcome.code in (1002, 1007, 1009)
        assert told[0].payload[:2] == outcome.code.to_bytes(2, "big")
