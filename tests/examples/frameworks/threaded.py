"""The handlers for servers of threads: wskit and websockets.sync."""

from __future__ import annotations

import contextlib
import http
import threading
from collections.abc import Iterator, Sequence

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.deadlines import scaled
from tests.examples.frameworks.serving import LIMIT, Lost, Served, listening
from wskit import Conn, Handshake, HandshakeRejected, ServerConfig
from wskit.testing import ws_server

__all__ = ["websockets_sync", "wskit"]


class Chat:
    """The paths of all servers, for wskit."""

    def __init__(self, handshake: Handshake, conn: Conn, lost: Lost) -> None:
        self.path, self.conn, self.lost = handshake.url, conn, lost
        if self.path == "/refuse":
            raise HandshakeRejected(401)

    def after_init(self) -> None:
        if self.path == "/close":
            self.conn.close(4000, "enough")

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)

    def close(self) -> None:
        if self.path == "/lost":
            self.lost.put("lost")


@contextlib.contextmanager
def wskit() -> Iterator[Served]:
    """Serve with wskit itself."""
    lost = Lost()
    config = ServerConfig(port=0, subprotocols=["chat"], max_message_size=LIMIT)
    with ws_server(Chat, app=lost, config=config) as server:
        yield Served(server.url, lost)


@contextlib.contextmanager
def websockets_sync() -> Iterator[Served]:
    """Serve with websockets.sync."""
    with listening() as (listener, url):
        served = Served(url)

        def handle(connection: ServerConnection) -> None:
            assert connection.request is not None
            if connection.request.path == "/close":
                connection.close(4000, "enough")
            with contextlib.suppress(ConnectionClosed):
                for message in connection:
                    connection.send(message)
            if connection.request.path == "/lost":
                served.lost.put("lost")

        def choose(
            connection: ServerConnection, offered: Sequence[Subprotocol]
        ) -> Subprotocol | None:
            # With `subprotocols` websockets refuses who offers none of them.
            return Subprotocol("chat") if "chat" in offered else None

        def refuse(connection: ServerConnection, request: Request) -> Response | None:
            if request.path != "/refuse":
                return None
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "who are you?")

        with serve(
            handle,
            sock=listener,
            process_request=refuse,
            select_subprotocol=choose,
            max_size=LIMIT,
        ) as server:
            thread = threading.Thread(target=server.serve_forever, name="websockets.sync")
            thread.start()
            try:
                yield served
            finally:
                server.shutdown()
                thread.join(scaled(10))
