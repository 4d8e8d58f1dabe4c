"""Opening handshakes by hand: requests right and wrong, and refusals read to their end."""

from __future__ import annotations

from collections.abc import Callable

from tests.server.peer import Peer
from wskit import Conn, Handshake

__all__ = ["Echo", "answer", "handler", "request"]


class Echo:
    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


def handler(init: Callable[[Handshake, Conn], None]) -> type[Echo]:
    """Make an Echo whose ``__init__`` does this first."""

    class Made(Echo):
        def __init__(self, handshake: Handshake, conn: Conn) -> None:
            init(handshake, conn)
            super().__init__(handshake, conn)

    return Made


def request(line: str = "GET / HTTP/1.1", *more: str, without: str = "") -> bytes:
    """Write a request with other lines, and without those that begin with ``without``."""
    lines = [
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    kept = [each for each in lines if not (without and each.startswith(without))]
    return "\r\n".join((line, *kept, *more, "", "")).encode()


def answer(peer: Peer) -> tuple[str, dict[str, str], bytes]:
    """Read a refusal up to the end of the stream: status line, headers, body."""
    first, *lines = peer.read_head().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    body = bytes(peer._take(int(headers["Content-Length"]), peer._deadline(None)))
    peer.read_end()
    return first, headers, body
