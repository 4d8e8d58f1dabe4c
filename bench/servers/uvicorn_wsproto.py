"""An ASGI echo on uvicorn with wsproto and uvloop, as shipped; compressed only where asked for."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import cast

import uvicorn
from servers.asked import asked

Event = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

ASKED = asked()
connected: set[Send] = set()


async def app(scope: Event, receive: Receive, send: Send) -> None:
    """Send back every message, or send it to all connections."""
    await receive()
    await send({"type": "websocket.accept"})
    connected.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        answer = {
            "type": "websocket.send",
            **{k: event[k] for k in ("text", "bytes") if k in event},
        }
        for each in list(connected) if ASKED.broadcast else (send,):
            await each(answer)
    connected.discard(send)


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
config = uvicorn.Config(
    cast("uvicorn._types.ASGIApplication", app),
    loop="uvloop",
    ws="wsproto",
    ws_per_message_deflate=ASKED.deflate,
    lifespan="off",
    log_level="warning",
    ssl_certfile=ASKED.certificate or None,
    ssl_keyfile=ASKED.key or None,
)
print(listener.getsockname()[1], flush=True)
uvicorn.Server(config).run(sockets=[listener])
