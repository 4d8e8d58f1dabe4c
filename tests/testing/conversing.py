"""Servers to record from: an echo of wskit's and one of websockets'."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from websockets.sync.server import ServerConnection, serve

from tests.deadlines import scaled
from wskit import Conn, Handshake, HandshakeRejected

__all__ = ["Echo", "Refusing", "their_echo", "their_server"]


class Echo:
    """Echoes; text "bye" is answered with a close."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        if data == "bye":
            self.conn.close(4001, "as you wish")
        else:
            self.conn.write(data)


class Refusing:
    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        raise HandshakeRejected(401, [("X-Why", "no token")], "log in")

    def client_message(self, data: str | bytes) -> None: ...


def their_echo(conn: ServerConnection) -> None:
    for message in conn:
        conn.send([message[:2], message[2:]] if len(message) > 5 else message)


@contextlib.contextmanager
def their_server(handler: Callable[[ServerConnection], None] = their_echo) -> Iterator[str]:
    """Run a server of websockets and give its URL."""
    server = serve(handler, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        thread.join(scaled(5))
