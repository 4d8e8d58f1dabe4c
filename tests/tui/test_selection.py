"""The selection: judged in pieces, rows that can be pointed at, nothing that is gone."""

from __future__ import annotations

import pytest

from tests.tui.frames import capture, frame
from wskit.tui.filters import Filter
from wskit.tui.history import History
from wskit.tui.selection import Selection


def filled(count: int, *, size: int = 0) -> History:
    """Make a history of text and binary frames in turn."""
    history = History(limit=1 << 16) if size else History()
    history.add(capture(float(n), frame(1 + n % 2, bytes(size))) for n in range(count))
    return history


def rows(selection: Selection) -> list[int]:
    return [selection[row] for row in range(len(selection))]


def test_without_a_filter_everything_is_shown() -> None:
    selection = Selection(filled(5))
    assert (rows(selection), selection.caught_up) == ([], False)
    assert selection.advance() == 0
    assert (rows(selection), selection.caught_up) == ([1, 2, 3, 4, 5], True)
    assert selection.advance() == 0


def test_it_is_judged_in_pieces() -> None:
    selection = Selection(filled(10))
    selection.choose(Filter("op:binary"))
    shown = []
    while not selection.caught_up:
        selection.advance(3)
        shown.append(rows(selection))
    assert shown == [[2], [2, 4, 6], [2, 4, 6, 8], [2, 4, 6, 8, 10]]


def test_another_filter_begins_at_the_beginning() -> None:
    selection = Selection(filled(6))
    selection.advance()
    selection.choose(Filter("op:text"))
    assert rows(selection) == []
    selection.advance()
    assert rows(selection) == [1, 3, 5]


def test_what_is_gone_from_the_history_is_gone_here_and_counted() -> None:
    history = filled(30, size=1000)
    selection = Selection(history)
    selection.advance()
    before = rows(selection)
    history.add(capture(float(n), frame(2, bytes(1000))) for n in range(20))
    gone = selection.advance()
    assert gone > 0
    assert rows(selection) == before[gone:] + list(range(31, 51))
    assert selection[0] == history.dropped + 1
    for row in (-1, len(selection)):
        with pytest.raises(IndexError):
            selection[row]


def test_memory_of_what_is_gone_is_given_back() -> None:
    history = History(limit=1 << 16)
    selection = Selection(history)
    for start in range(0, 60_000, 50):
        history.add(capture(float(n)) for n in range(start, start + 50))
        selection.advance()
    assert len(selection) == len(history)
    assert len(selection._numbers) < 25_000


def test_a_row_is_found_by_its_number() -> None:
    selection = Selection(filled(10))
    selection.choose(Filter("op:binary"))
    selection.advance()
    assert [selection.row(number) for number in (1, 2, 3, 10, 11)] == [0, 0, 1, 4, 5]
