"""Events are taken for a few milliseconds at a time, in order, and none is lost here."""

from __future__ import annotations

import io
from collections.abc import Iterable

from tests.tui.playing import Given, traffic
from wskit.events import Event, Lost
from wskit.tui.history import History
from wskit.tui.intake import Intake
from wskit.tui.reading import events as read
from wskit.tui.recorder import Recorder


class Clock:
    """Each look at it takes some time."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self._seconds = seconds

    def __call__(self) -> float:
        self.now += self._seconds
        return self.now


def test_what_there_is_no_time_for_waits() -> None:
    given, history = Given(traffic(1000)), History()
    intake = Intake(given, history, Recorder(None), Clock(1.0))
    totals = []
    for _ in range(4):
        intake.take()
        totals.append(history.total)
        given.events = given.events or traffic(10, 1000)
    assert totals == [250, 500, 750, 1000]
    assert len(given.events) == 10, "nothing is taken while something waits"
    intake.take()
    assert history.total == 1010


def test_with_time_everything_is_taken_at_once() -> None:
    history = History()
    intake = Intake(Given(traffic(1000)), history, Recorder(None), Clock(0.0))
    assert intake.take() == ""
    assert history.total == 1000
    assert intake.take() == ""


def test_the_time_of_the_newest_event_is_known() -> None:
    given = Given([*traffic(3), Lost(4)])
    intake = Intake(given, History(), Recorder(None))
    assert intake.newest == 0.0
    intake.take()
    assert intake.newest == 102.0
    given.events = [Lost(1)]
    intake.take()
    assert intake.newest == 102.0


def test_everything_is_recorded() -> None:
    file = io.BytesIO()
    Intake(Given(traffic(600)), History(), Recorder(file), Clock(0.0)).take()
    assert list(read(io.BytesIO(file.getvalue()))) == traffic(600)


def test_a_failure_of_the_recording_is_said_though_more_follows() -> None:
    class Failing(Recorder):
        failures = 0

        def __call__(self, events: Iterable[Event]) -> str:
            self.failures += 1
            return "recording ended: full" if self.failures == 1 else ""

    history = History()
    intake = Intake(Given(traffic(600)), history, Failing(None), Clock(0.0))
    assert intake.take() == "recording ended: full"
    assert history.total == 600
