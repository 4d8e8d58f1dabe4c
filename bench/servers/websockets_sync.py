"""An echo server on websockets.sync: threads, as the library ships it, without compression."""

from __future__ import annotations

from websockets.sync.server import ServerConnection, serve


def echo(connection: ServerConnection) -> None:
    """Send back every message."""
    for message in connection:
        connection.send(message)


with serve(echo, "127.0.0.1", 0, compression=None) as server:
    print(server.socket.getsockname()[1], flush=True)
    server.serve_forever()
