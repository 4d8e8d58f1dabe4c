"""Messages of conversations: put together, whole or not, and what belongs to none."""

from __future__ import annotations

import pytest

from tests.tui.frames import IN, OUT, frame
from tests.tui.talks import history, opened
from wskit.protocol.frames import FrameRecord
from wskit.tui.dialogues import Line, said
from wskit.tui.entries import Entry
from wskit.tui.excerpts import excerpt


def dialogue(*records: FrameRecord) -> list[Line | int]:
    """Give what was said, of what is no message the number of the frame."""
    (conversation,) = excerpt(history(opened(), *records)).conversations
    return [each.number if isinstance(each, Entry) else each for each in said(conversation)]


def test_each_message_comes_with_its_last_frame() -> None:
    assert dialogue(
        frame(1, b"he", way=OUT, fin=False),
        frame(2, b"x", way=IN),
        frame(9, b"?", way=OUT),
        frame(0, b"llo", way=OUT),
    ) == [
        Line(3.0, False, 2, b"x"),
        Line(4.0, True, 9, b"?"),
        Line(5.0, True, 1, b"hello", frames=2),
    ]


def test_what_breaks_the_protocol_is_given_as_it_is() -> None:
    assert dialogue(
        frame(0, b"of nothing"),
        frame(9, b"ping", fin=False),
        frame(3),
        frame(1, b"a", fin=False),
        frame(1, b"b"),
    ) == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("start", "rest", "data", "whole"),
    [
        (frame(1, b"\xc3", fin=False), frame(0, b"\xa9"), "é", True),
        (frame(1, b"\xc3", fin=False), frame(0, b"a"), None, True),
        (frame(1, b"a", fin=False), frame(0, b"\xc3", length=2), "a", False),
        (frame(1, b"a", fin=False), frame(0, b"\xc3"), None, True),
        (frame(2, b"a", fin=False), frame(0, b"\xc3"), b"a\xc3", True),
    ],
)
def test_text_is_str(
    start: FrameRecord, rest: FrameRecord, data: str | bytes | None, whole: bool
) -> None:
    (line,) = dialogue(start, rest)
    assert isinstance(line, Line)
    assert (line.data, line.whole) == (data, whole)
