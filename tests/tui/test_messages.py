"""Messages: frames joined, judged, filtered by any of them, and gone with their first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT, capture, frame
from wskit.events import Lost
from wskit.protocol.frames import FrameRecord
from wskit.trace import columns
from wskit.tui.filters import Filter
from wskit.tui.history import History
from wskit.tui.messages import Gathered, Messages, MessageTable

CLOSING = frame(8, b"\x03\xe8")


def history(*records: FrameRecord, limit: int = 64 << 20) -> History:
    made = History(limit)
    made.add(capture(float(n), record) for n, record in enumerate(records, 1))
    return made


def grouped(of: History, wanted: str = "") -> Messages:
    messages = Messages(of)
    messages.choose(Filter(wanted))
    messages.advance()
    return messages


def listed(messages: Messages) -> list[Gathered]:
    found = [messages.message(messages[row]) for row in range(len(messages))]
    return [message for message in found if message is not None]


def states(messages: Messages) -> list[tuple[str, str]]:
    return [(message.kind, message.state) for message in listed(messages)]


def test_fragments_are_one_message_and_control_frames_their_own() -> None:
    messages = grouped(
        history(
            frame(1, b"hel", fin=False, rsv=4, wire=2),
            frame(9, b"?"),
            frame(0, b"lo ", fin=False, wire=1),
            frame(2, b"other way", way=OUT),
            frame(0, b"you", wire=1),
        )
    )
    text, ping, binary = listed(messages)
    assert (text.first, text.last, text.conn, text.fragments) == (1, 5, 1, 3)
    assert (text.kind, text.state, text.payload) == ("text", "complete", b"hello you")
    assert (text.wire, text.length, text.ratio, text.took) == (4, 9, 2.25, 4.0)
    assert (ping.kind, ping.first, ping.fragments) == ("ping", 2, 1)
    assert (binary.direction, binary.ratio, binary.took) == (OUT, None, 0.0)
    assert [messages[row] for row in range(3)] == [1, 2, 4]
    assert [entry.number for entry in messages.entries(text)] == [1, 3, 5]
    assert [entry.number for entry in messages.entries(ping)] == [2]
    assert messages.message(3) is None


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([frame(1, b"a", fin=False)], [("text", "unfinished")]),
        ([frame(0, b"a")], [("cont", "broken")]),
        ([frame(2, fin=False), frame(1)], [("binary", "broken"), ("text", "broken")]),
        ([frame(2, fin=False), CLOSING], [("binary", "broken"), ("close", "complete")]),
        ([frame(2, fin=False), frame(0, rsv=2)], [("binary", "broken")]),
        ([frame(3), CLOSING], [("0x3", "broken"), ("close", "complete")]),
        ([frame(1, b"\xc3", fin=False), frame(0, b"\xa4")], [("text", "complete")]),
        ([frame(1, b"\xc3", fin=False), frame(0, b"a")], [("text", "broken")]),
        ([frame(1, b"\xff", fin=False)], [("text", "broken")]),
        ([frame(1, b"\xc3", fin=False), frame(0)], [("text", "broken")]),
        ([frame(1, b"\xc3", fin=False, length=9), frame(0)], [("text", "complete")]),
        ([frame(2, b"\xc3", fin=False), frame(0)], [("binary", "complete")]),
    ],
)
def test_each_is_judged_as_a_whole(
    records: list[FrameRecord], expected: list[tuple[str, str]]
) -> None:
    assert states(grouped(history(*records))) == expected


def test_the_beginning_may_be_lost() -> None:
    made = History()
    made.add([Lost(3), capture(1.0, frame(0, b"b", fin=False)), capture(2.0, frame(0, b"c"))])
    (message,) = listed(grouped(made))
    assert (message.kind, message.state, message.payload) == ("cont", "partial", b"bc")


def test_what_was_not_kept_is_not_joined_over() -> None:
    cut = frame(2, b"a" * 10, fin=False, length=5000)
    (message,) = listed(grouped(history(cut, frame(0, b"b"))))
    assert (message.payload, message.length) == (b"a" * 10, 5001)
    large = frame(2, bytes(4090), fin=False)
    (message,) = listed(grouped(history(large, frame(0, b"b" * 99))))
    assert message.payload == bytes(4090) + b"b" * 6


def test_it_is_grouped_in_pieces_and_says_what_has_changed() -> None:
    made = history(frame(1, b"a", fin=False), frame(9), frame(0, b"b", fin=False))
    messages = Messages(made)
    assert (messages.advance(2), messages.changed, messages.caught_up) == (0, False, False)
    assert states(messages) == [("text", "unfinished"), ("ping", "complete")]
    messages.advance(2)
    assert (messages.changed, messages.caught_up) == (True, True)
    messages.advance()
    assert not messages.changed
    made.add([capture(9.0, frame(8, b"\x03\xe8"))])
    messages.advance()
    assert messages.changed  # it will never be finished
    assert listed(messages)[0].wrong == "was never finished (§5.4)"


def test_a_filter_takes_a_message_by_any_of_its_frames() -> None:
    made = history(
        frame(1, b"one", fin=False),
        frame(2, b"wanted", way=OUT),
        frame(0, b"wanted", fin=False),
        frame(0, b"three"),
        frame(1, b"unwanted"[:2]),
    )
    messages = Messages(made)
    messages.choose(Filter("wanted"))
    messages.advance(2)
    assert [messages[row] for row in range(len(messages))] == [2]
    messages.advance(1)
    assert messages.changed
    assert [messages[row] for row in range(len(messages))] == [1, 2]
    messages.advance()
    assert [message.payload for message in listed(messages)] == [b"onewantedthree", b"wanted"]
    assert messages.row(2) == 1
    messages.choose(Filter("op:ping"))
    messages.advance()
    assert listed(messages) == []


def test_what_is_gone_from_the_history_is_gone_here() -> None:
    made = History(limit=1 << 16)
    made.add([capture(0.0, frame(1, b"begins", fin=False), "long")])
    messages = grouped(made)
    made.add(capture(float(n), frame(2, bytes(1000))) for n in range(60))
    assert messages.advance() == 1
    assert len(messages) == len(made)
    assert messages.message(1) is None
    assert not messages._open
    made.add([capture(99.0, frame(0, b"goes on"), "long")])
    messages.advance()
    assert states(messages)[-1] == ("cont", "partial")
    made.clear()
    messages.advance()
    assert (len(messages), messages._messages) == (0, {})


def test_memory_of_unfinished_ones_is_bounded() -> None:
    made = History(limit=1 << 16)
    messages = Messages(made)
    for n in range(3000):
        made.add([capture(float(n), frame(1, b"x", fin=False), str(n))])
        messages.advance()
    assert len(messages._open) == len(messages._messages) == len(made)


def text(message: Gathered, width: int = 120) -> str:
    return "".join(piece for piece, _ in MessageTable(width, 0.0).message_row(message))


def test_a_row_has_what_is_known() -> None:
    made = history(frame(1, b"hello", fin=False, rsv=4, wire=2), frame(0, b" you", wire=1))
    (message,) = listed(grouped(made))
    assert re.split(" +", text(message).strip()) == [
        "1.000", "#1", "<-", "text", "2", "3", "9", "x3.0", "1s", '"hello', 'you"'
    ]  # fmt: skip
    assert text(message, 80).split()[:7] == ["1.000", "#1", "<-", "text", "2", "3", "9"]
    wide, narrow = MessageTable(120, None).heading(), MessageTable(80, None).heading()
    assert wide.split() == [
        "TIME", "CONN", "MESSAGE", "FRAMES", "WIRE", "SIZE", "RATIO", "TOOK", "PAYLOAD"
    ]  # fmt: skip
    assert (len(wide), len(narrow)) == (120, 80)


@pytest.mark.parametrize(
    ("records", "kind", "note"),
    [
        ([frame(1, way=IN)], "in", ""),
        ([frame(2, way=OUT, fin=False)], "out", "unfinished"),
        ([CLOSING], "close", ""),
        ([frame(9, way=OUT), frame(10)], "control", "rtt 1s"),
        ([frame(0)], "wrong", "! continuation of nothing (§5.4)"),
    ],
)
def test_each_row_has_a_kind_and_a_note(records: list[FrameRecord], kind: str, note: str) -> None:
    pieces = MessageTable(120, 0.0).message_row(listed(grouped(history(*records)))[-1])
    assert pieces[1][1] == kind
    assert note in "".join(piece for piece, _ in pieces)


RECORDS = st.lists(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=130) | st.text().map(str.encode),
        way=st.sampled_from([IN, OUT]),
        fin=st.booleans(),
        rsv=st.integers(0, 7),
        wire=st.none() | st.integers(0, 1 << 63),
    ),
    max_size=12,
)


@given(RECORDS, st.integers(1, 5), st.integers(60, 200))
def test_any_frames_can_be_grouped_and_shown(
    records: list[FrameRecord], most: int, width: int
) -> None:
    made = history(*records)
    messages = Messages(made)
    while not messages.caught_up:
        messages.advance(most)
    assert states(messages) == states(grouped(made))
    found = listed(messages)
    assert sum(message.fragments for message in found) == len(records)
    frames = [entry.number for message in found for entry in messages.entries(message)]
    assert sorted(frames) == list(range(1, len(records) + 1))
    for message in found:
        assert text(message, width).isprintable()
        assert columns(text(message, width)) <= width
