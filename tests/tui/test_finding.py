"""Matches are visited in both directions, round and round, as soon as they are known."""

from __future__ import annotations

from tests.tui.playing import traffic
from wskit.tui.filters import Filter
from wskit.tui.finding import Finding
from wskit.tui.history import History
from wskit.tui.selection import Selection

ALL = 1 << 20


def begun(count: int = 20) -> tuple[History, Selection, Finding]:
    history = History()
    history.add(traffic(count))
    rows = Selection(history)
    rows.advance(ALL)
    return history, rows, Finding(history)


def test_nothing_is_looked_for_at_first() -> None:
    _, rows, finding = begun()
    finding.ask(1)
    finding.move(rows)
    assert finding.advance(1, ALL) is None
    assert finding.said(1) == ""
    assert not finding.active


def test_it_goes_both_ways_and_round() -> None:
    _, rows, finding = begun()
    finding.look_for(Filter("json.n>=14"), rows)
    assert finding.active
    assert finding.advance(1, ALL) is None, "nobody asked"
    assert finding.said(1) == "3 matches"
    at, seen = 1, []
    for way in (1, 1, 1, 1, -1, -1):
        finding.ask(way)
        found = finding.advance(at, ALL)
        assert found is not None
        at = found
        seen.append(at)
        assert finding.advance(at, ALL) is None, "one step for one question"
    assert seen == [15, 17, 19, 15, 19, 17]
    assert finding.said(17) == "match 2 of 3"


def test_an_answer_may_take_several_looks() -> None:
    _, rows, finding = begun()
    finding.look_for(Filter("json.n==18"), rows)
    finding.ask(1)
    answers = [finding.advance(1, 5) for _ in range(4)]
    assert answers == [None, None, None, 19]
    finding.look_for(Filter("json.n==18 "), rows)
    finding.ask(-1)
    assert finding.advance(1, 5) is None
    assert finding.said(1) == "0+ matches"
    assert [finding.advance(1, 5) for _ in range(3)] == [None, None, 19]


def test_to_look_for_the_same_again_changes_nothing() -> None:
    _, rows, finding = begun()
    for _ in range(4):  # as long as an answer takes by five entries at a time
        finding.look_for(Filter("json.n==18"), rows)
        finding.ask(1)
        answer = finding.advance(1, 5)
    assert answer == 19


def test_where_nothing_matches_it_goes_nowhere() -> None:
    _, rows, finding = begun()
    finding.look_for(Filter("op:close"), rows)
    finding.ask(1)
    assert finding.advance(1, ALL) is None
    assert finding.said(1) == "0 matches"
    finding.look_for(None, rows)
    assert not finding.active


def test_it_moves_to_other_rows() -> None:
    history, rows, finding = begun()
    finding.look_for(Filter("json.n>=14"), rows)
    fewer = Selection(history)
    fewer.choose(Filter("json.n==16"))
    fewer.advance(ALL)
    finding.move(fewer)
    finding.advance(1, ALL)
    assert finding.said(17) == "match 1 of 1"
