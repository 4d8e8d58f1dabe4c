"""An echo server on aiohttp and uvloop, as shipped; compressed only where that is asked for."""

from __future__ import annotations

import asyncio
import socket

import uvloop
from aiohttp import WSMsgType, web
from servers.asked import asked

ASKED = asked()
connected: set[web.WebSocketResponse] = set()


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send back every message."""
    connection = web.WebSocketResponse(compress=ASKED.deflate)
    await connection.prepare(request)
    async for message in connection:
        if message.type is WSMsgType.TEXT:
            await connection.send_str(message.data)
        else:
            await connection.send_bytes(message.data)
    return connection


async def broadcast(request: web.Request) -> web.WebSocketResponse:
    """Send every message to all connections."""
    connection = web.WebSocketResponse(compress=False)
    await connection.prepare(request)
    connected.add(connection)
    async for message in connection:
        for each in list(connected):
            await each.send_str(message.data)
    connected.discard(connection)
    return connection


async def main() -> None:
    """Serve until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    app = web.Application()
    app.router.add_get("/", broadcast if ASKED.broadcast else echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listener, ssl_context=ASKED.context()).start()
    print(listener.getsockname()[1], flush=True)
    await asyncio.Event().wait()


uvloop.run(main())
