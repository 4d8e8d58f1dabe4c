"""The floor is judged by ratios within a round, and what was not measured does not hold."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def floor(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("floor", monkeypatch)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("report", monkeypatch)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import one of the scripts of bench/, which is no package."""
    monkeypatch.syspath_prepend(BENCH)
    return import_module(name)


def echoed(cpu_us: float, rate: float) -> dict[str, float]:
    return {"cpu_us": cpu_us, "rate": rate}


def fill(tally: object, cpu_us: float = 10.0, rate: float = 100.0, idle: float = 4096) -> None:
    """Tell ``tally`` of a run in which wskit needs ``cpu_us`` and holds ``idle`` bytes."""
    add = tally.add  # type: ignore[attr-defined]
    add("echo100", "wskit_event", 1, echoed(cpu_us, rate))
    add("echo100", "websockets_sync", 1, echoed(80.0, 12.5))
    add("echo100", "aiohttp_uvloop", 1, echoed(9.5, 100 / 0.95))
    add("idle", "wskit_small_pool", 1, {"idle_bytes": idle})


def verdicts(floor: ModuleType, tally: object) -> list[bool]:
    limits = import_module("limits")
    return [verdict.holds for verdict in limits.judge(floor.FLOOR, tally)]


def test_holds_exactly_at_its_limits(floor: ModuleType, report: ModuleType) -> None:
    tally = report.Tally()
    fill(tally)
    assert verdicts(floor, tally) == [True] * 5


@pytest.mark.parametrize(
    ("change", "holding"),
    [
        ({"cpu_us": 10.1}, [False, True, False, True, True]),
        ({"rate": 99.0}, [True, False, True, False, True]),
        ({"idle": 4097}, [True, True, True, True, False]),
    ],
)
def test_is_missed_by_a_little_less(
    floor: ModuleType, report: ModuleType, change: dict[str, float], holding: list[bool]
) -> None:
    tally = report.Tally()
    fill(tally, **change)
    assert verdicts(floor, tally) == holding


def test_what_was_not_measured_does_not_hold(floor: ModuleType, report: ModuleType) -> None:
    assert str(floor.FLOOR[0].verdict(report.Tally())) == (
        "MISSED  echo100: wskit_event >= 8 x websockets_sync, messages per CPU second: not measured"
    )
    assert verdicts(floor, report.Tally()) == [False] * 5


def test_needs_only_what_it_judges(floor: ModuleType) -> None:
    assert import_module("limits").needed(floor.FLOOR) == {
        "echo100": ["wskit_event", "websockets_sync", "aiohttp_uvloop"],
        "idle": ["wskit_small_pool"],
    }


def test_ratios_pair_the_figures_of_one_round(report: ModuleType) -> None:
    tally = report.Tally()
    for number, slowdown in enumerate([1, 1, 10], start=1):  # the machine is busy in the third
        tally.add("echo100", "wskit_event", number, echoed(5.0 * slowdown, 60.0 / slowdown))
        tally.add("echo100", "picows_uvloop", number, echoed(4.0 * slowdown, 80.0 / slowdown))
    tally.add("echo100", "picows_uvloop", 4, echoed(4000.0, 1.0))  # wskit failed in this one
    cpu = tally.advantage("echo100", "wskit_event", "picows_uvloop", "cpu_us")
    rate = tally.advantage("echo100", "wskit_event", "picows_uvloop", "rate")
    assert (cpu.low, cpu.median, cpu.high) == (0.8, 0.8, 0.8)
    assert (rate.low, rate.median, rate.high) == (0.75, 0.75, 0.75)
