"""The demo as a source: a server of this process and its clients, watched without a socket."""

from __future__ import annotations

import time

from ..errors import WebSocketError
from ..events import Event
from ..feeds import Feed
from ..inspection import Observation
from ..tui.outgoing import NotSent, Outgoing
from .demo_traffic import Traffic
from .exits import Failure

__all__ = ["DemoSource"]

_SAMPLED = 1.0  # seconds between two samples


class DemoSource:
    """What happens at a server that is busy with visitors until ``end``."""

    problem = ""

    def __init__(self) -> None:
        """Begin; raises Failure where nothing can listen."""
        self._feed = Feed()
        self._traffic = Traffic()
        self._observation = Observation(self._feed, [self._traffic.server])
        self._observation.start()
        self._sampled = time.monotonic()
        self.ended = False
        try:
            self._traffic.start()
        except OSError as error:
            self._observation.end()
            raise Failure(f"demo: {error.strerror or error}") from None

    def take(self, timeout: float) -> list[Event]:
        """Return what has happened, and about once a second how the server is."""
        now = time.monotonic()
        if not self.ended and now - self._sampled >= _SAMPLED:
            self._sampled = now
            self._observation.sample()
        return self._feed.take(timeout)

    def send(self, connection: str, frame: Outgoing) -> None:
        """Send it as one more client, whatever connection is named."""
        try:
            frame.through(self._traffic.you())
        except (OSError, ValueError, WebSocketError) as error:
            raise NotSent(str(error)) from None

    def end(self) -> None:
        """End the traffic; what it did at the last can still be taken."""
        self._traffic.end()
        self._observation.end()
        self.ended = True
