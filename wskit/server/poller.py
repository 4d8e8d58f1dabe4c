"""Edge-triggered readiness of many sockets: epoll on Linux, kqueue on the BSDs and macOS.

Edge-triggered means that a socket is reported once when something arrives, not again until more
does. So no connection has to be re-armed after each event, which would be one more system call a
message, and several threads can share one poller; whoever is told must read until nothing is left.
"""

from __future__ import annotations

import select
import sys
from typing import Protocol as Interface

__all__ = ["Poller", "make_poller"]


class Poller(Interface):
    """Reports (descriptor, whether the peer is done) for sockets with something to read."""

    def watch(self, fd: int, *, edge: bool = True) -> None:
        """Report ``fd`` when it becomes readable; with ``edge`` False as long as it is."""

    def unwatch(self, fd: int) -> None:
        """Report ``fd`` no more."""

    def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
        """Wait up to ``timeout`` seconds; return up to ``most`` pairs (fd, non-zero if hung up)."""

    def close(self) -> None:
        """Close the poller itself."""


if sys.platform == "linux":

    class EpollPoller:
        """epoll(7)."""

        _HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR

        def __init__(self) -> None:
            """Open it."""
            self._epoll = select.epoll()

        def watch(self, fd: int, *, edge: bool = True) -> None:
            """Report ``fd``; a listener (no edge) wakes one of several workers, not all."""
            mask = select.EPOLLET | select.EPOLLRDHUP if edge else select.EPOLLEXCLUSIVE
            self._epoll.register(fd, select.EPOLLIN | mask)

        def unwatch(self, fd: int) -> None:
            """Report ``fd`` no more."""
            self._epoll.unregister(fd)

        def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
            """Wait; the second number is the events with which epoll says that the peer is done."""
            return self._epoll.poll(timeout, most)

        def close(self) -> None:
            """Close it."""
            self._epoll.close()

    HUNG_UP = EpollPoller._HUNG_UP

else:

    class KqueuePoller:
        """kqueue(2) with EV_CLEAR, its edge-triggered form."""

        def __init__(self) -> None:
            """Open it."""
            self._kqueue = select.kqueue()

        def watch(self, fd: int, *, edge: bool = True) -> None:
            """Report ``fd``."""
            flags = select.KQ_EV_ADD | (select.KQ_EV_CLEAR if edge else 0)
            self._kqueue.control([select.kevent(fd, select.KQ_FILTER_READ, flags)], 0)

        def unwatch(self, fd: int) -> None:
            """Report ``fd`` no more."""
            event = select.kevent(fd, select.KQ_FILTER_READ, select.KQ_EV_DELETE)
            self._kqueue.control([event], 0)

        def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
            """Wait; the second number is EV_EOF."""
            events = self._kqueue.control(None, most, timeout)
            return [(event.ident, event.flags & select.KQ_EV_EOF) for event in events]

        def close(self) -> None:
            """Close it."""
            self._kqueue.close()

    HUNG_UP = getattr(select, "KQ_EV_EOF", 0)


def make_poller() -> Poller:
    """Return the poller of this platform; only where not ``blocking_mode()``."""
    if sys.platform == "linux":
        return EpollPoller()
    else:  # mypy follows the platform through an else only
        return KqueuePoller()
