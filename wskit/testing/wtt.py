"""The reference library's test helper: a real connection without a server, for one handler."""

from __future__ import annotations

from ..conn import Conn
from ..errors import ConnectionClosed, HeaderFields
from ..outbound import Outbound
from ..protocol.connection import Protocol
from ..protocol.handshake import Handshake
from ..protocol.headers import Headers, request_fields
from ..protocol.opcodes import CLOSE, PING, PONG, Side
from ..scratch import Scratch
from ..server.handlers import HandlerClass
from .peer import Peer
from .sockets import socket_pair
from .stream import Stream
from .timeouts import Patience
from .wires import new_wire

__all__ = ["WebSocketTest"]

_ROOM = 1 << 30  # bytes that a handler may write before the test looks at them


class WebSocketTest(Peer):
    """``conn``, a real server-side connection, and its client's end: this object.

    The test makes its handler with ``handshake()`` and ``conn``, calls the handler's methods itself
    and expects what they wrote; or it sends, and has ``deliver`` call them. For one thread.
    """

    _stream: _Pumped

    def __init__(self, *, tcp: bool = False) -> None:
        """Connect a socket pair, or with ``tcp`` two ends of a TCP connection."""
        ours, theirs = socket_pair(tcp=tcp)
        self._transport = theirs
        self._outbound = Outbound(theirs, _Engine(), limit=_ROOM, timeout=None)
        protocol = Protocol(Side.SERVER, max_message_size=_ROOM)
        self.conn = Conn(protocol, self._outbound, ("127.0.0.1", 0), None)
        stream = _Pumped(ours, Side.CLIENT, new_wire("wtt", Side.CLIENT))
        stream.other = self._outbound
        super().__init__(stream)

    def handshake(
        self, url: str = "/", headers: HeaderFields = (), *, subprotocol: str | None = None
    ) -> Handshake:
        """Return what a handler's ``__init__`` is given: the request, ``subprotocol`` as agreed."""
        handshake = Handshake(url, Headers(request_fields(headers)))
        handshake.remote_address = self.conn.address
        handshake.subprotocol = self.conn.subprotocol = subprotocol
        return handshake

    def deliver(self, handler: object) -> int:
        """Call ``handler`` for what was sent, as the server does; return for how many events.

        Never waits; what did not fit into the socket yet follows. Raises what the handler's methods
        raise, and ProtocolError.
        """
        handlers = HandlerClass(type(handler))
        protocol, count = self.conn._protocol, 0
        while self._read():
            while (event := protocol.next_event()) is not None:
                self._call(handlers, handler, *event)
                count += 1
        return count

    def end(self) -> None:
        """Drop both ends; may be called again."""
        self._stream.finish()
        self.conn._discard()
        self._transport.close()

    def _read(self) -> bool:
        parser = self.conn._protocol.parser
        try:
            self._stream.push()
            count = self._transport.recv_into(parser.target())
        except (ConnectionClosed, OSError):
            return False
        parser.received(count)
        return count > 0

    def _call(
        self, handlers: HandlerClass, handler: object, opcode: int, data: str | bytes
    ) -> None:
        callback = _CALLBACKS.get(opcode)
        if callback is None:
            scratch = Scratch(32768)
            if handlers.plain:
                handler.client_message(data)  # type: ignore[attr-defined]
            else:
                handlers.message(handler, opcode, data, scratch)  # type: ignore[arg-type]
            return
        if hasattr(handler, callback):
            getattr(handler, callback)(data)
        if opcode == CLOSE or not hasattr(handler, callback):
            with self._outbound.lock:
                frame = self.conn._protocol.reply((opcode, data))
                if frame:
                    self._outbound.put(frame)


_CALLBACKS = {CLOSE: "client_close", PING: "client_ping", PONG: "client_pong"}


class _Engine:
    """Nobody drives the connection but the test: what does not fit waits until it reads."""

    def watch_writable(self, outbound: Outbound) -> None:
        """Reading will make room."""

    def flush_soon(self, outbound: Outbound) -> None:
        """Nothing is gathered here."""

    def attend(self) -> None:
        """There is nobody to look."""


class _Pumped(Stream):
    """A stream whose other end is written by the same thread, so it has to send what is queued."""

    other: Outbound

    def send(self, data: bytes, patience: Patience) -> None:
        """Send what fits; the rest follows with ``push``, since nobody reads meanwhile."""
        with self._writing:
            self._unsent.append(memoryview(data))
            self._flush()

    def push(self) -> None:
        """Send more of what waits at this end."""
        with self._writing:
            self._flush()

    def receive(self, patience: Patience) -> bool:
        """Send what waits at the other end, then receive."""
        with self.other.lock:
            if self.other.blocked:
                self.other.resume()
        return super().receive(patience)
