"""Turns: one thread at a time, no thread waiting, and never a readiness forgotten."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.recording import Book, Recorded
from wskit.server.poller import HUNG_UP
from wskit.server.turns import Turns


class Counted(Turns):
    """Runs ``work`` in each step and counts them."""

    def __init__(self, work: Callable[[], None] = lambda: None) -> None:
        super().__init__(-1)
        self.work = work
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        self.work()


def test_readiness_is_one_step() -> None:
    turns = Counted()
    turns.on_ready(0)
    turns.on_ready(0)
    assert turns.steps == 2
    assert not turns.hung_up


def test_the_end_of_the_stream_is_remembered() -> None:
    turns = Counted()
    turns.on_ready(HUNG_UP)
    turns.on_ready(0)
    assert turns.hung_up


def test_readiness_during_a_step_is_another_step_by_the_same_thread_not_a_wait() -> None:
    threads = []
    inside, go_on = threading.Event(), threading.Event()

    def work() -> None:
        threads.append(threading.get_ident())
        inside.set()
        go_on.wait(scaled(5))

    turns = Counted(work)
    first = threading.Thread(target=turns.on_ready, args=(0,))
    first.start()
    assert inside.wait(scaled(5))
    turns.on_ready(0)  # returns, though the step goes on
    turns.on_ready(0)
    assert turns.steps == 1
    go_on.set()
    first.join(scaled(5))
    assert threads == [first.ident] * 2


def test_readiness_from_the_step_itself_is_another_step() -> None:
    turns = Counted(lambda: turns.on_ready(0) if turns.steps < 3 else None)
    turns.on_ready(0)
    assert turns.steps == 3


def test_a_step_that_fails_is_logged_and_leaves_the_thread_and_the_turns_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work() -> None:
        if turns.steps == 1:
            raise ZeroDivisionError

    turns = Counted(work)
    with caplog.at_level(logging.ERROR, "wskit.server"):
        turns.on_ready(0)
    assert "ZeroDivisionError" in caplog.text
    turns.on_ready(0)
    assert turns.steps == 2


def test_no_readiness_is_forgotten_and_no_two_steps_overlap_when_threads_race() -> None:
    seen = published = 0
    running = threading.Lock()
    overlaps = 0

    def work() -> None:
        nonlocal seen, overlaps
        if not running.acquire(blocking=False):
            overlaps += 1
            return
        seen = published
        running.release()

    turns = Counted(work)
    lock = threading.Lock()

    def publish() -> None:
        nonlocal published
        for _ in range(2000):
            with lock:
                published += 1
            turns.on_ready(0)

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(30))
    assert seen == published == 8000
    assert not overlaps


class Sleepy(Recorded):
    """Takes from no time to a few ms for a message."""

    chance = random.Random(6455).random

    def on_message(self, data: str | bytes) -> None:
        if self.chance() < 0.2:
            threading.Event().wait(self.chance() * 0.004)
        self.conn.write(data)


def test_callbacks_come_one_at_a_time_and_in_order_under_load(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Sleepy, book, worker_count=2)
    peers = [connect(server) for _ in range(24)]
    for start in range(0, 40, 4):
        for peer in peers:  # some in one packet, some in several
            peer.text(f"{start}", f"{start + 1}", f"{start + 2}")
            peer.text(f"{start + 3}")
    expected = [str(number) for number in range(40)]
    for peer in peers:
        assert [peer.read_text(20) for _ in expected] == expected
        peer.close_frame()
        assert peer.read_close() == 1000
    book.closed(len(peers))
    assert all(handler.messages == expected for handler in book.handlers)
    wait_for(lambda: server.stats().connections == 0)
