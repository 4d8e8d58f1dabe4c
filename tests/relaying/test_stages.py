"""Stages in a row, and gates."""

from __future__ import annotations

import threading

from tests.deadlines import scaled
from wskit.relaying.stages import Ending, Gate, Wait, through
from wskit.testing.faults import Cut, Delay, Dribble


def test_stages_apply_in_order() -> None:
    delay, dribble = Delay(1), Dribble(2)
    one = [fault.stage(response=False) for fault in (delay, dribble)]
    other = [fault.stage(response=False) for fault in (dribble, delay)]
    assert through(one, b"abc") == [Wait(1), b"ab", b"c"]
    assert through(other, b"abc") == [Wait(1), b"ab", Wait(1), b"c"]


def test_an_ending_passes_through_later_stages() -> None:
    stages = [Cut(1, handshake=True).stage(response=False), Dribble().stage(response=False)]
    assert through(stages, b"abc") == [b"a", Ending.CUT]


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
