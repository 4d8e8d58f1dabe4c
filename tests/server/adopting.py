"""Connections without a network: a server that adopted one end of a socket pair, and the other."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from tests.deadlines import scaled
from tests.server.peer import Peer
from tests.server.recording import Book, Recorded
from wskit import Conn, Handshake, Server, ServerConfig
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.headers import Headers

__all__ = ["Link", "WiredPeer", "linked", "upgraded"]


class WiredPeer(Peer):
    """A Peer over a socket that is connected already."""

    def __init__(self, sock: socket.socket, timeout: float = 5.0) -> None:
        self.timeout = timeout
        self._data = bytearray()
        self.sock = sock
        sock.settimeout(scaled(timeout))


@dataclass
class Link:
    """A server's connection and the peer at its other end."""

    server: Server
    conn: Conn
    peer: Peer
    book: Book


def upgraded(*headers: tuple[str, str], deflate: DeflateParameters | None = None) -> Handshake:
    """Make a handshake that was done elsewhere."""
    handshake = Handshake("/adopted", Headers(headers))
    handshake.extensions = deflate
    return handshake


@contextlib.contextmanager
def linked(
    *,
    blocking: bool,
    handler: type[Recorded] = Recorded,
    deflate: DeflateParameters | None = None,
    buffer: int | None = None,
    **config: object,
) -> Iterator[Link]:
    """Connect a server and a peer; ``buffer`` makes the way to the peer that many bytes short."""
    book = Book()
    options = {"port": None, "blocking": blocking, **config}
    server = Server(handler, ServerConfig(**options))  # type: ignore[arg-type]
    server.listen_in_new_thread(book)
    ours, theirs = socket.socketpair()
    if buffer is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    with WiredPeer(theirs) as peer:
        server.adopt(ours, upgraded(deflate=deflate))
        yield Link(server, book.handler().conn, peer, book)
    server.stop(timeout=scaled(2))
    book.check()
