"""An echo server on websockets.asyncio and uvloop, as shipped; compressed only where asked for."""

from __future__ import annotations

import uvloop
from servers.asked import asked
from websockets.asyncio.server import ServerConnection, broadcast, serve

ASKED = asked()


async def echo(connection: ServerConnection) -> None:
    """Send back every message."""
    async for message in connection:
        await connection.send(message)


async def to_all(connection: ServerConnection) -> None:
    """Send every message to all connections."""
    async for message in connection:
        broadcast(connection.server.connections, message)


async def main() -> None:
    """Serve until the process is ended."""
    async with serve(
        to_all if ASKED.broadcast else echo,
        "127.0.0.1",
        0,
        compression="deflate" if ASKED.deflate else None,
        ssl=ASKED.context(),
        backlog=1024,
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


uvloop.run(main())
