"""The inbox: arrivals in the order of their first frames, taken as messages or as frames."""

from __future__ import annotations

import pytest

from wskit import Message, MessageType
from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wskit.testing.arrivals import Inbox


def frame(opcode: int, payload: bytes = b"", fin: bool = True) -> FrameRecord:
    size = len(payload)
    return FrameRecord(Direction.IN, opcode, fin, 0, False, size, size, payload)


def filled(*frames: FrameRecord) -> Inbox:
    """Record ``frames``, completing messages as the protocol does."""
    inbox, kind, data = Inbox(), TEXT, b""
    for each in frames:
        inbox.record(each)
        if each.opcode > BINARY:
            inbox.complete(each.opcode, each.payload)
            continue
        kind, data = (
            (kind, data + each.payload)
            if each.opcode == CONTINUATION
            else (each.opcode, each.payload)
        )
        if each.fin:
            inbox.complete(kind, data.decode() if kind == TEXT else data)
    return inbox


def test_an_empty_one_has_nothing() -> None:
    inbox = Inbox()
    assert inbox.data() is inbox.control(PING) is inbox.unfinished is None
    assert not inbox.has_frame()
    assert not inbox.unread
    assert inbox.clear() == []


def test_a_message_is_there_when_it_is_whole() -> None:
    inbox = filled(frame(TEXT, b"a", False), frame(PING), frame(CONTINUATION, b"b", False))
    assert inbox.data() is None
    assert inbox.unfinished is inbox.unread[0]
    assert inbox.unread[0].is_data
    assert not inbox.unread[1].is_data
    inbox.record(frame(CONTINUATION, b"c"))
    inbox.complete(TEXT, "abc")
    found = inbox.data()
    assert found is not None
    assert found.message == Message(MessageType.TEXT, "abc")
    assert [each.payload for each in found.frames] == [b"a", b"b", b"c"]
    assert inbox.unfinished is None


def test_looking_takes_nothing_and_taking_takes_the_very_one() -> None:
    inbox = filled(frame(PING), frame(TEXT, b"x"), frame(TEXT, b"x"), frame(PONG), frame(PING))
    first = inbox.data()
    assert first is inbox.data()
    assert first is not None
    assert inbox.take(first) is first
    second = inbox.data()
    assert second is not None
    assert second is not first
    pong = inbox.control(PONG)
    assert pong is not None
    inbox.take(pong)
    assert inbox.control(PONG) is None
    assert [each.frames[0].opcode for each in inbox.unread] == [PING, TEXT, PING]


def test_frames_come_one_by_one_in_the_order_of_their_messages() -> None:
    inbox = filled(frame(TEXT, b"a", False), frame(PING), frame(CONTINUATION, b"b"), frame(CLOSE))
    found = []
    while inbox.has_frame():
        found.append(inbox.take_frame())
    assert [each.opcode for each in found] == [TEXT, CONTINUATION, PING, CLOSE]
    assert inbox.unread == []
    with pytest.raises(StopIteration):
        inbox.take_frame()


def test_an_open_message_stays_until_its_last_frame_is_taken() -> None:
    inbox = filled(frame(TEXT, b"a", False))
    inbox.take_frame()
    assert not inbox.has_frame()
    assert len(inbox.unread) == 1
    inbox.record(frame(CONTINUATION, b"b"))
    inbox.complete(TEXT, "ab")
    assert inbox.has_frame()
    inbox.take_frame()
    assert inbox.unread == []


def test_clearing_leaves_an_open_message() -> None:
    inbox = filled(frame(BINARY, b"a"), frame(TEXT, b"b", False), frame(PONG, b"p"))
    assert inbox.clear() == [(MessageType.BINARY, b"a"), (MessageType.PONG, b"p")]
    assert inbox.unread == [inbox.unfinished]
    inbox.record(frame(CONTINUATION, b"c"))
    inbox.complete(TEXT, "bc")
    assert inbox.clear() == [(MessageType.TEXT, "bc")]


def test_clearing_gives_no_frame_that_broke_the_protocol() -> None:
    inbox = Inbox()
    inbox.record(frame(CLOSE, b"\x03"))
    assert inbox.control(CLOSE) is None
    assert inbox.clear() == []


def test_a_continuation_of_nothing_is_a_beginning() -> None:
    inbox = Inbox()
    inbox.record(frame(CONTINUATION, b"x"))
    assert inbox.unfinished is inbox.unread[0]
