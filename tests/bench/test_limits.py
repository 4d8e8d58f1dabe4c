"""Goals are judged against the best of several peers, as costs, and against another work."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    return import_module("limits")


def tally(**cpu_us: float) -> object:
    """Give a run of the work echo100 in which each peer needed so much."""
    found = import_module("report").Tally()
    for peer, value in cpu_us.items():
        found.add("echo100", peer, 1, {"cpu_us": value})
    return found


def limit(limits: ModuleType, *against: str, **bounds: float) -> object:
    return limits.Limit(
        text="it", work="echo100", server="ours", figure="cpu_us", against=against, **bounds
    )


def judged(limits: ModuleType, one: object, found: object) -> str:
    (verdict,) = limits.judge([one], found)
    return str(verdict)


def test_a_cost_is_bounded_from_above(limits: ModuleType) -> None:
    one = limit(limits, "a", at_most=1.5)
    assert judged(limits, one, tally(ours=15.0, a=10.0)) == "holds  it: measured 1.5"
    assert judged(limits, one, tally(ours=16.0, a=10.0)) == "MISSED  it: measured 1.6"


def test_the_best_of_several_peers_counts(limits: ModuleType) -> None:
    one = limit(limits, "a", "b", "absent", at_least=1.2)
    assert judged(limits, one, tally(ours=10.0, a=20.0, b=12.0)) == "holds  it: measured 1.2"
    assert judged(limits, one, tally(ours=10.0, a=20.0, b=11.0)) == "MISSED  it: measured 1.1"


def test_without_any_peer_nothing_is_judged(limits: ModuleType) -> None:
    one = limit(limits, "a", at_least=1.2)
    assert judged(limits, one, tally(ours=10.0)) == "MISSED  it: not measured"


def test_a_server_is_compared_with_itself(limits: ModuleType) -> None:
    found = import_module("report").Tally()
    for number, factor in enumerate((1.0, 9.0, 2.0)):
        found.add("paced100", "ours", number, {"p99_us": 100.0})
        found.add("paced10000", "ours", number, {"p99_us": 100.0 * factor})
    one = limits.Limit(
        text="it",
        work="paced10000",
        server="ours",
        figure="p99_us",
        against_work="paced100",
        at_most=2.0,
    )
    assert judged(limits, one, found) == "holds  it: measured 2"
    assert limits.needed([one]) == {"paced10000": ["ours"], "paced100": ["ours"]}


def test_every_goal_names_what_there_is(limits: ModuleType) -> None:
    peers, works = import_module("peers").PEERS, import_module("works").WORKS
    for work, names in limits.needed(import_module("goals").GOALS).items():
        assert [name for name in names if not peers[name].can(works[work])] == []
