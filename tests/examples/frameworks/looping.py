"""The handlers for servers on asyncio: websockets, aiohttp and picows."""

from __future__ import annotations

import contextlib
import http
import socket
from collections.abc import AsyncIterator, Sequence

import picows
from aiohttp import WSMsgType, web
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.examples.frameworks.serving import LIMIT, Lost

__all__ = ["aiohttp_server", "picows_server", "websockets_asyncio"]


@contextlib.asynccontextmanager
async def websockets_asyncio(listener: socket.socket, lost: Lost) -> AsyncIterator[None]:
    """Serve with websockets."""

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        if connection.request.path == "/close":
            await connection.close(4000, "enough")
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                await connection.send(message)
        if connection.request.path == "/lost":
            lost.put("lost")

    def choose(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        # With `subprotocols` websockets refuses who offers none of them.
        return Subprotocol("chat") if "chat" in offered else None

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        if request.path != "/refuse":
            return None
        return connection.respond(http.HTTPStatus.UNAUTHORIZED, "who are you?")

    async with serve(
        handle,
        sock=listener,
        process_request=refuse,
        select_subprotocol=choose,
        max_size=LIMIT,
    ):
        yield


@contextlib.asynccontextmanager
async def aiohttp_server(listener: socket.socket, lost: Lost) -> AsyncIterator[None]:
    """Serve with aiohttp."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/refuse":
            raise web.HTTPUnauthorized(text="who are you?")
        ws = web.WebSocketResponse(protocols=["chat"], max_msg_size=LIMIT)
        await ws.prepare(request)
        if request.path == "/close":
            await ws.close(code=4000, message=b"enough")
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                await ws.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await ws.send_bytes(message.data)
        if request.path == "/lost":
            lost.put("lost")
        return ws

    app = web.Application()
    app.router.add_get("/{path}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


class PicowsEcho(picows.WSListener):
    """picows gives frames, so the handler itself echoes each, fragments too."""

    def __init__(self, path: str, lost: Lost) -> None:
        self.path, self.lost = path, lost

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        if self.path == "/close":
            transport.send_close(4000, b"enough")  # type: ignore[arg-type]

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_bytes(), frame.fin)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        if self.path == "/lost":
            self.lost.put("lost")


@contextlib.asynccontextmanager
async def picows_server(listener: socket.socket, lost: Lost) -> AsyncIterator[None]:
    """Serve with picows, which knows neither paths nor subprotocols by itself."""

    def accept(
        request: picows.WSUpgradeRequest,
    ) -> picows.WSListener | picows.WSUpgradeResponseWithListener:
        path = request.path.decode()
        if path == "/refuse":
            refusal = picows.WSUpgradeResponse.create_error_response(
                http.HTTPStatus.UNAUTHORIZED, b"who are you?"
            )
            return picows.WSUpgradeResponseWithListener(refusal, None)
        echo = PicowsEcho(path, lost)
        if "chat" not in request.headers.get("Sec-WebSocket-Protocol", ""):
            return echo
        chosen = picows.WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": "chat"})
        return picows.WSUpgradeResponseWithListener(chosen, echo)

    server = await picows.ws_create_server(accept, sock=listener, max_frame_size=LIMIT)
    async with server:
        yield
