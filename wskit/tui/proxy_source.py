"""The events of a reverse proxy, as a source."""

from __future__ import annotations

from ..events import Event
from ..proxy import Proxy
from .outgoing import NotSent, Outgoing

__all__ = ["ProxySource"]


class ProxySource:
    """What passes a proxy, which ends with this source."""

    problem = ""

    def __init__(self, proxy: Proxy) -> None:
        """Take from ``proxy``."""
        self.proxy = proxy

    @property
    def ended(self) -> bool:
        """Whether the proxy has ended."""
        return self.proxy.ended

    def take(self, timeout: float) -> list[Event]:
        """Return what has passed."""
        return self.proxy.take(timeout)

    def send(self, connection: str, frame: Outgoing) -> None:
        """Let ``frame`` into the connection of that name, at the end of another frame."""
        try:
            self.proxy.inject(
                connection, frame.first, frame.payload, masked=frame.masked, to=frame.to
            )
        except ValueError as error:
            raise NotSent(str(error)) from None

    def end(self) -> None:
        """End the proxy, and every connection through it."""
        self.proxy.end()
