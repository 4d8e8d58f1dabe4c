"""An echo server on websockets.asyncio and uvloop, as shipped, without compression."""

from __future__ import annotations

import uvloop
from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    """Send back every message."""
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    """Serve until the process is ended."""
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


uvloop.run(main())
