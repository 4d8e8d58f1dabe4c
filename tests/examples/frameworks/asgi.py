"""The handlers for ASGI: Starlette, FastAPI and Litestar, all under uvicorn by `ws_asgi`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import fastapi
import litestar
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.examples.frameworks.serving import Lost, Served
from wskit.testing import ws_asgi

__all__ = ["on_fastapi", "on_litestar", "on_starlette", "on_starlette_wsproto"]

UVICORN_LIMIT = 16 << 20  # bytes of a message, uvicorn's default


async def echo(ws: WebSocket, lost: Lost) -> None:
    """Do what /echo, /close and /refuse ask for, on Starlette and FastAPI."""
    path = ws.url.path
    if path == "/refuse":
        await ws.send_denial_response(PlainTextResponse("who are you?", 401))
        return
    await ws.accept(subprotocol="chat" if "chat" in ws.scope["subprotocols"] else None)
    if path == "/close":
        await ws.close(4000, "enough")
        return
    while (message := await ws.receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await ws.send_text(message["text"])
        else:
            await ws.send_bytes(message["bytes"])
    if path == "/lost":
        lost.put("lost")


Socket = litestar.WebSocket[object, object, litestar.datastructures.State]


@contextlib.contextmanager
def on_starlette(ws: str = "websockets-sansio") -> Iterator[Served]:
    """Serve with Starlette on uvicorn's implementation ``ws``."""
    lost = Lost()

    async def handle(ws: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            await echo(ws, lost)

    with ws_asgi(Starlette(routes=[WebSocketRoute("/{path}", handle)]), ws=ws) as live:
        yield Served(live.url, lost, UVICORN_LIMIT)


@contextlib.contextmanager
def on_starlette_wsproto() -> Iterator[Served]:
    """Serve with Starlette on wsproto."""
    with on_starlette("wsproto") as served:
        yield served


@contextlib.contextmanager
def on_fastapi() -> Iterator[Served]:
    """Serve with FastAPI."""
    lost, app = Lost(), fastapi.FastAPI()

    @app.websocket("/{path}")
    async def handle(ws: fastapi.WebSocket) -> None:
        with contextlib.suppress(fastapi.WebSocketDisconnect):
            await echo(ws, lost)

    with ws_asgi(app) as live:
        yield Served(live.url, lost, UVICORN_LIMIT)


@contextlib.contextmanager
def on_litestar() -> Iterator[Served]:
    """Serve with Litestar."""
    lost = Lost()

    @litestar.websocket("/{path:str}")
    async def handle(
        socket: Socket,
    ) -> None:
        path = socket.scope["path"]
        if path == "/refuse":
            raise litestar.exceptions.NotAuthorizedException("who are you?")
        offered = socket.scope["subprotocols"]
        await socket.accept(subprotocols="chat" if "chat" in offered else None)
        if path == "/close":
            await socket.close(4000, "enough")
            return
        while (message := await socket.receive())["type"] == "websocket.receive":
            if (text := message.get("text")) is not None:
                await socket.send_text(str(text))
            else:
                await socket.send_bytes(message["bytes"] or b"")
        if path == "/lost":
            lost.put("lost")

    with ws_asgi(litestar.Litestar([handle], logging_config=None)) as live:
        yield Served(live.url, lost, UVICORN_LIMIT)
