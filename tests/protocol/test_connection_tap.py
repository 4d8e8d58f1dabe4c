"""The tap: one record for each frame, in both directions, with its true sizes and its own bytes."""

from __future__ import annotations

import random

import pytest

from tests.protocol import wire
from tests.protocol.driving import CUTS, SIDES, cut, end, feed
from tests.protocol.wire import (
    BINARY,
    CLIENT,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Peer,
    deflated,
)
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.frames import Direction, FrameRecord, frame_bin, frame_text
from wskit.protocol.opcodes import Side

AGREED = DeflateParameters()
NOISE = random.Random(5).randbytes(5000)
PROSE = b"all work and no play makes Jack a dull boy. " * 30


def record(
    direction: Direction,
    opcode: int,
    data: bytes,
    *,
    masked: bool,
    fin: bool = True,
    rsv: int = 0,
    wire_length: int | None = None,
) -> FrameRecord:
    size = len(data) if wire_length is None else wire_length
    return FrameRecord(direction, opcode, fin, rsv, masked, size, len(data), data[:4096])


def tapped(side: Side, stream: bytes, how: str) -> list[FrameRecord]:
    """Return what the tap of an end with permessage-deflate sees of what comes in."""
    seen: list[FrameRecord] = []
    one = end(side, deflate=AGREED, tap=seen.append, max_message_size=10000, max_fragments=8)
    feed(one, cut(stream, how))
    return [each for each in seen if each.direction is Direction.IN]


@SIDES
@pytest.mark.parametrize("how", CUTS)
class TestInbound:
    def test_one_record_for_each_frame(self, how: str, side: Side, peer: Peer) -> None:
        stream = peer.text("a", fin=False) + peer.ping(b"p") + peer.more() + peer.last(NOISE[:0])
        stream += peer.binary(NOISE) + peer.pong() + peer.close(1000, b"bye")
        masked = side is Side.SERVER

        def come(opcode: int, data: bytes, fin: bool = True) -> FrameRecord:
            return record(Direction.IN, opcode, data, fin=fin, masked=masked)

        assert tapped(side, stream, how) == [
            come(TEXT, b"a", fin=False),
            come(PING, b"p"),
            come(CONTINUATION, b"", fin=False),
            come(CONTINUATION, b""),
            come(BINARY, NOISE),
            come(PONG, b""),
            come(CLOSE, b"\x03\xe8bye"),
        ]

    def test_compressed_data_is_shown_inflated(self, how: str, side: Side, peer: Peer) -> None:
        (alone,) = deflated(PROSE)
        stream = peer.text(alone, rsv=4) + peer.binary(b"plain")
        masked = side is Side.SERVER
        assert tapped(side, stream, how) == [
            record(Direction.IN, TEXT, PROSE, rsv=4, wire_length=len(alone), masked=masked),
            record(Direction.IN, BINARY, b"plain", masked=masked),
        ]

    def test_each_compressed_fragment_is_shown_inflated(
        self, how: str, side: Side, peer: Peer
    ) -> None:
        """Also those that inflate to nothing: an empty one, and one that ends in mid-block."""
        parts = deflated(b"one", PROSE, b"three")
        pieces = [parts[0], b"", parts[1], parts[2][:1], parts[2][1:]]
        stream = peer.text(pieces[0], rsv=4, fin=False) + peer.ping(b"p")
        stream += b"".join(map(peer.more, pieces[1:-1])) + peer.last(pieces[-1])
        found = tapped(side, stream, how)
        ping = found.pop(1)
        assert (ping.opcode, ping.payload, ping.length) == (PING, b"p", 1)
        assert [each.payload for each in found] == [b"one", b"", PROSE, b"", b"three"]
        assert [each.length for each in found] == [3, 0, len(PROSE), 0, 5]
        assert [each.wire_length for each in found] == list(map(len, pieces))
        assert [each.rsv for each in found] == [4, 0, 0, 0, 0]
        assert [each.fin for each in found] == [False] * 4 + [True]

    def test_a_compressed_empty_message_is_shown_empty(
        self, how: str, side: Side, peer: Peer
    ) -> None:
        (found,) = tapped(side, peer.text(b"\x00", rsv=4), how)
        assert (found.payload, found.length, found.wire_length) == (b"", 0, 1)

    def test_a_whole_frame_that_is_wrong_is_shown(self, how: str, side: Side, peer: Peer) -> None:
        for stream, data in (
            (peer.frame(CLOSE, b"\x03"), b"\x03"),
            (peer.text(b"a\xff"), b"a\xff"),
            (peer.text("é".encode()[:1]), b"\xc3"),
            (peer.text(deflated(b"\xff")[0], rsv=4), b"\xff"),
            (peer.binary(b"\xff\xff", rsv=4), b""),
        ):
            # Text that is bad before its end is refused before its frame is whole.
            found = tapped(side, peer.ping() + stream, how)
            assert [each.payload for each in found[1:]] == [data] or how != "whole"
            assert len(found) <= 2

    def test_one_fragment_too_many_is_shown_inflated(
        self, how: str, side: Side, peer: Peer
    ) -> None:
        first, *rest = deflated(*[b"a"] * 10)
        stream = peer.text(first, rsv=4, fin=False) + b"".join(map(peer.more, rest))
        assert [each.payload for each in tapped(side, stream, how)] == [b"a"] * 9

    def test_a_frame_refused_by_its_header_is_not(self, how: str, side: Side, peer: Peer) -> None:
        assert tapped(side, peer.frame(3, b"abc"), how) == []


@SIDES
class TestOutbound:
    def test_one_record_for_each_frame(self, side: Side, peer: Peer) -> None:
        seen: list[FrameRecord] = []
        one = end(side, deflate=AGREED, tap=seen.append)
        (compressed,) = wire.frames(one.data(BINARY, PROSE, compress=True))
        small = len(compressed.payload)
        one.data(TEXT, bytearray(NOISE))
        one.data(TEXT, b"a", fin=False)
        one.control(PING, memoryview(b"p"))
        one.data(CONTINUATION, b"b")
        one.reply((PING, b"q"))
        one.close(1000, "bye")
        masked = side is Side.CLIENT

        def go(opcode: int, data: bytes, fin: bool = True) -> FrameRecord:
            return record(Direction.OUT, opcode, data, fin=fin, masked=masked)

        assert small < 100 < len(PROSE)
        assert seen == [
            record(Direction.OUT, BINARY, PROSE, rsv=4, wire_length=small, masked=masked),
            go(TEXT, NOISE),
            go(TEXT, b"a", fin=False),
            go(PING, b"p"),
            go(CONTINUATION, b"b"),
            go(PONG, b"q"),
            go(CLOSE, b"\x03\xe8bye"),
        ]

    def test_what_is_not_sent_is_not_shown(self, side: Side, peer: Peer) -> None:
        seen: list[FrameRecord] = []
        one = end(side, tap=seen.append)
        with pytest.raises(ValueError, match="125 bytes"):
            one.control(PING, b"a" * 126)
        with pytest.raises(ValueError, match="TEXT or BINARY"):
            one.data(CONTINUATION, b"a")
        with pytest.raises(ValueError, match="code"):
            one.close(1005)
        one.lose()
        assert one.reply((PING, b"p")) == b""
        assert seen == []

    def test_a_failure_is_shown(self, side: Side, peer: Peer) -> None:
        seen: list[FrameRecord] = []
        feed(end(side, tap=seen.append), [peer.frame(3)])
        assert [(each.opcode, each.direction) for each in seen] == [(CLOSE, Direction.OUT)]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_ready_frames_are_shown_without_their_header(size: int) -> None:
    seen: list[FrameRecord] = []
    one = end(Side.SERVER, tap=seen.append)
    one.framed(frame_bin(b"a" * size))
    one.framed(frame_text("a" * size))
    assert seen == [
        record(Direction.OUT, opcode, b"a" * size, masked=False) for opcode in (BINARY, TEXT)
    ]


@SIDES
def test_a_record_owns_its_bytes(side: Side, peer: Peer) -> None:
    seen: list[FrameRecord] = []
    one = end(side, tap=seen.append)
    data = bytearray(b"abc")
    one.data(BINARY, data)
    data[:] = b"xyz"
    feed(
        one, [peer.binary(b"a" * 3000)[:100], peer.binary(b"a" * 3000)[100:], peer.text("b" * 2000)]
    )
    assert [each.payload[:3] for each in seen] == [b"abc", b"aaa", b"bbb"]
    assert {type(each.payload) for each in seen} == {bytes}


@SIDES
def test_a_tap_may_come_and_go_at_any_time(side: Side, peer: Peer) -> None:
    """Even in the middle of a compressed frame, whose record is whole nevertheless."""
    (small,) = deflated(PROSE)
    stream = peer.text(small, rsv=4)
    one = end(side, deflate=AGREED)
    seen: list[FrameRecord] = []
    feed(one, wire_halves(stream)[:1])
    one.tap = seen.append
    feed(one, wire_halves(stream)[1:])
    one.data(TEXT, b"seen")
    one.tap = None
    feed(one, [stream, peer.ping()])
    one.data(TEXT, b"unseen")
    one.tap = seen.append
    feed(one, [peer.text(b"plain")])
    assert [each.payload for each in seen] == [PROSE, b"seen", b"plain"]


@SIDES
def test_a_tap_that_removes_itself(side: Side, peer: Peer) -> None:
    """As another thread may do, between any two steps of the reading one."""
    seen: list[FrameRecord] = []
    one = end(side, compression=Compression())

    def once(frame: FrameRecord) -> None:
        one.tap = None
        seen.append(frame)

    one.tap = once
    assert feed(one, [peer.text("a") + peer.ping()]).messages == ["a"]
    assert len(seen) == 1


def wire_halves(stream: bytes) -> list[bytes]:
    half = len(stream) // 2
    return [stream[:half], stream[half:]]


def test_without_a_tap_no_record_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(
        "wskit.protocol.connection.FrameRecord", lambda *fields: made.append(fields)
    )
    (small,) = deflated(PROSE)
    one = end(Side.SERVER, deflate=AGREED)
    feed(one, [CLIENT.text(small, rsv=4) + CLIENT.text("a") + CLIENT.ping()], echo=True)
    assert one._assembler.inflated is None
    assert made == []
    one.tap = lambda frame: None
    feed(one, [CLIENT.text("a")])
    assert len(made) == 1


@SIDES
@pytest.mark.parametrize("masked", [True, False])
def test_what_is_sent_unchecked_is_seen_and_changes_nothing(
    masked: bool, side: Side, peer: Peer
) -> None:
    seen: list[FrameRecord] = []
    one = end(side, tap=seen.append)
    for first in (0x41, 0x7B, 0x09, 0x88):
        sent = one.unchecked(first, b"odd", masked=masked)
        assert (sent[0], sent[1]) == (first, masked << 7 | 3)
        assert len(sent) == (9 if masked else 5)
    assert [(f.opcode, f.fin, f.rsv, f.masked) for f in seen] == [
        (1, False, 4, masked),
        (11, False, 7, masked),
        (9, False, 0, masked),
        (8, True, 0, masked),
    ]
    assert all(f.direction is Direction.OUT for f in seen)
    assert one.writable
    assert one.close_sent is None
    one.data(TEXT, b"a message of its own")
    one.tap = None
    assert len(one.unchecked(0xFF, b"", masked=False)) == 2
