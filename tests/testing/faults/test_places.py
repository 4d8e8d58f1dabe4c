"""Places are found at every cut of the stream, and what is to happen happens there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testing.faults.streams import HEAD, STREAM, cut_up, sent
from wskit.relaying.stages import Ending, Gate
from wskit.testing.faults.places import AfterBytes, AfterFrames, AtPlace, InFrame, Place

PLACES: list[tuple[Callable[[], Place], int]] = [
    (lambda: AfterBytes(0, handshake=False), len(HEAD)),
    (lambda: AfterBytes(5, handshake=False), len(HEAD) + 5),
    (lambda: AfterBytes(0, handshake=True), 0),
    (lambda: AfterBytes(7, handshake=True), 7),
    (lambda: AfterFrames(0), len(HEAD)),
    (lambda: AfterFrames(1), len(HEAD) + 4),
    (lambda: AfterFrames(2), len(HEAD) + 4 + 2),
    (lambda: InFrame(1, 1), len(HEAD) + 1),
    (lambda: InFrame(1, 3), len(HEAD) + 3),
    (lambda: InFrame(1, 99), len(HEAD) + 4),
    (lambda: InFrame(2, 99), len(HEAD) + 6),
]


@pytest.mark.parametrize(("place", "at"), PLACES)
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_place_is_found_and_the_rest_dropped(
    place: Callable[[], Place], at: int, cuts: list[int]
) -> None:
    stage = AtPlace(place(), Ending.CUT, response=False, goes_on=False)
    items = sent(stage, cut_up(STREAM, cuts))
    assert items[-1] is Ending.CUT
    assert b"".join(item for item in items if isinstance(item, bytes)) == STREAM[:at]


@pytest.mark.parametrize(("place", "at"), PLACES)
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_behind_a_gate_the_rest_follows(
    place: Callable[[], Place], at: int, cuts: list[int]
) -> None:
    gate = Gate()
    items = sent(AtPlace(place(), gate, response=False, goes_on=True), cut_up(STREAM, cuts))
    where = items.index(gate)
    before = b"".join(item for item in items[:where] if isinstance(item, bytes))
    after = b"".join(item for item in items[where + 1 :] if isinstance(item, bytes))
    assert (before, after) == (STREAM[:at], STREAM[at:])


def test_a_place_that_does_not_come_changes_nothing() -> None:
    stage = AtPlace(AfterFrames(9), Ending.CUT, response=False, goes_on=False)
    assert sent(stage, [STREAM]) == [STREAM]
