"""Waiting for descriptors, by threads that own one or two: poll(2) if it exists, else select."""

from __future__ import annotations

import select

__all__ = ["wait_either", "wait_readable", "wait_writable"]


def wait_readable(fds: list[int], timeout: float | None) -> list[int]:
    """Wait up to ``timeout`` seconds (None: for ever); return which of ``fds`` are readable."""
    if not hasattr(select, "poll"):
        return select.select(fds, [], [], timeout)[0]
    poller = select.poll()
    for fd in fds:
        poller.register(fd, select.POLLIN)
    return [fd for fd, _ in poller.poll(_milliseconds(timeout))]


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
