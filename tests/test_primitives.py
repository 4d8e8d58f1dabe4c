"""The lock and the socket of a connection: in both builds they do what Python's own do."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deadlines import scaled, wait_for
from wskit.outbound import Transport
from wskit.primitives import direct, make_lock
from wskit.testing.builds import build
from wskit.tls import TLSSocket


class TestLock:
    def test_one_thread_has_it_at_a_time(self) -> None:
        lock, count = make_lock(), 0

        def add() -> None:
            nonlocal count
            for _ in range(2000):
                with lock:
                    seen = count
                    select.select([], [], [], 0)  # others get their chance to break in
                    count = seen + 1

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(scaled(20))
        assert count == 8000

    def test_it_is_taken_or_not_at_once(self) -> None:
        lock = make_lock()
        assert lock.acquire(False)
        assert lock.locked()
        assert not lock.acquire(False)
        lock.release()
        assert not lock.locked()
        assert lock.acquire(False)

    def test_a_wait_ends_in_time_and_no_sooner(self) -> None:
        lock = make_lock()
        lock.acquire()
        begun = time.monotonic()
        assert not lock.acquire(True, 0.02)
        assert time.monotonic() - begun >= 0.02
        assert not lock.acquire(True, 0)

    def test_a_wait_ends_when_it_is_given_back_by_another_thread(self) -> None:
        lock, taken = make_lock(), threading.Event()
        lock.acquire()

        def wait() -> None:
            with lock:
                taken.set()

        thread = threading.Thread(target=wait)
        thread.start()
        assert not taken.wait(0.01)
        lock.release()
        assert taken.wait(scaled(5))
        thread.join(scaled(5))
        assert lock.acquire(True, scaled(5))

    def test_it_comes_back_when_the_block_raises(self) -> None:
        lock = make_lock()
        with pytest.raises(KeyError), lock:
            raise KeyError
        assert not lock.locked()

    def test_nobody_gives_back_what_nobody_has(self) -> None:
        with pytest.raises(RuntimeError, match="unlocked"):
            make_lock().release()

    def test_a_condition_can_be_made_of_it(self) -> None:
        condition, items = threading.Condition(make_lock()), list[int]()

        def put() -> None:
            with condition:
                items.append(1)
                condition.notify()

        with condition:
            thread = threading.Thread(target=put)
            thread.start()
            assert condition.wait_for(lambda: items, scaled(5))
        thread.join(scaled(5))

    def test_one_that_is_held_can_be_thrown_away(self) -> None:
        lock = make_lock()
        lock.acquire()
        del lock

    @pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to threads")
    def test_a_wait_is_interrupted_by_a_handler_that_raises_and_survives_others(self) -> None:
        """In a process of its own, since only the main thread runs handlers of signals."""
        program = """
import os, signal, threading
from wskit.outbound import Transport
from wskit.primitives import make_lock

lock, heard = make_lock(), []
lock.acquire()

def handle(number, frame):
    heard.append(number)
    if number == signal.SIGUSR2:
        raise InterruptedError

for number in (signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, handle)

def send():
    while len(heard) < 3:
        os.kill(os.getpid(), signal.SIGUSR1)
        threading.Event().wait(0.005)
    os.kill(os.getpid(), signal.SIGUSR2)

threading.Thread(target=send).start()
try:
    lock.acquire(True, 60)
except InterruptedError:
    print("interrupted", len(heard) >= 4, lock.locked())
"""
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=scaled(30)
        )
        assert (done.stdout, done.stderr) == ("interrupted True True\n", "")


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection, non-blocking."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


def fill(transport: Transport) -> None:
    """Send more than any kernel takes while nobody reads."""
    for _ in range(10000):
        transport.send(bytes(65536))


class TestDirect:
    def test_only_the_compiled_build_has_one_of_its_own(self) -> None:
        with pair() as (ours, _):
            assert (direct(ours) is ours) is (build() == "pure")

    def test_tls_stays_what_it_is(self) -> None:
        tls = TLSSocket.__new__(TLSSocket)
        assert direct(tls) is tls

    def test_what_is_sent_is_read(self) -> None:
        with pair() as (ours, theirs):
            transport, target = direct(ours), bytearray(8)
            assert transport.send(b"abc") == 3
            assert transport.send(memoryview(b"defg")[1:]) == 3
            assert theirs.recv(100) == b"abcefg"
            theirs.send(b"12345")
            assert transport.recv_into(target) == 5
            theirs.send(b"67890")
            assert transport.recv_into(memoryview(target)[5:]) == 3
            assert target == b"12345678"
            assert transport.fileno() == ours.fileno()

    def test_it_never_waits(self) -> None:
        with pair() as (ours, _):
            transport = direct(ours)
            with pytest.raises(BlockingIOError):
                transport.recv_into(bytearray(8))
            with pytest.raises(BlockingIOError):
                fill(transport)

    def test_the_end_is_no_bytes_and_a_broken_pipe_an_error(self) -> None:
        with pair() as (ours, theirs):
            transport = direct(ours)
            theirs.close()
            assert transport.recv_into(bytearray(8)) == 0
            with pytest.raises(OSError, match=r"ipe|eset"):
                transport.send(b"x")

    def test_one_direction_can_be_ended(self) -> None:
        with pair() as (ours, theirs):
            direct(ours).shutdown(socket.SHUT_WR)
            assert theirs.recv(1) == b""

    def test_what_cannot_be_written_to_is_refused(self) -> None:
        with pair() as (ours, theirs):
            theirs.send(b"x")
            with pytest.raises((TypeError, BufferError)):
                direct(ours).recv_into(b"1234")  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                direct(ours).send("text")  # type: ignore[arg-type]

    def test_it_closes_the_socket_and_is_unusable_then(self) -> None:
        with pair() as (ours, theirs):
            transport = direct(ours)
            transport.close()
            assert transport.fileno() == ours.fileno() == -1
            with pytest.raises(OSError, match="ile descriptor"):
                transport.recv_into(bytearray(1))
            with pytest.raises(OSError, match="ile descriptor"):
                transport.send(b"x")
            wait_for(lambda: theirs.recv(1) == b"", what="the end of the stream")
