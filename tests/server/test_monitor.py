"""The monitor: its calls, timers and watched sockets, and the ticks of a busy server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.deadlines import FACTOR, scaled, wait_for
from wskit.outbound import Outbound
from wskit.server.monitor import Monitor


class Engine:
    """The engine of an Outbound, which leaves it all to a monitor."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.attended = threading.Semaphore(0)

    def watch_writable(self, outbound: Outbound) -> None:
        self.monitor.watch_writable(outbound)

    def flush_soon(self, outbound: Outbound) -> None:
        self.monitor.flush_soon(outbound)

    def attend(self) -> None:
        self.attended.release()


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.call(made.finish)
    thread.join(scaled(5))
    assert not thread.is_alive()
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(scaled(5))
    with ours, theirs:
        yield ours, theirs


def outbound(monitor: Monitor, sock: socket.socket) -> Outbound:
    return Outbound(sock, Engine(monitor), limit=1 << 20, timeout=5)


def put(out: Outbound, data: bytes) -> None:
    with out.lock:
        out.put(data)


def test_calls_are_made_on_its_thread_in_order(monitor: Monitor) -> None:
    seen: list[tuple[int, int]] = []
    for number in range(100):
        monitor.call(lambda number=number: seen.append((number, threading.get_ident())))  # type: ignore[misc]
    wait_for(lambda: len(seen) == 100)
    assert [number for number, _ in seen] == list(range(100))
    assert {ident for _, ident in seen} != {threading.get_ident()}


def test_a_call_that_comes_after_the_end_is_made_by_the_caller() -> None:
    monitor = Monitor()
    monitor.finish()
    monitor.run()
    early, late = threading.Event(), threading.Event()
    monitor.call(early.set)
    assert not early.is_set()
    monitor.close()
    assert early.is_set()
    monitor.call(late.set)
    assert late.is_set()


class Alarm:
    """Notes when it was called, and asks for ``again`` seconds more until that is used up."""

    def __init__(self, *again: float) -> None:
        self.again = list(again)
        self.rang: list[float] = []

    def on_timer(self, now: float) -> float | None:
        self.rang.append(now)
        return now + self.again.pop(0) if self.again else None


def test_timers_ring_in_time_while_it_dozes(monitor: Monitor) -> None:
    wait_for(lambda: monitor.dozing)
    start = time.monotonic()
    late, early = Alarm(), Alarm(0.02, 0.02)
    monitor.add_timer(start + 0.08, late)
    monitor.add_timer(start + 0.02, early)
    wait_for(lambda: late.rang)
    assert [time - start >= due for time, due in zip(early.rang, (0.02, 0.04, 0.06), strict=True)]
    assert 0.08 <= late.rang[0] - start < 0.08 + scaled(1)


def test_finishing_in_a_timer_does_not_wait_for_the_next_one() -> None:
    monitor = Monitor()

    class Last:
        def on_timer(self, now: float) -> None:
            monitor.finish()

    monitor.add_timer(time.monotonic() + 60, Alarm())
    monitor.add_timer(time.monotonic(), Last())
    thread = threading.Thread(target=monitor.run)
    thread.start()
    thread.join(scaled(2))
    assert not thread.is_alive()
    monitor.close()


@pytest.mark.parametrize("dozing", [True, False])
def test_what_was_gathered_is_flushed_within_ms(
    dozing: bool, monitor: Monitor, pair: tuple[socket.socket, socket.socket]
) -> None:
    out = outbound(monitor, pair[0])
    out.gathering = True
    if dozing:
        wait_for(lambda: monitor.dozing)
    started = time.perf_counter()
    put(out, b"gathered")
    assert pair[1].recv(100) == b"gathered"
    assert time.perf_counter() - started < 0.005 + 0.1 * FACTOR


def test_a_blocked_connection_is_drained_when_its_peer_reads(
    monitor: Monitor, pair: tuple[socket.socket, socket.socket]
) -> None:
    out = outbound(monitor, pair[0])
    put(out, bytes(5 << 20))
    assert out.blocked
    received = 0
    while received < 5 << 20:
        received += len(pair[1].recv(1 << 20))
    wait_for(lambda: not out.watched)
    assert not out.blocked
    assert isinstance(out.engine, Engine)
    assert out.engine.attended.acquire(timeout=scaled(5))
    put(out, bytes(5 << 20))  # and again, on the same descriptor
    assert out.blocked
    while received < 10 << 20:
        received += len(pair[1].recv(1 << 20))
    wait_for(lambda: not out.watched)


def test_a_socket_that_is_retired_is_let_go_before_it_is_closed(
    monitor: Monitor, pair: tuple[socket.socket, socket.socket]
) -> None:
    for _ in range(20):  # the descriptor's number is soon another's, which must be watched too
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        out = outbound(monitor, ours)
        put(out, bytes(5 << 20))
        assert out.blocked
        with out.lock:
            out.abandon()
        monitor.retire(out)
        wait_for(lambda: ours.fileno() == -1)  # noqa: B023
        theirs.close()
    out = outbound(monitor, pair[0])
    put(out, bytes(1 << 20))
    received = 0
    while received < 1 << 20:
        received += len(pair[1].recv(1 << 20))
    wait_for(lambda: not out.watched)


def test_a_socket_may_be_closed_as_soon_as_all_is_out(monitor: Monitor) -> None:
    """Its number may be used again while the monitor is still to stop watching it."""
    for _ in range(50):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(scaled(5))
        out = outbound(monitor, ours)
        put(out, bytes(1 << 20))
        received = 0
        while received < 1 << 20:
            received += len(theirs.recv(1 << 20))
        while out.watched:
            pass  # to be as close behind it as can be
        ours.close()
        theirs.close()


def test_a_reset_of_a_watched_connection_ends_it(
    monitor: Monitor, pair: tuple[socket.socket, socket.socket]
) -> None:
    out = outbound(monitor, pair[0])
    put(out, bytes(5 << 20))
    pair[1].close()
    wait_for(lambda: out.lost)
    assert isinstance(out.engine, Engine)
    assert out.engine.attended.acquire(timeout=scaled(5))


class Worker:
    """A worker that has something to do for a number of ticks."""

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        self.checked = 0

    def check(self) -> bool:
        self.checked += 1
        self.ticks -= 1
        return self.ticks > 0


def test_it_ticks_while_a_worker_works_then_dozes_until_it_is_woken(monitor: Monitor) -> None:
    worker = Worker(30)
    monitor.call(lambda: monitor.supervise(worker))
    monitor.awaken()
    wait_for(lambda: monitor.dozing and worker.ticks < 0)
    checked = worker.checked
    assert not threading.Event().wait(0.05)
    assert worker.checked <= checked + 1
    worker.ticks = 3
    monitor.awaken()
    wait_for(lambda: worker.checked > checked + 3)
    wait_for(lambda: monitor.dozing)


def test_slots_are_reported_only_while_somebody_asks(monitor: Monitor) -> None:
    monitor.slot_freed()
    freed = threading.Event()
    monitor.on_slot_freed = freed.set
    monitor.slot_freed()
    assert freed.wait(scaled(5))


def test_it_listens_until_told_not_to(
    monitor: Monitor, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    heard: list[bytes] = []
    monitor.call(lambda: monitor.listen(ours.fileno(), lambda: heard.append(ours.recv(100))))
    theirs.send(b"one")
    wait_for(lambda: heard == [b"one"])
    done = threading.Event()
    for _ in range(2):
        monitor.call(lambda: monitor.unlisten(ours.fileno()))
    monitor.call(done.set)
    assert done.wait(scaled(5))
    theirs.send(b"two")
    assert ours.recv(100) == b"two"
