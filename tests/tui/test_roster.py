"""Connections as rows: orders, how they were closed, and nothing that a terminal obeys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT
from wskit.trace import columns
from wskit.tui.history import Connection, Flow
from wskit.tui.roster import heading, ordered, row


def connection(
    number: int, *, last: float = 0.0, messages: int = 0, octets: int = 0, rtt: float | None = None
) -> Connection:
    flow = Flow(messages=messages, octets=octets)
    return Connection(number, f"c{number}", 0.0, last, inbound=flow, rtt=rtt)


def text(each: Connection, width: int = 100, now: float = 0.0) -> str:
    return "".join(piece for piece, _ in row(each, now, width))


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("first", [1, 2, 3]),
        ("last", [2, 1, 3]),
        ("messages", [3, 1, 2]),
        ("bytes", [2, 3, 1]),
        ("rtt", [3, 2, 1]),
    ],
)
def test_there_are_several_orders(order: str, numbers: list[int]) -> None:
    found = [
        connection(3, last=1, messages=9, octets=5, rtt=0.2),
        connection(1, last=2, messages=3, octets=1),
        connection(2, last=3, messages=1, octets=9, rtt=0.1),
    ]
    assert [each.number for each in ordered(found, order)] == numbers


def test_a_row_has_what_is_known() -> None:
    each = connection(7, last=90.0, messages=5, octets=2_500_000, rtt=0.0015)
    each.outbound.messages = 6
    each.close = (OUT, 4001, "bye")
    shown = text(each, now=100.0)
    assert shown.split() == [
        "#7", "5", "6", "2.5M", "0", "1.5ms", "10s", "c7", "->", "4001", "bye"
    ]  # fmt: skip
    assert [kind for _, kind in row(each, 100.0, 100)] == ["", "close", "close"]
    each.close = (IN, 1005, "")
    assert text(each).endswith("c7 <- 1005")


def test_the_titles_stand_over_their_columns() -> None:
    assert heading(100).split()[:3] == ["CONN", "MESSAGES", "IN"]
    assert len(heading(100)) == 100
    assert len(heading(20)) == 20


@given(st.text(), st.text(), st.integers(10, 200), st.floats(0, 1e11), st.integers(0, 1 << 63))
def test_no_row_is_wider_than_it_may_be(
    name: str, reason: str, width: int, now: float, octets: int
) -> None:
    each = Connection(123456789, name, 0.0, 0.0, close=(IN, 65535, reason))
    each.inbound.octets = octets
    shown = text(each, width, now)
    assert shown.isprintable()
    assert columns(shown) <= max(width, 90)
