"""The handler that most tests of faults use."""

from __future__ import annotations

from wskit import Conn, Handshake

__all__ = ["Echo"]


class Echo:
    """Sends back what it gets."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)
