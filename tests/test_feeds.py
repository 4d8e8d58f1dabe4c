"""Feeds: in order and once, bounded, and what there was no room for is counted in its place."""

from __future__ import annotations

import threading
import time

import pytest

from tests.deadlines import scaled, wait_for
from wskit.events import Ended, Event, Lost
from wskit.feeds import Feed
from wskit.protocol.frames import Direction, FrameRecord
from wskit.taps import Capture


def record(number: int = 0) -> FrameRecord:
    return FrameRecord(Direction.IN, 1, True, 0, True, 2, 2, b"%d" % number)


def short(events: list[Event]) -> list[object]:
    """Give a frame as its number, what was lost as a negative one, and others by their name."""
    return [
        int(event.frame.payload)
        if isinstance(event, Capture)
        else -event.count
        if isinstance(event, Lost)
        else type(event).__name__
        for event in events
    ]


def test_gives_events_in_order_and_once() -> None:
    feed = Feed()
    tap = feed.tap("a")
    tap(record(0))
    feed.add(Ended(1.0, "b"))
    tap(record(1))
    assert short(feed.take(0)) == [0, "Ended", 1]
    assert feed.take(0) == []


def test_stamps_time_and_connection() -> None:
    feed = Feed()
    before = time.time()
    feed.tap("a")(record())
    feed.tap("b")(record())
    first, second = feed.take(0)
    assert isinstance(first, Capture)
    assert isinstance(second, Capture)
    assert (first.connection, second.connection) == ("a", "b")
    assert before <= first.time <= second.time <= time.time()


def test_what_comes_when_it_is_full_is_counted_in_its_place() -> None:
    feed = Feed(3)
    tap = feed.tap("a")
    for number in range(8):
        tap(record(number))
    assert feed.lost == 5
    assert short(feed.take(0)) == [0, 1, 2, -5]
    tap(record(8))
    assert short(feed.take(0)) == [8]
    assert feed.lost == 5


def test_events_that_are_no_frames_have_as_much_room_again() -> None:
    feed = Feed(2)
    tap = feed.tap("a")
    for number in range(3):
        tap(record(number))
    for _ in range(4):
        feed.add(Ended(1.0, "a"))
    # The gap before the first end is told, and takes a place of its own.
    assert short(feed.take(0)) == [0, 1, -1, "Ended", -3]
    assert feed.lost == 4


def test_take_waits_for_the_first_event() -> None:
    feed = Feed()
    taken: list[Event] = []
    thread = threading.Thread(target=lambda: taken.extend(feed.take(scaled(10))))
    thread.start()
    feed.tap("a")(record(7))
    thread.join(scaled(5))
    assert short(taken) == [7]


def test_take_gives_up_after_its_timeout() -> None:
    assert Feed().take(0.01) == []


def test_close_wakes_everyone_who_waits() -> None:
    feed = Feed()
    threads = [threading.Thread(target=feed.take) for _ in range(3)]
    for thread in threads:
        thread.start()
    feed.close()
    wait_for(lambda: not any(thread.is_alive() for thread in threads))


def test_after_close_what_is_there_can_still_be_taken() -> None:
    feed = Feed()
    feed.tap("a")(record(1))
    feed.close()
    assert short(feed.take()) == [1]
    assert feed.take() == []


def test_counts_everything_that_many_threads_record() -> None:
    feed = Feed(100)
    threads = [
        threading.Thread(target=lambda: [feed.tap("a")(record()) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    *kept, gap = feed.take(0)
    assert len(kept) == 100
    assert gap == Lost(1900)
    assert feed.lost == 1900


def test_holds_at_least_one() -> None:
    with pytest.raises(ValueError, match=r"^size: must be at least 1, not 0$"):
        Feed(0)


def test_what_was_never_added_is_told_in_its_place() -> None:
    feed = Feed(size=2)
    tap = feed.tap("a")
    tap(record(0))
    feed.lose(3)
    feed.lose(0)
    tap(record(1))
    tap(record(2))
    assert short(feed.take(0)) == [0, -3, 1, -1]
    assert feed.lost == 4
    feed.lose(2)
    assert short(feed.take(0)) == [-2]


def test_frames_have_room_for_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.feeds._OCTETS", 5)
    feed = Feed()
    tap = feed.tap("a")
    for number in (1000, 2, 300000000, 4):
        tap(record(number))
    assert short(feed.take(0)) == [1000, 2, -2]
    tap(record(300000000))
    tap(record(5))
    assert short(feed.take(0)) == [300000000, -1]
