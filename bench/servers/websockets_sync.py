"""An echo server on websockets.sync: threads, as shipped; compressed only where asked for."""

from __future__ import annotations

import threading

from servers.asked import asked
from websockets.sync.server import ServerConnection, serve

ASKED = asked()
connected: set[ServerConnection] = set()
lock = threading.Lock()  # guards connected


def echo(connection: ServerConnection) -> None:
    """Send back every message."""
    for message in connection:
        connection.send(message)


def broadcast(connection: ServerConnection) -> None:
    """Send every message to all connections."""
    with lock:
        connected.add(connection)
    for message in connection:
        with lock:
            receivers = list(connected)
        for each in receivers:
            each.send(message)
    with lock:
        connected.discard(connection)


with serve(
    broadcast if ASKED.broadcast else echo,
    "127.0.0.1",
    0,
    compression="deflate" if ASKED.deflate else None,
    ssl=ASKED.context(),
) as server:
    print(server.socket.getsockname()[1], flush=True)
    server.serve_forever()
