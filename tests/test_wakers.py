"""Wakers: from any thread, from signal handlers, and never a byte to a foreign descriptor."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled
from wskit.waiting import wait_readable
from wskit.wakers import Waker


@pytest.fixture(params=["eventfd", "socketpair"])
def waker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waker]:
    if request.param == "socketpair":
        monkeypatch.delattr(os, "eventfd", raising=False)
    elif not hasattr(os, "eventfd"):
        pytest.skip("no eventfd here")
    made = Waker()
    yield made
    made.close()


def awake(waker: Waker) -> bool:
    return bool(wait_readable([waker.fileno()], 0))


def test_it_is_readable_from_wake_to_drain(waker: Waker) -> None:
    assert not awake(waker)
    waker.wake()
    assert awake(waker)
    waker.drain()
    assert not awake(waker)


def test_many_wakes_are_one_and_never_block(waker: Waker) -> None:
    for _ in range(100_000):
        waker.wake()
    assert awake(waker)
    while awake(waker):
        waker.drain()
    waker.wake()
    assert awake(waker)


def test_draining_what_is_not_awake_does_nothing(waker: Waker) -> None:
    waker.drain()
    assert not awake(waker)


def test_it_ends_a_wait_in_another_thread(waker: Waker) -> None:
    woken = threading.Event()

    def wait() -> None:
        if wait_readable([waker.fileno()], scaled(10)):
            woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    waker.wake()
    assert woken.wait(scaled(5))
    thread.join(scaled(5))


def test_after_close_nothing_happens(waker: Waker) -> None:
    waker.close()
    assert waker.fileno() == -1
    waker.wake()
    waker.drain()
    waker.close()


def test_a_wake_that_races_with_close_never_reaches_another_descriptor(waker: Waker) -> None:
    """The descriptor's number goes to the next socket, which must not get the byte."""
    stopped = threading.Event()
    current = [waker]

    def wake() -> None:
        while not stopped.is_set():
            current[0].wake()

    threads = [threading.Thread(target=wake) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(300):
            current[0] = closing = Waker()
            closing.close()
            ours, theirs = socket.socketpair()
            with ours, theirs:
                assert not wait_readable([ours.fileno(), theirs.fileno()], 0)
    finally:
        stopped.set()
        for thread in threads:
            thread.join(scaled(5))


@pytest.mark.skipif(not hasattr(os, "eventfd"), reason="needs eventfd")
def test_the_descriptor_is_not_closed_while_it_is_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waker, write = Waker(), os.eventfd_write
    closing = threading.Thread(target=waker.close)
    waited = []

    def held_up(fd: int, value: int) -> None:
        closing.start()
        closing.join(0.05)
        waited.append(closing.is_alive())
        write(fd, value)

    monkeypatch.setattr(os, "eventfd_write", held_up)
    waker.wake()
    closing.join(scaled(5))
    assert waited == [True]
    assert waker.fileno() == -1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an interval timer")
def test_a_signal_handler_may_wake_while_the_thread_it_interrupts_wakes(waker: Waker) -> None:
    handled = []

    def handler(number: int, frame: object) -> None:
        waker.wake()
        handled.append(number)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        while len(handled) < 50:
            waker.wake()
            waker.drain()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
