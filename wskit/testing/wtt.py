"""The reference library's test helper: a real connection without a server, for one handler."""

from __future__ import annotations

from ..conn import Conn
from ..errors import ConnectionClosed, HeaderFields, ProtocolError
from ..outbound import Outbound
from ..protocol.connection import Event, Protocol
from ..protocol.handshake import Handshake
from ..protocol.headers import Headers, request_fields
from ..protocol.opcodes import BINARY, CLOSE, PING, PONG, Side
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
        self._scratch = Scratch()
        self._ended = False  # the handler was told
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

        Never waits; what did not fit into the socket yet follows. Once the connection is over, its
        ``close`` is called. Raises what the handler's methods raise, after closing with 1011,
        ProtocolError, after closing with its code, and TypeError for a handler with wrong methods.
        """
        handlers, count = HandlerClass(type(handler)), 0
        try:
            while (event := self._next()) is not None:
                count += 1
                self._call(handlers, handler, event)
        finally:
            if self.conn.is_closed and not self._ended:
                self._ended = True
                if handlers.has_close:
                    handler.close()  # type: ignore[attr-defined]
        return count

    def end(self) -> None:
        """Drop both ends; may be called again."""
        self._stream.finish()
        self.conn._discard()
        self._transport.close()

    def _next(self) -> Event | None:
        """Return the next event that has come; None after the end, too."""
        protocol = self.conn._protocol
        while not self.conn.is_closed:
            try:
                event = protocol.next_event()
            except ProtocolError as error:
                self._answer(protocol.fail(error))
                raise
            if event is not None or not self._read():
                return event
        return None

    def _read(self) -> bool:
        """Take in what has come; whether that was anything."""
        parser = self.conn._protocol.parser
        try:
            self._stream.push()
            count = self._transport.recv_into(parser.target())
        except BlockingIOError:
            return False
        except (ConnectionClosed, OSError):
            count = 0
        if not count:
            with self._outbound.lock:
                self._outbound.abandon()
                self.conn._protocol.lose()
            return False
        parser.received(count)
        return True

    def _call(self, handlers: HandlerClass, handler: object, event: Event) -> None:
        opcode, data = event
        try:
            if opcode <= BINARY and handlers.plain:
                handler.client_message(data)  # type: ignore[attr-defined]
            elif opcode <= BINARY:
                handlers.message(handler, opcode, data, self._scratch)  # type: ignore[arg-type]
            else:
                self._call_control(handler, event)
        except BaseException as error:
            if isinstance(error, ConnectionClosed) and self.conn.is_closed:
                return  # it wrote to a peer that is gone: no fault of its own
            self.conn.close(1011, "handler failed")
            raise

    def _call_control(self, handler: object, event: Event) -> None:
        opcode, data = event
        callback = getattr(handler, _CALLBACKS[opcode], None)
        if callback is not None:
            callback(data)
        if opcode == CLOSE or callback is None:
            self._answer(self.conn._protocol.reply(event))

    def _answer(self, frame: bytes) -> None:
        with self._outbound.lock:
            if frame and not self._outbound.lost:
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
