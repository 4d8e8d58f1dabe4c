"""The record of a connection: the first and the last frames, whole or cut, and how it ended."""

from __future__ import annotations

import time

from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import Side
from wskit.testing.wires import Exchange, Wire


def frame(payload: bytes) -> FrameRecord:
    size = len(payload)
    return FrameRecord(Direction.IN, 1, True, 0, False, size, size, payload)


def filled(count: int, *, keep_all: bool = False) -> Wire:
    wire = Wire("client 1", Side.CLIENT, keep_all=keep_all)
    for number in range(count):
        wire.record(frame(b"%d" % number))
    return wire


def numbers(wire: Wire) -> list[int]:
    return [int(capture.frame.payload) for capture in wire.captures]


def test_keeps_the_first_and_the_last() -> None:
    wire = filled(1000)
    assert wire.count == 1000
    assert numbers(wire) == [*range(200), *range(800, 1000)]
    assert numbers(filled(400)) == list(range(400))


def test_keeps_everything_for_a_recording() -> None:
    wire = filled(1000, keep_all=True)
    wire.record(frame(b"1" * 10_000))
    assert wire.count == len(wire.captures) == 1001
    assert len(wire.captures[-1].frame.payload) == 10_000


def test_cuts_payloads_but_not_their_sizes() -> None:
    wire = filled(0)
    wire.record(whole := frame(b"x" * 5000))
    (capture,) = wire.captures
    assert len(capture.frame.payload) == 4096
    assert capture.frame.length == 5000
    assert len(whole.payload) == 5000, "it is the protocol's"
    assert capture.connection == "client 1"
    assert abs(capture.time - time.time()) < 60


def test_lines_leave_out_the_middle() -> None:
    lines = list(filled(1000).lines(most=6))
    assert len(lines) == 7
    assert lines[3].split() == ["…", "994", "frames", "left", "out"]
    assert [line.rsplit('"', 2)[1] for line in lines[:3] + lines[4:]] == [
        *("0", "1", "2"),
        *("997", "998", "999"),
    ]
    assert len(list(filled(6).lines(most=6))) == 6
    assert len(list(filled(5).lines(most=1))) == 3


def test_the_tail_is_the_last() -> None:
    assert [line.rsplit('"', 2)[1] for line in filled(300).tail(2)] == ["298", "299"]
    assert filled(0).tail() == []
    assert all(len(line) <= 60 for line in filled(3).tail(width=60))


def test_a_report_says_who_and_how() -> None:
    wire = filled(1)
    assert wire.report().splitlines()[::2] == ["client 1", "   ended: still open"]
    wire.exchange = Exchange("ws://h/\x1b", (), 101, ())
    wire.ending = "closed by the server with 4000 \x1b[2J"
    report = wire.report().splitlines()
    assert report[0] == r"client 1: ws://h/\x1b -> 101"
    assert report[-1] == r"   ended: closed by the server with 4000 \x1b[2J"


def test_begins_again() -> None:
    wire = filled(500)
    before = wire.start
    wire.restart()
    assert (wire.count, wire.captures) == (0, [])
    assert wire.start >= before


def test_the_key_is_known_to_either_end() -> None:
    key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    accept = ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    keys = set()
    for request, response in (((key,), ()), ((), (accept,)), ((key,), (accept,))):
        wire = filled(0)
        assert wire.key == ""
        wire.exchange = Exchange("/", request, 101, response)
        keys.add(wire.key)
    assert keys == {accept[1]}
    wire.exchange = Exchange("/", (), 101, ())
    assert wire.key == ""
