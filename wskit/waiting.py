"""Waiting for descriptors, by threads that own one or two: poll(2) if it exists, else select."""

from __future__ import annotations

import select
from collections.abc import Callable

__all__ = ["Readable", "wait_either", "wait_readable", "wait_writable"]


def wait_readable(fds: list[int], timeout: float | None) -> list[int]:
    """Wait up to ``timeout`` seconds (None: for ever); return which of ``fds`` are readable."""
    if not hasattr(select, "poll"):
        return select.select(fds, [], [], timeout)[0]
    poller = select.poll()
    for fd in fds:
        poller.register(fd, select.POLLIN)
    return [fd for fd, _ in poller.poll(_milliseconds(timeout))]


class Readable:
    """Waits for one descriptor, again and again, for less each time than ``wait_readable``.

    For one thread at a time.
    """

    __slots__ = ("_fd", "_poll")

    def __init__(self, fd: int) -> None:
        """``fd`` must stay open as long as this is used."""
        self._fd = fd
        self._poll: Callable[[float | None], list[tuple[int, int]]] | None = None
        if hasattr(select, "poll"):
            poller = select.poll()
            poller.register(fd, select.POLLIN)
            self._poll = poller.poll

    def wait(self, timeout: float | None) -> bool:
        """Wait up to ``timeout`` seconds (None: for ever); return whether it is readable."""
        if self._poll is None:
            return bool(wait_readable([self._fd], timeout))
        return bool(self._poll(_milliseconds(timeout)))


def wait_writable(fd: int, timeout: float | None) -> bool:
    """Wait up to ``timeout`` seconds (None: for ever); return whether ``fd`` is writable."""
    if not hasattr(select, "poll"):
        return bool(select.select([], [fd], [], timeout)[1])
    poller = select.poll()
    poller.register(fd, select.POLLOUT)
    return bool(poller.poll(_milliseconds(timeout)))


def wait_either(fd: int, timeout: float | None) -> tuple[bool, bool]:
    """Wait up to ``timeout`` seconds (None: for ever); return whether ``fd`` is readable, writable.

    A connection that failed is both.
    """
    if not hasattr(select, "poll"):
        readable, writable, _ = select.select([fd], [fd], [], timeout)
        return bool(readable), bool(writable)
    poller = select.poll()
    poller.register(fd, select.POLLIN | select.POLLOUT)
    events = sum(event for _, event in poller.poll(_milliseconds(timeout)))
    failed = events & ~(select.POLLIN | select.POLLOUT) != 0
    return failed or events & select.POLLIN != 0, failed or events & select.POLLOUT != 0


def _milliseconds(timeout: float | None) -> float | None:
    return None if timeout is None else max(0.0, timeout * 1000)
