"""Rows: what fits into which width, and nothing that a terminal would obey."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT, capture, frame
from wskit.protocol.frames import FrameRecord
from wskit.trace import columns
from wskit.tui.entries import Entry
from wskit.tui.rows import Table, duration, size


def text(entry: Entry, width: int = 120, start: float | None = 0.0) -> str:
    return "".join(piece for piece, _ in Table(width, start).row(entry))


def kinds(entry: Entry) -> list[str]:
    return [kind for _, kind in Table(120, 0.0).row(entry)]


def test_a_wide_row_has_everything() -> None:
    record = frame(1, b"hello" * 30, way=OUT, rsv=4, masked=True, wire=30, fin=False)
    entry = Entry(7, 3, capture(12.3456, record), delta=0.0123, message=5, fragment=2)
    *facts, payload = re.split(r" +", text(entry).strip())
    assert facts == [
        "12.346", "+12.3ms", "#3", "->", "text", "-1--M", "30", "150", "x5.0", "5.2"
    ]  # fmt: skip
    assert payload.startswith('"hellohello')
    assert payload.endswith("…")
    heading = Table(120, 0.0).heading()
    assert len(heading) == 120
    assert heading.split() == [
        "TIME", "DELTA", "CONN", "FRAME", "FLAGS", "WIRE", "SIZE", "RATIO", "MSG", "PAYLOAD"
    ]  # fmt: skip


def test_a_narrow_row_has_what_matters() -> None:
    entry = Entry(1, 12, capture(1.0, frame(2, b"\x00\xff")))
    assert text(entry, 80).split() == [
        "1.000",
        "#12",
        "<-",
        "binary",
        "F----",
        "2",
        "2",
        "00",
        "ff",
    ]
    assert len(Table(80, 0.0).heading()) == 80
    assert Table(30, 0.0).heading() == Table(80, 0.0).heading()[:30]


def test_deltas_may_be_there_in_place_of_times() -> None:
    entry = Entry(1, 12, capture(1.0, frame(2, b"\x00\xff")), delta=0.25)
    table = Table(80, None, deltas=True)
    assert table.heading().split()[:2] == ["DELTA", "CONN"]
    assert "".join(piece for piece, _ in table.row(entry)).split()[:2] == ["+250ms", "#12"]


def test_times_may_be_of_the_day() -> None:
    assert re.match(r"\d\d:\d\d:\d\d\.250 ", text(Entry(1, 1, capture(1e9 + 0.25)), start=None))


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (frame(1, way=IN), "in"),
        (frame(0, way=OUT), "out"),
        (frame(9), "control"),
        (frame(8), "close"),
    ],
)
def test_each_row_has_a_kind(record: FrameRecord, kind: str) -> None:
    assert kind in kinds(Entry(1, 1, capture(0, record)))


def test_notes_come_before_the_payload() -> None:
    broken = Entry(1, 1, capture(0, frame(3)), wrong="reserved opcode (§5.2)")
    assert "! reserved opcode (§5.2) " in text(broken)
    assert kinds(broken).count("wrong") == 2
    assert "rtt 1.5ms " in text(Entry(1, 1, capture(0, frame(10)), rtt=0.0015))
    assert " 0x3 " in text(broken)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0us"),
        (1e-300, "0us"),
        (0.000012, "12us"),
        (0.0009996, "1ms"),
        (0.12345, "123ms"),
        (0.9999, "1s"),
        (-2.5, "-2.5s"),
        (61, "61s"),
        (999.6, "17m"),
        (90_000, "25h"),
        (1e300, "99999h"),
    ],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [(0, "0"), (999_999, "999999"), (1_000_000, "1.0M"), (1 << 31, "2.1G"), (1 << 63, "9.2E")],
)
def test_sizes_are_short(octets: int, words: str) -> None:
    assert size(octets) == words


@given(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=130) | st.text().map(str.encode),
        way=st.sampled_from([IN, OUT]),
        rsv=st.integers(0, 7),
        wire=st.none() | st.integers(0, 1 << 63),
    ),
    st.integers(60, 200),
    st.floats(0, 1e11),
    st.none() | st.floats(-1e11, 1e11),
)
def test_no_row_is_wider_than_it_may_be(
    record: FrameRecord, width: int, time: float, delta: float | None
) -> None:
    row = text(Entry(10**9, 123456, capture(time, record), delta=delta), width)
    assert row.isprintable()
    assert columns(row) <= width
