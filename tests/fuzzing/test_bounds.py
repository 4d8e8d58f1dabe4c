"""How much a probe may do."""

from __future__ import annotations

import pytest

from wskit.fuzzing.bounds import Bounds, Spent
from wskit.testing import ManualClock


def bounds(clock: ManualClock, **options: object) -> Bounds:
    every = {"rate": 10.0, "connections": 100, "minutes": None, **options}
    return Bounds(clock=clock, sleep=clock.advance, **every)  # type: ignore[arg-type]


def test_connections_are_apart() -> None:
    clock = ManualClock(5.0)
    limits = bounds(clock)
    for _ in range(11):
        limits.connection()
    assert clock() == pytest.approx(6.0)
    assert limits.used == 11
    assert limits.seconds == pytest.approx(1.0)


def test_time_that_was_not_used_is_not_saved() -> None:
    clock = ManualClock()
    limits = bounds(clock)
    limits.connection()
    clock.advance(10)
    start = clock()
    limits.connection()
    limits.connection()
    assert clock() == pytest.approx(start + 0.1)


def test_connections_run_out() -> None:
    limits = bounds(ManualClock(), connections=2)
    limits.connection()
    limits.connection()
    with pytest.raises(Spent, match="2 connections were made"):
        limits.connection()
    assert limits.used == 2


def test_time_runs_out() -> None:
    clock = ManualClock()
    limits = bounds(clock, minutes=0.5)
    clock.advance(29.9)
    limits.check()
    clock.advance(0.2)
    with pytest.raises(Spent, match=r"0\.5 minutes are over"):
        limits.connection()
