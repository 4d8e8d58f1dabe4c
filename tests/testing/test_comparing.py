"""How two messages or frames differ, in words."""

from __future__ import annotations

from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import Message, MessageType
from wskit.testing.comparing import comparison


def frame(payload: bytes, opcode: int = 1, fin: bool = True) -> FrameRecord:
    return FrameRecord(Direction.IN, opcode, fin, 0, False, len(payload), len(payload), payload)


def test_texts_are_shown_with_their_difference() -> None:
    lines = comparison(Message(MessageType.TEXT, "hello"), Message(MessageType.TEXT, "hallo"))
    assert lines is not None
    assert lines[0] == "text 'hello' == text 'hallo'"
    assert [line.strip() for line in lines[1:] if "?" not in line] == ["- hallo", "+ hello"]


def test_text_is_no_binary() -> None:
    lines = comparison(Message(MessageType.TEXT, "a"), Message(MessageType.BINARY, b"a"))
    assert lines == ["text 'a' == binary b'a'", "type: TEXT != BINARY", "data: str != bytes"]


def test_frames_are_compared_field_by_field() -> None:
    assert comparison(frame(b"a"), frame(b"a", opcode=2, fin=False)) == [
        "text 'a' == binary without FIN b'a'",
        "opcode: 1 != 2",
        "fin: True != False",
    ]
    lines = comparison(frame(b"ab"), frame(b"ac"))
    assert lines is not None
    assert lines[1:] == ["  they differ at byte 1", "  - 61 63", "  + 61 62"]


def test_nothing_is_said_of_other_types() -> None:
    assert comparison(1, 2) is None
    assert comparison(frame(b""), Message(MessageType.TEXT, "")) is None
