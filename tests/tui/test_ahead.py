"""Reading ahead: in order, no further than there is room, to the end or until nobody wants more."""

from __future__ import annotations

import threading

from tests.deadlines import scaled, wait_for
from wskit.events import Event, Lost
from wskit.tui.ahead import Ahead

EVENTS: list[Event] = [Lost(number) for number in range(5)]


def test_what_was_read_is_taken_once_and_in_order() -> None:
    ahead = Ahead(10)
    assert ahead.take(0) == []
    assert ahead.put(EVENTS[:2])
    assert ahead.put(EVENTS[2:])
    assert len(ahead) == 5
    ahead.finish()
    assert not ahead.ended
    assert ahead.take(0) == EVENTS
    assert ahead.ended
    assert ahead.take(scaled(5)) == []


def test_who_reads_waits_for_room() -> None:
    ahead = Ahead(1)
    ahead.put(EVENTS[:1])
    reader = threading.Thread(target=ahead.put, args=(EVENTS[1:2],))
    reader.start()
    assert ahead.take(0) == EVENTS[:1]
    assert ahead.take(scaled(5)) == EVENTS[1:2]
    reader.join()


def test_who_waits_is_told_that_nothing_more_is_wanted() -> None:
    ahead, told = Ahead(1), list[bool]()
    ahead.put(EVENTS)
    reader = threading.Thread(target=lambda: told.append(ahead.put(EVENTS)))
    reader.start()
    ahead.leave()
    reader.join(scaled(5))
    wait_for(lambda: told == [False])
