"""The garbage collector makes no full collection while frames come, and one in quiet moments."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from wskit.tui.garbage import Garbage


class Collections(list[int]):
    """The generations that were collected."""

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            self.append(info["generation"])


@pytest.fixture
def collections() -> Iterator[Collections]:
    seen = Collections()
    gc.callbacks.append(seen)
    yield seen
    gc.callbacks.remove(seen)


def test_it_is_as_before_afterwards() -> None:
    before = gc.get_threshold()
    garbage = Garbage()
    garbage.begin()
    try:
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1_000_000
    finally:
        garbage.end()
    assert gc.get_threshold() == before


def test_it_collects_in_quiet_moments(collections: Collections) -> None:
    now = 0.0
    garbage = Garbage(clock=lambda: now)
    garbage.begin()
    try:
        garbage.look(1)
        garbage.look(1)
        assert 2 not in collections, "it is too early"
        now = 100.0
        garbage.look(2)
        assert 2 not in collections, "something has come"
        garbage.look(2)
        assert collections.count(2) == 1
        garbage.look(2)
        assert collections.count(2) == 1, "it was just done"
        now = 500.0
        garbage.look(3)
        assert collections.count(2) == 2, "there was no quiet moment for long"
    finally:
        garbage.end()
