"""Faults of one's own making, and what every fault has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.testing.faults.echoes import Echo
from wskit.relaying.stages import Item, Stage
from wskit.testing import ws_pair
from wskit.testing.faults import Cut, Delay, Direction, Duplicate, Fault
from wskit.testing.faults.fault import check_faults, stages_of


@dataclass(frozen=True)
class Shout(Fault):
    direction: Direction = "to_client"

    def stage(self, *, response: bool) -> Stage:
        return self

    def pass_on(self, data: bytes) -> Iterator[Item]:
        yield data.replace(b"quiet", b"QUIET")


def test_a_fault_of_your_own() -> None:
    with ws_pair(Echo, faults=[Shout()]) as peer:
        peer.send("quiet")
        peer.expect_text("QUIET")


def test_directions_have_their_own_stages() -> None:
    assert [stage is None for stage in Duplicate().stages()] == [False, True]
    assert [stage is None for stage in Duplicate(direction="to_client").stages()] == [True, False]
    one, other = Delay(1).stages()
    assert one is not None
    assert other is not None
    assert one is not other


def test_what_is_no_fault_is_named() -> None:
    with pytest.raises(TypeError, match=r"faults: must hold faults such as Cut\(5\), not 5"):
        check_faults([5])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="faults: must be a sequence"):
        check_faults(Cut(5))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="faults: must hold"):
        ws_pair(Echo, faults=[Cut])  # type: ignore[list-item]


def test_the_stages_of_several_faults() -> None:
    to_server, to_client = stages_of([Duplicate(), Delay(1), Cut(1)])
    assert (len(to_server), len(to_client)) == (3, 1)
