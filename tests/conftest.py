"""What holds for every test of the suite: it leaves no thread and no socket behind."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.deadlines import wait_for

HERE = Path(__file__).parent

# Hypothesis' own deadline is per example and in wall-clock time: noise on a busy machine.
settings.register_profile("wskit", deadline=None)
settings.load_profile("wskit")


def pytest_configure() -> None:
    # A shell without job control starts background jobs with SIGINT ignored, and children inherit
    # that: a server under test would then never hear the Ctrl-C that the test sends it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Excuse the tests of the library itself: there handlers raise and clients are forgotten.

    Those that use wskit.testing have a mark, and with it the checks.
    """
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if (
            folder in ("cli", "client", "conn", "server")
            and item.get_closest_marker("wskit") is None
        ):
            item.add_marker(pytest.mark.wskit(allow_errors=True, allow_leaks=True))


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test after which a thread runs or a socket is open that it made itself.

    Fixtures of wider scope are set up before this one, so what they hold does not count ...
    """
    with leaves_nothing_behind():
        yield


@pytest.fixture(autouse=True, scope="session")
def nothing_left_behind_at_the_end() -> Iterator[None]:
    """... until the session ends."""
    with leaves_nothing_behind():
        yield


@contextlib.contextmanager
def leaves_nothing_behind() -> Iterator[None]:
    """Fail where a thread or a socket is there afterwards that was not there before."""
    threads, sockets = set(threading.enumerate()), open_sockets()
    yield
    if open_sockets() <= sockets and set(threading.enumerate()) <= threads:
        return
    gc.collect()  # a socket in a reference cycle goes now, and says so by a ResourceWarning
    # What a test has ended may still be on its way out; it gets a moment, not more.
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not left_behind(threads, sockets), timeout=2)
    if left := left_behind(threads, sockets):
        pytest.fail("left behind: " + ", ".join(left), pytrace=False)


def left_behind(threads: set[threading.Thread], sockets: set[tuple[int, int]]) -> list[str]:
    """Describe the threads and sockets that are there now and were not then."""
    new_threads = [repr(thread) for thread in threading.enumerate() if thread not in threads]
    return new_threads + [described(fd) for fd, _ in sorted(open_sockets() - sockets)]


def open_sockets() -> set[tuple[int, int]]:
    """Give (descriptor, inode) of each socket of this process; about 2 µs a descriptor."""
    found = set()
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the descriptor that listdir itself used
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode):
                found.add((int(name), status.st_ino))
    return found


def described(fd: int) -> str:
    """Say which socket a descriptor is: its own address and its peer's."""
    try:
        with socket.socket(fileno=os.dup(fd)) as sock:
            return repr(sock).replace(f"fd={sock.fileno()}", f"fd={fd}")
    except OSError as exc:
        return f"<socket fd={fd}: {exc}>"
