"""WebSocket clients of many libraries behind one interface, which hides nothing of importance."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import aiohttp
import websocket
import websockets.asyncio.client
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidStatus

import wskit
from tests.deadlines import scaled

__all__ = ["CLIENTS", "Ended", "Refused", "Session"]

T = TypeVar("T")
Run = Callable[[Coroutine[None, None, T]], T]


class Refused(Exception):
    """The handshake was answered with an HTTP ``status``."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class Ended(Exception):
    """The connection is over: code and reason as the library tells them, 1006 for a loss."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Session(Protocol):
    """An open connection."""

    def send(self, text: str) -> None:
        """Send a text message."""

    def receive(self) -> str:
        """Return the next text message; raise Ended."""


class OfWskit:
    """wskit's own client."""

    def __init__(self, client: wskit.Client) -> None:
        self.client = client

    def send(self, text: str) -> None:
        self.client.write(text)

    def receive(self) -> str:
        try:
            message = self.client.read(timeout=scaled(5))
        except wskit.ConnectionClosed as error:
            raise Ended(error.code, error.reason) from error
        assert message is not None
        return str(message.data)


@contextlib.contextmanager
def on_wskit(url: str) -> Iterator[Session]:
    try:
        client = wskit.connect(url)
    except wskit.HandshakeError as error:
        raise Refused(error.status) from error
    with client:
        yield OfWskit(client)


class OfWebsocketsSync:
    """The client of websockets.sync."""

    def __init__(self, client: websockets.sync.client.ClientConnection) -> None:
        self.client = client

    def send(self, text: str) -> None:
        self.client.send(text)

    def receive(self) -> str:
        try:
            return str(self.client.recv(timeout=scaled(5)))
        except ConnectionClosed as error:
            raise ended(error) from error


def ended(error: ConnectionClosed) -> Ended:
    """Say it in the words of this module."""
    return Ended(error.rcvd.code, error.rcvd.reason) if error.rcvd else Ended(1006, "")


@contextlib.contextmanager
def on_websockets_sync(url: str) -> Iterator[Session]:
    try:
        client = websockets.sync.client.connect(url, proxy=None)
    except InvalidStatus as error:
        raise Refused(error.response.status_code) from error
    with client:
        yield OfWebsocketsSync(client)


class OfWebsocketsAsyncio:
    """The client of websockets on asyncio, driven from outside its loop."""

    def __init__(
        self, client: websockets.asyncio.client.ClientConnection, runner: asyncio.Runner
    ) -> None:
        self.client, self.runner = client, runner

    def send(self, text: str) -> None:
        self.runner.run(self.client.send(text))

    def receive(self) -> str:
        try:
            return str(self.runner.run(asyncio.wait_for(self.client.recv(), scaled(5))))
        except ConnectionClosed as error:
            raise ended(error) from error


@contextlib.contextmanager
def on_websockets_asyncio(url: str) -> Iterator[Session]:
    async def connect() -> websockets.asyncio.client.ClientConnection:
        return await websockets.asyncio.client.connect(url, proxy=None)

    with asyncio.Runner() as runner:
        try:
            client = runner.run(connect())
        except InvalidStatus as error:
            raise Refused(error.response.status_code) from error
        try:
            yield OfWebsocketsAsyncio(client, runner)
        finally:
            runner.run(client.close())


class OfWebsocketClient:
    """The client of websocket-client."""

    def __init__(self, client: websocket.WebSocket) -> None:
        self.client = client

    def send(self, text: str) -> None:
        self.client.send(text)

    def receive(self) -> str:
        try:
            opcode, data = self.client.recv_data()
        except (websocket.WebSocketConnectionClosedException, ConnectionError) as error:
            raise Ended(1006, "") from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise Ended(int.from_bytes(data[:2], "big"), data[2:].decode())
        return str(data.decode())


@contextlib.contextmanager
def on_websocket_client(url: str) -> Iterator[Session]:
    try:
        client = websocket.create_connection(url, timeout=scaled(5))
    except websocket.WebSocketBadStatusException as error:
        raise Refused(error.status_code) from error
    try:
        yield OfWebsocketClient(client)
    finally:
        client.close()
        # The socket: close() leaves it open where the server has closed first.
        client.shutdown()  # type: ignore[no-untyped-call]


class OfAiohttp:
    """The client of aiohttp, driven from outside its loop."""

    def __init__(self, client: aiohttp.ClientWebSocketResponse, runner: asyncio.Runner) -> None:
        self.client, self.runner = client, runner

    def send(self, text: str) -> None:
        self.runner.run(self.client.send_str(text))

    def receive(self) -> str:
        message = self.runner.run(self.client.receive(scaled(5)))
        if message.type is aiohttp.WSMsgType.CLOSE:
            raise Ended(message.data, message.extra or "")
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Ended(self.client.close_code, "")
        return str(message.data)


@contextlib.contextmanager
def on_aiohttp(url: str) -> Iterator[Session]:
    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    with asyncio.Runner() as runner:
        http = runner.run(session())
        try:
            client = runner.run(connected(http, url))
            yield OfAiohttp(client, runner)
            runner.run(closed(client))
        finally:
            runner.run(http.close())


async def connected(http: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    """Open a connection; a task of its own, since aiohttp wants one."""
    try:
        return await http.ws_connect(url)
    except aiohttp.WSServerHandshakeError as error:
        raise Refused(error.status) from error


async def closed(client: aiohttp.ClientWebSocketResponse) -> None:
    await client.close()


CLIENTS: dict[str, Callable[[str], AbstractContextManager[Session]]] = {
    "wskit": on_wskit,
    "websockets.sync": on_websockets_sync,
    "websockets.asyncio": on_websockets_asyncio,
    "websocket-client": on_websocket_client,
    "aiohttp": on_aiohttp,
}
