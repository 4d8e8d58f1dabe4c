"""Replays: the recorded intervals at any speed, steps, and no wait longer than it may be."""

from __future__ import annotations

import io
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadlines import scaled
from tests.tui.frames import capture
from wskit.events import Event, Lost
from wskit.trace import event_json
from wskit.tui.outgoing import NotSent, parsed
from wskit.tui.pacing import Paced
from wskit.tui.sources import LineSource


class Clock:
    """A clock that only goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Recorded:
    """A source that gives ``events`` in pieces, as HarSource does."""

    def __init__(self, events: list[Event], piece: int = 3) -> None:
        self._events, self._piece = events, piece
        self.ended = self.over = False
        self.problem = ""

    def take(self, timeout: float) -> list[Event]:
        taken, self._events = self._events[: self._piece], self._events[self._piece :]
        self.ended = not taken
        return taken

    def send(self, connection: str, frame: object) -> None:
        raise NotSent("a recording")

    def end(self) -> None:
        self.over = True


def replay(*times: float, speed: float = 1.0, longest: float | None = None) -> tuple[Paced, Clock]:
    clock = Clock()
    source = Recorded([capture(1e9 + moment) for moment in times])
    return Paced(source, speed=speed, longest=longest, clock=clock, sleep=clock.sleep), clock


def moments(events: list[Event]) -> list[float]:
    return [round(event.time - 1e9, 3) for event in events if not isinstance(event, Lost)]


def arrivals(paced: Paced, clock: Clock, timeout: float = 1000.0) -> list[tuple[float, float]]:
    """Give when each event came, in seconds of the clock, and its recorded time."""
    began, came = clock.now, []
    while not paced.ended:
        taken = moments(paced.take(timeout))
        came += [(round(clock.now - began, 3), moment) for moment in taken]
    return came


@pytest.mark.parametrize(
    ("speed", "expected"),
    [
        (1.0, [0, 0, 0.5, 20, 20]),
        (2.0, [0, 0, 0.25, 10, 10]),
        (0.25, [0, 0, 2, 80, 80]),
        (math.inf, [0, 0, 0, 0, 0]),
    ],
)
def test_events_come_at_their_intervals(speed: float, expected: list[float]) -> None:
    paced, clock = replay(0, 0, 0.5, 20, 19, speed=speed)
    came = arrivals(paced, clock)
    assert came == list(zip(expected, [0, 0, 0.5, 20, 19], strict=True))
    assert paced.take(5.0) == []


def test_a_silence_may_be_shortened() -> None:
    paced, clock = replay(0, 100, 103, 1000, longest=5.0, speed=2.0)
    assert arrivals(paced, clock) == [(0, 0), (5, 100), (6.5, 103), (11.5, 1000)]
    assert paced.position == 1e9 + 1000


def test_it_waits_no_longer_than_it_may() -> None:
    paced, clock = replay(0, 10)
    assert moments(paced.take(0)) == [0]
    assert (paced.take(0), clock.now) == ([], 50.0)
    assert (paced.take(4.0), clock.now) == ([], 54.0)
    assert paced.position == 1e9 + 4
    assert moments(paced.take(100.0)) == [10]
    assert clock.now == 60.0
    assert not paced.ended
    assert paced.take(3.0) == []
    assert (paced.ended, clock.now) == (True, 60.0)
    clock.now += 100
    assert paced.take(0) == []
    assert paced.position == 1e9 + 10


def test_it_pauses_and_goes_on_where_it_stopped() -> None:
    paced, clock = replay(0, 10)
    paced.take(0)
    assert (paced.take(3.0), paced.pace) == ([], "x1")
    paced.pause()
    assert (paced.take(500.0), clock.now, paced.pace) == ([], 553.0, "paused, x1")
    assert paced.position == 1e9 + 3
    paced.resume()
    assert moments(paced.take(100.0)) == [10]
    assert clock.now == 560.0


def test_steps_let_one_event_pass_each() -> None:
    paced, clock = replay(0, 10, 10, 30)
    paced.step()
    assert paced.paused
    assert (moments(paced.take(9.0)), clock.now) == ([0], 50.0)
    assert paced.take(0) == []
    paced.step()
    paced.step()
    assert moments(paced.take(0)) == [10, 10]
    assert paced.position == 1e9 + 10
    paced.step()
    paced.resume()  # forgets the step that nobody took
    assert moments(paced.take(5.0)) == []
    paced.pause()
    assert moments(paced.take(0)) == []
    paced.resume()
    assert moments(paced.take(50.0)) == [30]
    assert clock.now == 70.0


def test_the_speed_can_be_changed_on_the_way() -> None:
    paced, clock = replay(0, 10, 20)
    paced.take(0)
    assert paced.take(5.0) == []
    paced.faster()
    assert moments(paced.take(100.0)) == [10]
    assert clock.now == 57.5
    speeds = []
    for _ in range(8):
        paced.faster()
        speeds.append(paced.pace)
    assert speeds == ["x4", "x8", "x16", "x32", "x64", "at once", "at once", "at once"]
    paced.slower()
    assert paced.pace == "x64"
    for _ in range(9):
        paced.slower()
    assert paced.pace == "x0.25"
    assert moments(paced.take(100.0)) == [20]
    assert clock.now == 97.5


def test_a_gap_comes_with_the_event_before_it() -> None:
    clock = Clock()
    events: list[Event] = [Lost(1), capture(1.0), Lost(2), capture(5.0), Lost(3)]
    paced = Paced(Recorded(events, 9), clock=clock, sleep=clock.sleep)
    assert paced.take(0) == events[:3]
    assert paced.take(9.0) == events[3:]
    paced = Paced(Recorded(events, 9), clock=clock, sleep=clock.sleep)
    paced.step()
    assert paced.take(0) == events[:1]
    assert paced.position is None
    assert (paced.take(1.0), clock.now) == ([], 55.0)


def test_little_is_read_ahead() -> None:
    source = Recorded([capture(float(n)) for n in range(100)], piece=10)
    clock = Clock()
    paced = Paced(source, clock=clock, sleep=clock.sleep)
    paced.take(5.5)
    assert len(source._events) == 90
    at_once = Paced(Recorded([capture(1.0)] * 9000, 9000), clock=clock)
    assert [len(at_once.take(0)) for _ in range(3)] == [4096, 4096, 808]


def test_it_is_a_source_like_the_one_it_replays() -> None:
    source = Recorded([capture(1.0)])
    paced = Paced(source)
    with pytest.raises(NotSent, match="a recording"):
        paced.send("a", parsed("hello"))
    source.problem = "broken"
    assert paced.problem == "broken"
    paced.end()
    assert source.over


def test_a_speed_or_silence_is_above_0() -> None:
    for speed in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="speed: must be above 0, not"):
            Paced(Recorded([]), speed=speed)
    with pytest.raises(ValueError, match="longest: must be above 0, not 0"):
        Paced(Recorded([]), longest=0.0)


def test_a_file_is_replayed_in_real_time() -> None:
    lines = "".join(f"{event_json(capture(1e9 + n / 50))}\n" for n in range(5))
    paced = Paced(LineSource(io.BytesIO(lines.encode()), name="test"))
    began, came = time.monotonic(), 0
    while not paced.ended and time.monotonic() < began + scaled(10.0):
        came += len(paced.take(0.5))
    assert came == 5
    assert time.monotonic() - began >= 0.08
    paced.end()


@given(
    st.lists(st.floats(0, 1e4), max_size=12),
    st.sampled_from([0.25, 1.0, 64.0, math.inf]),
    st.none() | st.floats(0.1, 10),
    st.floats(0.01, 50),
)
def test_every_event_comes_once_in_order(
    times: list[float], speed: float, longest: float | None, timeout: float
) -> None:
    clock = Clock()
    events: list[Event] = [capture(time) for time in times]
    paced = Paced(Recorded(events), speed=speed, longest=longest, clock=clock, sleep=clock.sleep)
    came: list[Event] = []
    for _ in range(200):
        before = clock.now
        came += paced.take(timeout)
        assert clock.now <= before + timeout * (1 + 1e-9) + 1e-9
    assert came == events[: len(came)]
    assert paced.ended == (len(came) == len(events)) or not paced.take(0)
