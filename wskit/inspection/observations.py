"""What happens to connections of this process, in a feed; a tool in it needs no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from ..events import Ended, Opened, Sample
from ..feeds import Feed
from ..protocol.frames import FrameRecord, Tap
from ..protocol.gates import Budget, Gate
from ..server import Server
from ..taps import Capture
from .roll import Entry, Roll

__all__ = ["Observation"]


class Observation:
    """Puts into ``feed`` what happens to connections of this process; for any thread.

    ``servers`` are those to watch, None watches all servers and clients that begin from then on.
    What does not fit into the feed is lost and counted by it.
    """

    def __init__(
        self,
        feed: Feed,
        servers: Collection[Server] | None = None,
        *,
        roll: Roll | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Nothing is watched before ``start``.

        A ``roll`` that others keep may be given instead of servers. With a ``budget`` frames beyond
        it are not recorded but counted; ``collect`` tells the feed.
        """
        self._feed = feed
        self._servers = servers
        self._shared = roll is not None
        self._roll = roll if roll is not None else Roll(self._wants)
        self._budget = budget
        self._lock = threading.Lock()  # guards _sights and what is in them
        self._sights: dict[str, _Sight] = {}

    def start(self) -> None:
        """Add how each connection there is began, then everything as it happens."""
        if not self._shared:
            self._roll.begin(self._servers or ())
        self._roll.attach(self)

    def end(self) -> None:
        """Take all taps off: nothing more is added, but by threads that are about to."""
        if not self._shared:
            self._roll.end()
        self._roll.detach(self)
        with self._lock:
            sights, self._sights = self._sights, {}
        for sight in sights.values():
            sight.close()

    def sample(self) -> None:
        """Add how each server is at this moment, and which connections have been forgotten."""
        self._roll.sweep()
        for name, server in self._roll.servers:
            self._feed.add(Sample(time.time(), name, server.stats(), self._queues(server)))

    def collect(self) -> None:
        """Have the feed count the frames that were not recorded since the last time."""
        with self._lock:
            self._feed.lose(sum(sight.skipped() for sight in self._sights.values()))

    def _wants(self, owner: object) -> bool:
        return self._servers is None or any(owner is server for server in self._servers)

    def _queues(self, server: Server) -> dict[str, int]:
        queues = {}
        for conn in server.connections:
            queued = conn.stats().queued
            name = self._roll.name(conn) if queued else None
            if name is not None:
                queues[name] = queued
        return queues

    # -- for the roll --------------------------------------------------------------------------

    def meet(self, entry: Entry) -> None:
        """Tap it."""
        if (conn := entry.conn()) is None:
            return
        gate = Gate(self._budget) if self._budget is not None else None
        tap = self._tap(entry, gate)
        with self._lock:
            self._sights[entry.name] = _Sight(entry, tap, gate)
        conn._watch(tap, gate)

    def hear(self, event: Opened | Ended) -> None:
        """Add it."""
        self._feed.add(event)

    def part(self, name: str) -> None:
        """Count what was skipped there, before its end is told."""
        with self._lock:
            sight = self._sights.pop(name, None)
            if sight is not None:
                self._feed.lose(sight.skipped())
                sight.close()

    def _tap(self, entry: Entry, gate: Gate | None) -> Tap:
        roll, feed, name = self._roll, self._feed, entry.name

        def record(frame: FrameRecord) -> None:
            if gate is not None:
                if gate.skips(frame.direction):
                    return
                gate.budget.left -= 1
            if not entry.told:
                roll.tell(entry)
            feed.add(Capture(time.time(), name, frame))

        return record


class _Sight:
    """What an observation has on one connection."""

    __slots__ = ("_collected", "_gate", "entry", "tap")

    def __init__(self, entry: Entry, tap: Tap, gate: Gate | None) -> None:
        self.entry = entry
        self.tap = tap
        self._gate = gate
        self._collected = 0  # of the frames that were skipped

    def close(self) -> None:
        """Take the tap off."""
        conn = self.entry.conn()
        if conn is not None:
            conn._unwatch(self.tap)

    def skipped(self) -> int:
        """Return the frames that were skipped since the last call."""
        if self._gate is None:
            return 0
        before, self._collected = self._collected, self._gate.skipped
        return self._collected - before
