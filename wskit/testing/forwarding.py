"""What a recording passes on: the messages of a client and a real server to each other."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import ConnectionClosed
from ..protocol.extensions import Compression
from ..protocol.frames import parse_close
from ..protocol.handshake import Handshake
from ..protocol.opcodes import BINARY, CLOSE, TEXT, Message
from ..waiting import wait_readable
from ..wakers import Waker
from .accepting import Opening, ServerPeer
from .clients import ws_client
from .peer import Peer
from .replaying import deflated, own_fields
from .stream import Stream
from .timeouts import Patience
from .wires import Wire

if TYPE_CHECKING:
    import ssl

__all__ = ["Forwarding", "hang_up", "refuse"]

_PATIENCE = 10.0  # seconds that an end may not read


class Forwarding:
    """One connection, passed on from ``client`` to the server at ``url``; for one thread.

    Compression and subprotocol are agreed on by the two ends; pings, pongs and closes are passed
    on, not answered.
    """

    def __init__(self, client: ServerPeer, url: str, ssl_context: ssl.SSLContext | None) -> None:
        """Of ``url`` the scheme and the server count, and what the client asked for on it.

        Raises AssertionError where the client sent no request, OSError for the server.
        """
        request = client.request
        self._client = client
        self._server = _connected(request, url, ssl_context)
        self.wire.keep_all = True  # not a frame has been read so far
        try:
            self._answer(request)
        except BaseException:
            self.end()
            raise

    @property
    def wire(self) -> Wire:
        """The record of what passed: the connection to the server, where this is the client."""
        return self._server._stream.wire

    @property
    def body(self) -> bytes:
        """The body of a refusal."""
        return self._server.rejection.body if self._server.rejection is not None else b""

    def run(self, stop: Waker) -> None:
        """Pass on what comes until the connection has ended, or until ``stop`` wakes."""
        ends = (self._client._stream, self._server._stream)
        for stream in ends:
            stream.auto_pong = stream.auto_close = False
        with contextlib.suppress(ConnectionClosed):
            self._exchange(*ends)  # bytes that came behind the handshake wake nobody
            stopped = False
            while not stopped and not _is_over(*ends):
                # What came before the stop is passed on after it.
                stopped = self._stopped(stop, *ends)
                self._exchange(*ends)

    def end(self) -> None:
        """Close what is still open, at once."""
        hang_up(self._server)
        hang_up(self._client)

    def _answer(self, request: Handshake) -> None:
        rejection, response = self._server.rejection, self._server.response
        if rejection is not None:
            refuse(self._client, rejection.status, rejection.headers, rejection.body)
            return
        assert response is not None
        fields = tuple(response.headers)
        self._client.accept(
            response.subprotocol,
            headers=own_fields(fields),
            compression=Compression() if deflated(fields) else None,
        )

    def _exchange(self, client: Stream, server: Stream) -> None:
        self._pass_on(client, server)
        self._pass_on(server, client)

    def _pass_on(self, source: Stream, sink: Stream) -> None:
        while source.receive(Patience(0)):
            self._forward(source, sink)
        self._forward(source, sink)
        if source.lost is not None and source.protocol.close_received is None:
            # What was passed on must not be lost, so a reset is for resets only.
            sink.reset() if source.lost == "reset" else sink.finish()

    def _forward(self, source: Stream, sink: Stream) -> None:
        for message in source.inbox.clear():
            if sink.protocol.writable:
                sink.send(_frame(message, sink), Patience(_PATIENCE))

    def _stopped(self, stop: Waker, one: Stream, other: Stream) -> bool:
        readable = [stream for stream in (one, other) if not stream.over]
        fds = [stream.transport.fileno() for stream in readable]
        return stop.fileno() in wait_readable([*fds, stop.fileno()], None)


def refuse(
    client: ServerPeer, status: int, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    """Answer ``client`` with a refusal as it was; a status that is no refusal becomes 502."""
    known = status if 300 <= status <= 599 else 502
    client.reject(known, headers=own_fields(headers), body=body)


def hang_up(peer: Peer, code: int = 1001, reason: str = "") -> None:
    """Close the connection of ``peer`` without waiting for an answer."""
    stream = peer._stream
    opened = not isinstance(stream, Opening) or stream.opened
    with contextlib.suppress(ConnectionClosed, TimeoutError):
        if opened and stream.protocol.writable and peer.rejection is None:
            peer.close(code, reason)
    stream.shut_down_writing()
    stream.finish()
    peer.end()


def _connected(request: Handshake, url: str, ssl_context: ssl.SSLContext | None) -> Peer:
    parts = urlsplit(url)
    fields = tuple(request.headers)
    return ws_client(
        f"{parts.scheme}://{parts.netloc}{request.path}{_query(request)}",
        headers=own_fields(fields),
        subprotocols=request.subprotocols,
        compression=Compression() if deflated(fields) else None,
        ssl_context=ssl_context,
    )


def _query(request: Handshake) -> str:
    _, mark, query = request.url.partition("?")
    return mark + query


def _frame(message: Message, sink: Stream) -> bytes:
    opcode, data = message
    payload = data.encode() if isinstance(data, str) else data
    if opcode in (TEXT, BINARY):
        return sink.protocol.data(opcode, payload)
    if opcode == CLOSE:
        code, reason = parse_close(payload)
        return sink.close_frame(None if code == 1005 else code, reason)
    return sink.protocol.control(opcode, payload)


def _is_over(one: Stream, other: Stream) -> bool:
    """Whether nothing more can come from either end, or one has broken the protocol."""
    failed = one.protocol.failed or other.protocol.failed
    ended = one.finished or other.finished or (one.over and other.over)
    return failed is not None or ended
