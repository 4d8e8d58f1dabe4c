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
from coverage import Coverage
from hypothesis import settings

from tests.deadlines import wait_for
from tests.pytest_runs import OTHERS, uncounted

HERE = Path(__file__).parent

# Hypothesis' own deadline is per example and in wall-clock time: noise on a busy machine.
# `--hypothesis-profile=deep` looks at forty times as many examples: `make test-deep`.
settings.register_profile("wskit", deadline=None, max_examples=25)
settings.register_profile("deep", deadline=None, max_examples=1000)
settings.load_profile("wskit")


def pytest_configure() -> None:
    # A shell without job control starts background jobs with SIGINT ignored, and children inherit
    # that: a server under test would then never hear the Ctrl-C that the test sends it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have three for two processors: what tests wait for, a screen or a deadline, needs none."""
    return (3 * (os.cpu_count() or 1) + 1) // 2


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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep what is collected out of the garbage collector's sight, from the beginning.

    It lives as long as the run: looking at all of it costs 0.2 s, and there are many looks.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let coverage rest while a test runs that is marked "uncounted", and in its children.

    They run again and again what other tests count, and to count takes as long as to run.
    """
    counting = Coverage.current() if item.get_closest_marker("uncounted") else None
    if counting is None:
        return (yield)
    counting.stop()
    try:
        with pytest.MonkeyPatch.context() as changed:
            for name in os.environ.keys() - uncounted().keys():
                changed.delenv(name)
            return (yield)
    finally:
        counting.start()


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Have its runs load no plugins of others."""
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(OTHERS))
    return pytester


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
    gc.freeze()  # or each collection would look at ever more: what lives now lives on, or goes soon
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
