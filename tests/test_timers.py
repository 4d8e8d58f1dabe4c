"""Timers: in order, again when asked, from any thread."""

from __future__ import annotations

import threading
import weakref

from tests.deadlines import scaled
from wskit.timers import Alarm, Timers


class Bell:
    """Rings into ``book`` and asks for the times in ``again``, one after the other."""

    def __init__(self, book: list[tuple[str, float]], name: str, *again: float) -> None:
        self.book, self.name, self.again = book, name, list(again)

    def on_timer(self, now: float) -> float | None:
        self.book.append((self.name, now))
        return self.again.pop(0) if self.again else None


def test_without_deadlines_there_is_no_next_one() -> None:
    assert Timers().run(100.0) is None


def test_what_is_due_rings_earliest_first_and_the_rest_stays() -> None:
    timers, book = Timers(), list[tuple[str, float]]()
    for name, deadline in [("c", 3.0), ("a", 1.0), ("d", 9.0), ("b", 2.0)]:
        timers.add(deadline, Bell(book, name))
    assert timers.run(3.0) == 9.0
    assert book == [("a", 3.0), ("b", 3.0), ("c", 3.0)]
    assert timers.run(8.9) == 9.0
    assert timers.run(9.0) is None
    assert book[3:] == [("d", 9.0)]


def test_equal_deadlines_ring_in_the_order_in_which_they_were_added() -> None:
    timers, book = Timers(), list[tuple[str, float]]()
    for name in "abcd":
        timers.add(1.0, Bell(book, name))
    timers.run(1.0)
    assert [name for name, _ in book] == list("abcd")


def test_add_says_whether_it_is_the_first() -> None:
    timers, book = Timers(), list[tuple[str, float]]()
    assert timers.add(5.0, Bell(book, "a"))
    assert not timers.add(5.0, Bell(book, "b"))
    assert not timers.add(6.0, Bell(book, "c"))
    assert timers.add(4.0, Bell(book, "d"))


def test_whoever_returns_a_deadline_rings_again() -> None:
    timers, book = Timers(), list[tuple[str, float]]()
    timers.add(1.0, Bell(book, "a", 5.0, 7.0))
    assert timers.run(1.0) == 5.0
    assert timers.run(6.0) == 7.0
    assert timers.run(7.0) is None
    assert [now for _, now in book] == [1.0, 6.0, 7.0]


def test_a_deadline_in_the_past_does_not_keep_the_thread_for_ever() -> None:
    timers, book = Timers(), list[tuple[str, float]]()
    timers.add(1.0, Bell(book, "a", 0.5))
    following = timers.run(2.0)
    assert following is not None
    assert following > 2.0
    assert len(book) == 1


def test_a_subject_may_add_others_while_it_rings() -> None:
    timers, book = Timers(), list[tuple[str, float]]()

    class Adds:
        def on_timer(self, now: float) -> None:
            timers.add(now, Bell(book, "at once"))
            timers.add(now + 1, Bell(book, "later"))

    timers.add(1.0, Adds())
    assert timers.run(1.0) == 2.0
    assert book == [("at once", 1.0)]


def test_none_is_lost_when_threads_add_while_one_runs() -> None:
    timers, book = Timers(), list[tuple[str, float]]()
    alarm = Bell(book, "x")

    def add() -> None:
        for number in range(500):
            timers.add(float(number % 7), alarm)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        timers.run(3.0)
    for thread in threads:
        thread.join(scaled(5))
    timers.run(7.0)
    assert len(book) == 2000


class TestAlarm:
    def test_passes_on_and_comes_again_as_its_subject_says(self) -> None:
        subject = Subject([2.0, None])
        timers = Timers()
        timers.add(1.0, Alarm(subject))
        assert timers.run(1.0) == 2.0
        assert timers.run(2.0) is None
        assert subject.called == [1.0, 2.0]

    def test_called_off_it_calls_nobody_and_keeps_nothing_alive(self) -> None:
        subject = Subject([None])
        timers, alarm, gone = Timers(), Alarm(subject), weakref.ref(subject)
        timers.add(1.0, alarm)
        alarm.cancel()
        called = subject.called
        del subject
        assert gone() is None
        assert timers.run(1.0) is None
        assert called == []


class Subject:
    """Writes down when it was called; says when to come again."""

    def __init__(self, again: list[float | None]) -> None:
        self.called: list[float] = []
        self._again = iter(again)

    def on_timer(self, now: float) -> float | None:
        self.called.append(now)
        return next(self._again)
