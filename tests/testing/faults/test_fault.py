"""Stages in a row, gates, and faults of one's own making."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.deadlines import scaled
from tests.testing.faults.echoes import Echo
from wskit.testing import ws_pair
from wskit.testing.faults import Cut, Delay, Direction, Dribble, Duplicate, Fault
from wskit.testing.faults.stages import Ending, Gate, Item, Stage, Wait, check_faults, through


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


def test_stages_apply_in_order() -> None:
    delay, dribble = Delay(1), Dribble(2)
    one = [fault.stage(response=False) for fault in (delay, dribble)]
    other = [fault.stage(response=False) for fault in (dribble, delay)]
    assert through(one, b"abc") == [Wait(1), b"ab", b"c"]
    assert through(other, b"abc") == [Wait(1), b"ab", Wait(1), b"c"]


def test_an_ending_passes_through_later_stages() -> None:
    stages = [Cut(1, handshake=True).stage(response=False), Dribble().stage(response=False)]
    assert through(stages, b"abc") == [b"a", Ending.CUT]


def test_directions_have_their_own_stages() -> None:
    assert [stage is None for stage in Duplicate().stages()] == [False, True]
    assert [stage is None for stage in Duplicate(direction="to_client").stages()] == [True, False]
    one, other = Delay(1).stages()
    assert one is not None
    assert other is not None
    assert one is not other


def test_a_gate_opens_for_good_and_wakes_who_waits() -> None:
    gate, calls = Gate(), list[int]()
    wake, gone = lambda: calls.append(1), lambda: calls.append(2)
    assert not gate.wait(0)
    assert not gate.reach(wake)
    assert not gate.reach(wake)
    assert not gate.reach(gone)
    gate.leave(gone)
    gate.leave(gone)
    assert gate.wait(0)
    gate.release()
    assert calls == [1]
    assert gate.reach(wake)


def test_waiting_for_somebody_at_the_gate() -> None:
    gate = Gate()
    thread = threading.Thread(target=gate.reach, args=(print,))
    thread.start()
    assert gate.wait(scaled(2))
    thread.join()


def test_what_is_no_fault_is_named() -> None:
    with pytest.raises(TypeError, match=r"faults: must hold faults such as Cut\(5\), not 5"):
        check_faults([5])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="faults: must be a sequence"):
        check_faults(Cut(5))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="faults: must hold"):
        ws_pair(Echo, faults=[Cut])  # type: ignore[list-item]
