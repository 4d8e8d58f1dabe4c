"""What drives a client's connection: the threads that use it."""

from __future__ import annotations

import contextlib
import socket

from ..deadlines import Deadline
from ..errors import ConnectionClosed, WriteTimeout
from ..outbound import Outbound
from ..waiting import wait_writable

__all__ = ["WriterEngine"]


class WriterEngine:
    """An Engine without a thread: a writer that meets a full socket waits for it itself."""

    def __init__(self, write_timeout: float | None) -> None:
        """Wait up to ``write_timeout`` seconds for each frame to go."""
        self.write_timeout = write_timeout

    def watch_writable(self, outbound: Outbound) -> None:
        """Send all of it now, or give up after ``write_timeout``: WriteTimeout. Lock held.

        Others who want to write wait for the lock meanwhile, as they would for the same socket.
        Raises ConnectionClosed if the connection ends before all is sent.
        """
        deadline = Deadline(self.write_timeout)
        try:
            while outbound.blocked:
                if not wait_writable(outbound.transport.fileno(), deadline.remaining):
                    self._give_up(outbound)
                outbound.resume()
        finally:
            outbound.watched = False
            outbound.blocked = False  # if this was interrupted, the next write sends the rest first
        if outbound.lost:
            raise ConnectionClosed(1006, "the connection ended before all was sent")

    def flush_soon(self, outbound: Outbound) -> None:
        """Nothing is gathered on a client."""

    def attend(self) -> None:
        """Whoever reads next will see what happened."""

    def _give_up(self, outbound: Outbound) -> None:
        outbound.fail()
        with contextlib.suppress(OSError):
            outbound.transport.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
        raise WriteTimeout(1006, "the peer did not read in time")
