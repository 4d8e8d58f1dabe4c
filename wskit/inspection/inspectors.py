"""What an attached inspector is sent: a thread for each takes from its feed and writes.

The law of this file: a process never waits for who inspects it. Nothing is taken from the feed
while the socket is full, no frame is recorded beyond the budget, and what is lost is counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby

from ..conn import Conn
from ..errors import ConnectionClosed
from ..events import Event
from ..feeds import Feed
from ..logs import logger
from ..protocol.gates import Budget
from ..taps import Capture
from ..trace import event_json
from .batches import batches
from .observations import Observation
from .roll import Roll

__all__ = ["Inspector"]

log = logger("inspection")

_TICK = 0.02  # seconds between two looks at the feed
_RATE = 12_000  # frames a second that are recorded for one inspector
_BURST = 1_200  # ... and at once, after a quieter moment
_ROOM = 4_000  # frames in the feed, twice that of other events
_SAMPLES = 1.0  # seconds between two samples
_LAST = 1.0  # seconds that the thread has to end


class Inspector:
    """One connection of an inspector; ``end`` may be called from any thread."""

    def __init__(self, conn: Conn, roll: Roll, hello: str) -> None:
        """Send ``hello`` first, then what happens to the connections on ``roll``."""
        self._conn = conn
        self._hello = hello
        self._budget = Budget(_BURST)
        self._feed = Feed(max(_ROOM, len(roll)))
        self._observation = Observation(self._feed, roll=roll, budget=self._budget)
        self._messages: deque[str | bytes] = deque()  # that the socket had no room for
        self._sampled = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wskit-inspector", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def end(self) -> None:
        """Send what there is, as far as it goes at once, and stop."""
        self._done.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(_LAST)

    def _run(self) -> None:
        try:
            self._observation.start()
            self._messages.append(self._hello)
            last = time.monotonic()
            while not self._done.is_set():
                now = time.monotonic()
                self._turn(now, now - last)
                last = now
                self._done.wait(_TICK)
            self._turn(time.monotonic(), 0.0)
        except ConnectionClosed:
            pass  # it has detached
        except Exception:
            log.exception("inspector: ended")
        finally:
            self._observation.end()
            self._conn.close(1001)

    def _turn(self, now: float, passed: float) -> None:
        self._write()
        if self._messages:
            return  # it does not read: meanwhile frames cost nothing once the budget is used up
        due = now - self._sampled >= _SAMPLES
        if due or self._budget.left <= 0:
            self._observation.collect()
        self._budget.left = min(max(self._budget.left, 0) + int(_RATE * passed), _BURST)
        if due:
            self._sampled = now
            self._observation.sample()
        self._messages.extend(_messages(self._feed.take(0)))
        self._write()

    def _write(self) -> None:
        outbound = self._conn._outbound
        # An empty queue takes a message of any size, so nothing here waits.
        while self._messages and not outbound.queued:
            self._conn.write(self._messages.popleft())


def _messages(events: Iterable[Event]) -> Iterator[str | bytes]:
    for frames, some in groupby(events, lambda event: isinstance(event, Capture)):
        if frames:
            yield from batches(event for event in some if isinstance(event, Capture))
        else:
            yield from map(event_json, some)
