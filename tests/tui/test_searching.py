"""The search: matches among what is shown, in pieces, and nothing that is gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import capture, frame
from wskit.tui.filters import Filter
from wskit.tui.history import History
from wskit.tui.messages import Messages
from wskit.tui.searching import Search, literal
from wskit.tui.selection import Selection


def searched(count: int, wanted: str, shown: str = "") -> tuple[History, Selection, Search]:
    """Make text and binary frames in turn, each with its number as text."""
    history = History()
    history.add(capture(float(n), frame(1 + n % 2, b"<%d>" % n)) for n in range(1, count + 1))
    selection = Selection(history)
    selection.choose(Filter(shown))
    return history, selection, Search(selection, history, Filter(wanted))


def matches(search: Search) -> list[int]:
    return [search[row] for row in range(search.count)]


def test_matches_are_found_in_both_directions() -> None:
    _, selection, search = searched(10, "op:binary")
    selection.advance()
    search.advance()
    assert (search.count, search.caught_up) == (5, True)
    assert [search.next(number) for number in (0, 1, 2, 9, 10)] == [1, 3, 3, None, None]
    assert [search.previous(number) for number in (1, 2, 9, 1 << 62)] == [None, 1, 7, 9]
    assert [number for number in range(12) if number in search] == [1, 3, 5, 7, 9]
    assert "1" not in search


def test_only_what_is_shown_is_searched() -> None:
    _, selection, search = searched(20, "1", shown="op:text")
    selection.advance()
    search.advance()
    assert matches(search) == [10, 12, 14, 16, 18]


def test_it_is_searched_in_pieces() -> None:
    _, selection, search = searched(10, "op:binary")
    seen = []
    while not search.caught_up:
        selection.advance(4)
        search.advance(3)
        seen.append((search.count, search.next(4), search.previous(8), search.previous(3)))
    assert seen == [
        (2, None, None, 1),
        (3, 5, None, 1),
        (5, 5, 7, 1),
        (5, 5, 7, 1),
    ]


def test_another_selection_is_searched_anew() -> None:
    _, selection, search = searched(10, "1")
    selection.advance()
    search.advance()
    assert search.count == 2
    selection.choose(Filter("op:binary"))
    selection.advance()
    search.advance()
    assert matches(search) == [1]
    search.choose(literal("<9>"))
    search.advance()
    assert matches(search) == [9]


def test_what_is_gone_is_found_no_more() -> None:
    history, selection, search = searched(10, "op:binary")
    selection.advance()
    search.advance()
    history.clear()
    history.add([capture(20.0, frame(2, b"new"))])
    selection.advance()
    assert search.advance() == 5
    assert (matches(search), search.caught_up) == ([11], True)
    assert (search.previous(11), search.next(0)) == (None, 11)


def test_what_was_dropped_while_it_was_shown_is_passed_over() -> None:
    history, selection, search = searched(3, "op:binary")
    selection.advance()
    history.clear()
    search.advance()
    assert search.count == 0


def test_messages_are_searched_as_a_whole() -> None:
    history = History()
    records = [frame(1, b"need", fin=False), frame(9, b"needle"), frame(0, b"le"), frame(2)]
    history.add(capture(1.0, record) for record in records)
    messages = Messages(history)
    for wanted, found in (("needle", [1, 2]), ("size:6", [1, 2]), ("fin", [1, 2, 4])):
        search = Search(messages, history, Filter(wanted))
        messages.advance()
        search.advance()
        assert matches(search) == found
    assert messages.judged(3) == [history.entry(3)]
    history.clear()
    assert messages.judged(1) == []


@pytest.mark.parametrize("text", ["op:text", "/x/", 'a "quoted" \\ text', "(", "\n\x1b", "ä"])
def test_a_text_may_be_anything(text: str) -> None:
    history = History()
    history.add([capture(1.0, frame(1, f"..{text}..".encode())), capture(2.0, frame(1, b"op"))])
    assert [entry.number for entry in history if literal(text)(entry)] == [1]


@given(st.lists(st.sampled_from([1, 2, 9])), st.integers(1, 4), st.integers(1, 4))
def test_it_finds_what_one_look_would(opcodes: list[int], shown: int, judged: int) -> None:
    history = History()
    selection = Selection(history)
    selection.choose(Filter("op:data"))
    search = Search(selection, history, Filter("op:binary"))
    for n, opcode in enumerate(opcodes):
        history.add([capture(float(n), frame(opcode))])
        selection.advance(shown)
        search.advance(judged)
    while not search.caught_up:
        selection.advance(shown)
        search.advance(judged)
    found = [number for number, opcode in enumerate(opcodes, 1) if opcode == 2]
    assert matches(search) == found
    for number in range(len(opcodes) + 2):
        assert search.next(number) == next((each for each in found if each > number), None)
        before = [each for each in found if each < number]
        assert search.previous(number) == (before[-1] if before else None)
