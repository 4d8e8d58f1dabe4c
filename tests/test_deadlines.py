"""Deadlines: one moment for a whole operation."""

from __future__ import annotations

import time

import pytest

from wskit.deadlines import Deadline


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Stop the clock; its one element is the time."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_all_waits_share_the_time(clock: list[float]) -> None:
    deadline = Deadline(10)
    assert (deadline.left("it"), deadline.remaining, deadline.passed) == (10, 10, False)
    clock[0] += 7
    assert (deadline.left("it"), deadline.remaining, deadline.passed) == (3, 3, False)


@pytest.mark.parametrize("later", [10, 11])
def test_after_it_there_is_nothing_left(clock: list[float], later: float) -> None:
    deadline = Deadline(10)
    clock[0] += later
    assert (deadline.remaining, deadline.passed) == (0.0, True)
    with pytest.raises(TimeoutError, match="the handshake took too long"):
        deadline.left("the handshake")


def test_none_is_never(clock: list[float]) -> None:
    deadline = Deadline(None)
    clock[0] += 1e9
    assert (deadline.left("it"), deadline.remaining, deadline.passed) == (None, None, False)


def test_zero_is_now(clock: list[float]) -> None:
    assert Deadline(0).passed
