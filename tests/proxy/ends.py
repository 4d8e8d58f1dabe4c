"""A raw peer at each end of a proxy, so that bytes can be compared."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.deadlines import scaled, wait_for
from wskit.events import Event, Opened
from wskit.protocol.frames import FrameRecord
from wskit.proxy import Proxy, ProxyConfig
from wskit.taps import Capture

__all__ = ["REQUEST", "RESPONSE", "Ends", "Taker", "ends", "exactly", "head", "pair"]

REQUEST = (
    b"GET /chat?x=1 HTTP/1.1\r\nHOST: here\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-oDD:  a  b \r\n"
    b"\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nconnection: upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


@dataclass
class Taker:
    """Takes what a proxy tells."""

    proxy: Proxy
    events: list[Event] = field(default_factory=list)

    def until(self, enough: Callable[[list[Event]], bool]) -> list[Event]:
        """Take until what has been told is ``enough``."""

        def take() -> bool:
            self.events += self.proxy.take(0.005)
            return enough(self.events)

        wait_for(take, what="the proxy to tell")
        return self.events

    def first(self, kind: type[Event]) -> Event:
        """Wait for the first event of ``kind``."""
        self.until(lambda events: any(isinstance(each, kind) for each in events))
        return next(each for each in self.events if isinstance(each, kind))

    def opened(self) -> Opened:
        """Wait for the first handshake."""
        event = self.first(Opened)
        assert isinstance(event, Opened)
        return event

    def frames(self, count: int) -> list[FrameRecord]:
        """Wait for ``count`` frames, and give all."""
        self.until(lambda events: len(_frames(events)) >= count)
        return _frames(self.events)


def _frames(events: list[Event]) -> list[FrameRecord]:
    return [each.frame for each in events if isinstance(each, Capture)]


@dataclass
class Ends:
    """``client`` has sent the request, ``server`` its answer, both have come through."""

    client: socket.socket
    server: socket.socket
    taker: Taker
    request: bytes  # as the server got it
    response: bytes  # as the client got it

    @property
    def proxy(self) -> Proxy:
        """What lies in between."""
        return self.taker.proxy


@contextlib.contextmanager
def pair(**fields: object) -> Iterator[tuple[socket.socket, Proxy]]:
    """Give a listening socket and a proxy that leads to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(scaled(5))
        path = fields.pop("path", "")
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}{path}"
        with Proxy(ProxyConfig(url=url, **fields)) as proxy:  # type: ignore[arg-type]
            yield listener, proxy


def connected(proxy: Proxy) -> socket.socket:
    """Give a client that has a connection to ``proxy``."""
    client = socket.create_connection(proxy.address)
    client.settimeout(scaled(5))
    return client


@contextlib.contextmanager
def ends(request: bytes = REQUEST, response: bytes = RESPONSE, **fields: object) -> Iterator[Ends]:
    """Give both ends of a connection through a proxy."""
    with pair(**fields) as (listener, proxy), connected(proxy) as client:
        client.sendall(request)
        server = listener.accept()[0]
        server.settimeout(scaled(5))
        with server:
            asked = head(server)
            server.sendall(response)
            yield Ends(client, server, Taker(proxy), asked, head(client))


def head(sock: socket.socket) -> bytes:
    """Receive exactly one head."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += exactly(sock, 1)
    return data


def exactly(sock: socket.socket, size: int) -> bytes:
    """Receive exactly ``size`` bytes, less at the end of the stream."""
    data = bytearray()
    while len(data) < size and (received := sock.recv(min(size - len(data), 65536))):
        data += received
    return bytes(data)


def passes(source: socket.socket, target: socket.socket, data: bytes) -> None:
    """Send ``data`` and see that the same arrives, while it is sent."""
    sender = threading.Thread(target=source.sendall, args=(data,))
    sender.start()
    assert exactly(target, len(data)) == data
    sender.join()
