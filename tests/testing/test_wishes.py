"""Wishes: what a message has to be, in words, and why it is not."""

from __future__ import annotations

import pytest

from wskit import Message, MessageType
from wskit.protocol.frames import Direction, FrameRecord
from wskit.testing.arrivals import Arrival
from wskit.testing.wishes import (
    Closed,
    MessageWish,
    Rejection,
    arrival_words,
    check_data,
    close_wish,
    frame_wish,
    message_type,
)

TEXT, BINARY = MessageType.TEXT, MessageType.BINARY


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (MessageWish(None, None, ..., None), "a message"),
        (MessageWish(TEXT, None, ..., None), "text"),
        (MessageWish(BINARY, None, ..., None), "binary"),
        (MessageWish(TEXT, "hi", ..., None), "text 'hi'"),
        (MessageWish(None, None, {"a": ...}, None), """JSON with '{"a": "..."}'"""),
        (MessageWish(TEXT, None, ..., None, is_json=True), "JSON"),
        (MessageWish(None, None, ..., "a+"), "a message that matches 'a+'"),
        (MessageWish(TEXT, None, ..., str.islower), "text that matches islower"),
    ],
)
def test_a_wish_in_words(wish: MessageWish, words: str) -> None:
    assert str(wish) == words


def test_json_is_text_unless_told_otherwise() -> None:
    assert MessageWish(None, None, 1, None).type == TEXT
    assert MessageWish(BINARY, None, 1, None).type == BINARY


@pytest.mark.parametrize(
    ("wish", "data"),
    [
        (MessageWish(None, None, ..., None), "x"),
        (MessageWish(None, None, ..., None), b"x"),
        (MessageWish(TEXT, "x", ..., "x"), "x"),
        (MessageWish(TEXT, '{"a": 1}', {"a": 1}, None), '{"a": 1}'),
    ],
)
def test_no_problem_is_none(wish: MessageWish, data: str | bytes) -> None:
    kind = TEXT if isinstance(data, str) else BINARY
    assert wish.problem(Message(kind, data)) is None


@pytest.mark.parametrize(
    ("wish", "data", "problem"),
    [
        (MessageWish(TEXT, None, ..., None), b"x", ""),
        (MessageWish(TEXT, "x", ..., None), b"x", ""),
        (MessageWish(None, None, ..., "y"), "x", ""),
        (MessageWish(TEXT, "x", ..., None), "y", "  - x\n  + y"),
        (MessageWish(BINARY, b"x", ..., None), b"y", "  they differ at byte 0\n  - 78\n  + 79"),
        (MessageWish(TEXT, None, 1, None), "2", "  - 1\n  + 2"),
    ],
)
def test_a_problem_is_made_plain(wish: MessageWish, data: str | bytes, problem: str) -> None:
    kind = TEXT if isinstance(data, str) else BINARY
    assert wish.problem(Message(kind, data)) == problem


def test_data_goes_with_its_type() -> None:
    check_data(None, TEXT)
    check_data(b"x", MessageType.PING)
    check_data("x", MessageType.PING)
    for data, kind in ((b"x", TEXT), ("x", BINARY), (1, None)):
        with pytest.raises(TypeError, match=r"^data: must be"):
            check_data(data, kind)
    assert message_type(2) is BINARY
    with pytest.raises(ValueError, match="type: must be a MessageType, not 3"):
        message_type(3)


@pytest.mark.parametrize(
    ("code", "reason", "by", "clean", "words"),
    [
        (None, None, None, None, "a close"),
        (None, None, None, True, "a close"),
        (4000, "why", "server", None, "close 4000 'why' initiated by the server"),
        (None, "", None, None, "a close ''"),
        (1006, None, None, None, "the end of the connection without a close frame"),
        (None, None, None, False, "the end of the connection without a closing handshake"),
        (4000, None, None, False, "close 4000 without a closing handshake"),
    ],
)
def test_an_end_in_words(
    code: int | None, reason: str | None, by: str | None, clean: bool | None, words: str
) -> None:
    assert close_wish(code, reason, by, clean) == words


def test_a_frame_in_words() -> None:
    assert frame_wish(None, None, {"FIN": None}) == "a frame"
    assert frame_wish(2, b"x", {"FIN": True, "RSV1": False}) == (
        "a binary frame with FIN 1, RSV1 0 b'x'"
    )
    assert frame_wish(0, "é", {}) == "a continuation frame 'é'"
    assert frame_wish(15, None, {"FIN": False}) == "a frame with opcode 15, FIN 0"


def test_what_came_in_words() -> None:
    def frame(opcode: int) -> FrameRecord:
        return FrameRecord(Direction.IN, opcode, False, 0, False, 1, 1, b"x")

    assert arrival_words(Arrival([frame(1)], Message(TEXT, "x"))) == "text 'x'"
    assert arrival_words(Arrival([frame(1)])) == "1 frame of an unfinished text"
    assert arrival_words(Arrival([frame(2), frame(0)])) == "2 frames of an unfinished binary"
    assert arrival_words(Arrival([frame(0)])) == "continuation without FIN 'x'"
    assert arrival_words(Arrival([frame(9)])) == "ping without FIN b'x'"


def test_ends_and_rejections_are_values() -> None:
    assert Closed(1000, "", "server", True) == Closed(1000, "", "server", True)
    assert {Rejection(403, (), b""): 1}[Rejection(403, (), b"")] == 1
