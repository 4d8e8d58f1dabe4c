"""A clock that a test moves by hand, for timers of many seconds in no time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .. import fields

__all__ = ["ManualClock"]


class ManualClock:
    """Stands still until ``advance``. For ``ws_pair``, ``ws_server``, ``Server`` and ``Client``.

    It drives keepalive pings and their timeout, and of servers the timeout of the opening handshake
    and ``close_timeout``. What waits for sockets or for a stop stays in real time. From any thread.
    """

    def __init__(self, start: float = 1000.0) -> None:
        """Begin at ``start`` seconds."""
        fields.seconds("start", start, zero=True)
        self._lock = threading.Lock()  # guards what follows; nobody is called under it
        self._now = start
        self._followers: list[Callable[[], float | None]] = []

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``, stopping at each timer on the way; return when all have run.

        What they do to others (a ping that is answered) goes its own way in its own threads: so a
        peer that should answer in between needs one ``advance`` for each ping.
        """
        fields.seconds("seconds", seconds, zero=True)
        end = self._now + seconds
        while True:
            due = self._run()
            if due is None or due > end:
                break
            self._move(due)
        self._move(end)
        self._run()  # what somebody has added meanwhile

    def attach(self, run: Callable[[], float | None]) -> None:
        """Call ``run`` after each move: it runs what is due and returns the next deadline.

        Whoever has timers does this; a test has no need to.
        """
        with self._lock:
            self._followers.append(run)

    def detach(self, run: Callable[[], float | None]) -> None:
        """Call ``run`` no more; nothing happens if it is not called."""
        with self._lock:
            if run in self._followers:
                self._followers.remove(run)

    def _run(self) -> float | None:
        with self._lock:
            followers = list(self._followers)
        dues = [due for run in followers if (due := run()) is not None]
        return min(dues, default=None)

    def _move(self, to: float) -> None:
        with self._lock:
            self._now = max(self._now, to)
