"""The client: one connection, read by one thread at a time, written and closed by any."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from ..conn import KEEPALIVE, Conn, format_address
from ..deadlines import Deadline
from ..errors import ConnectionClosed, HeaderFields
from ..keys import next_key
from ..logs import logger
from ..outbound import Outbound
from ..protocol.connection import Protocol
from ..protocol.extensions import DeflateParameters
from ..protocol.frames import close_payload
from ..protocol.opcodes import BINARY, CLOSE, PING, PONG, Message, MessageType, Side
from ..protocol.response import ClientHandshake, ClientHandshakeResult
from ..urls import host_header
from ..waiting import wait_writable
from .config import ClientConfig
from .dial import dial
from .engine import Pinger, WriterEngine
from .read_loop import ServerCallbacks
from .reader import Reader

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Client"]

log = logger("client")
_pinger = Pinger()
_CLEAN = (1000, 1001, 1005)  # codes that end an iteration without an error
_LAST_WAIT = 1.0  # seconds that a cut reader gets to let go of the socket


class Client(Conn):
    """A connection to a server; ``write*`` as for every Conn, from any thread.

    Made connected; ``handshake`` opens the WebSocket, before it every write raises
    ConnectionClosed. ``read_timeout`` is the default of ``read`` in seconds, None waits for ever.
    """

    __slots__ = (
        "_config",
        "_engine",
        "_loop_thread",
        "_pinged",
        "_reader",
        "_transport",
        "read_timeout",
        "response",
    )

    def __init__(self, config: ClientConfig) -> None:
        """Connect, through proxy and TLS as ``config`` says; raises OSError, TimeoutError."""
        self._config = config
        self._transport: socket.socket | TLSSocket = dial(config)
        self._engine = WriterEngine(config.write_timeout)
        outbound = Outbound(
            self._transport, self._engine, limit=config.max_size, timeout=config.write_timeout
        )
        address = config.unix_path or (config.host, config.port)
        super().__init__(self._make_protocol(None), outbound, address, None)
        self._protocol.writable = False  # until the handshake is done
        self._reader = Reader(self, self._transport, tls=config.tls)
        self._loop_thread = 0  # the ident of the thread in a read loop, else 0
        self._pinged: int | None = None  # bytes received at the last ping; None: no keepalive
        self.read_timeout = config.read_timeout
        self.response: ClientHandshakeResult | None = None

    @property
    def write_timeout(self) -> float | None:
        """Seconds that a write waits for the peer to read before the connection is given up."""
        return self._engine.write_timeout

    @write_timeout.setter
    def write_timeout(self, seconds: float | None) -> None:
        self._engine.write_timeout = seconds

    # -- opening -------------------------------------------------------------------------------

    def handshake(
        self,
        path: str = "/",
        headers: str | HeaderFields = (),
        timeout: float | None = 10.0,
    ) -> ClientHandshakeResult:
        """Open the WebSocket (RFC 6455 §4.1) within ``timeout`` seconds; return the response.

        ``headers`` are added to the request; Host is there already. Raises ValueError for headers
        or a path that may not be sent, HandshakeError with status, headers and body for a refusal,
        TimeoutError, OSError; the connection is closed after each of them.
        """
        deadline = Deadline(timeout)
        with self._reader.lock:
            try:
                opening = self._opening(path, headers)
                self._send_request(opening.request(), deadline)
                response = self._await_response(opening, deadline)
            except BaseException:
                self._reader.end()
                raise
            self._open(response, opening.leftover)
        return response

    def _opening(self, path: str, headers: str | HeaderFields) -> ClientHandshake:
        config = self._config
        if self.response is not None or self._reader.ended.is_set():
            raise self._protocol.closed() if self.is_closed else RuntimeError("handshake: was done")
        return ClientHandshake(
            host_header(config.host, config.port, secure=config.tls),
            path,
            base64.b64encode(os.urandom(16)).decode(),
            headers=headers,
            subprotocols=config.subprotocols,
            compression=config.compression,
            origin=config.origin,
        )

    def _send_request(self, request: bytes, deadline: Deadline) -> None:
        while request:
            try:
                request = request[self._transport.send(request) :]
            except BlockingIOError:
                wait_writable(self._transport.fileno(), deadline.left("the handshake"))

    def _await_response(
        self, opening: ClientHandshake, deadline: Deadline
    ) -> ClientHandshakeResult:
        while True:
            try:
                data = self._transport.recv(4096)
            except BlockingIOError:
                self._reader.wait(deadline.left("the handshake"))
                continue
            if not data:
                opening.eof()
            response = opening.feed(data)
            if response is not None:
                return response

    def _open(self, response: ClientHandshakeResult, leftover: bytes) -> None:
        tap = self._protocol.tap
        self._protocol = self._make_protocol(response.extensions)
        self._protocol.tap = tap
        self.response = response
        self.subprotocol = response.subprotocol
        self._reader.begin(leftover)
        if self._config.ping_interval is not None:
            self._pinged = 0
            _pinger.add(time.monotonic() + self._config.ping_interval, self)

    def _make_protocol(self, deflate: DeflateParameters | None) -> Protocol:
        config = self._config
        return Protocol(
            Side.CLIENT,
            max_message_size=config.message_limit,
            max_fragments=config.max_fragments,
            small_size=config.buffer_size,
            lender=config.buffer_provider,
            deflate=deflate,
            compression=config.compression,
            next_key=config.mask_fn or next_key,
        )

    # -- reading -------------------------------------------------------------------------------

    def read(self, timeout: float | None = None, *, control_frames: bool = False) -> Message | None:
        """Return the next message, or None after ``timeout`` seconds (None: ``read_timeout``).

        A timeout leaves the connection usable. Pings are answered, a close is completed and raises
        ConnectionClosed; with ``control_frames`` pings, pongs and closes are returned instead and
        nothing is answered. Raises ProtocolError, once, if the server breaks the protocol, and
        RuntimeError while another thread reads.
        """
        limit = self.read_timeout if timeout is None else timeout
        return self._next(Deadline(limit), control_frames)

    def _next(self, deadline: Deadline, control_frames: bool) -> Message | None:
        with self._sole_reader("read"):
            while (event := self._reader.event(deadline)) is not None:
                opcode, data = event
                if opcode == PONG:
                    self._pong(data)
                if opcode <= BINARY or control_frames:
                    self._messages_in += opcode <= BINARY
                    return Message(MessageType(opcode), data)
                self._reader.answer(event)
                if opcode == CLOSE:
                    raise self._protocol.closed()
        return None

    def done(self, message: Message) -> None:
        """Say that ``message`` is no longer needed; may be left out.

        Messages own their data, so there is nothing to give back. The call keeps the contract of
        the library that wskit re-implements.
        """

    def __iter__(self) -> Iterator[Message]:
        """Yield messages until the connection closes with 1000, 1001 or no code.

        Any other end raises ConnectionClosed; ``read_timeout`` does not apply.
        """
        while True:
            try:
                message = self._next(Deadline(None), False)
            except ConnectionClosed as closed:
                if closed.code in _CLEAN:
                    return
                raise
            if message is not None:
                yield message

    def read_loop(self, handler: object) -> None:
        """Call ``handler`` for what comes, in this thread, until the end; then its ``close``, once.

        It needs ``server_message`` (in the shapes of a server's ``client_message``); optional are
        ``server_ping``, ``server_pong``, ``server_close``, each with the payload, and ``close``.
        Returns when the connection closed; raises ProtocolError, and what a callback raised, after
        closing with 1011. TypeError for a handler with wrong methods.
        """
        self._loop(ServerCallbacks(handler))

    def read_loop_in_new_thread(self, handler: object) -> threading.Thread:
        """Start ``read_loop`` in a new thread, which is returned; its errors go to the log."""
        callbacks = ServerCallbacks(handler)  # a wrong handler raises here

        def run() -> None:
            try:
                self._loop(callbacks)
            except Exception:
                log.exception("%s: the read loop ended", format_address(self.address))

        thread = threading.Thread(target=run, name="wskit-client", daemon=True)
        thread.start()
        return thread

    def _loop(self, callbacks: ServerCallbacks) -> None:
        with self._sole_reader("read_loop"):
            self._loop_thread = threading.get_ident()
            try:
                self._deliver_all(callbacks)
            finally:
                try:
                    callbacks.close()
                finally:
                    self._loop_thread = 0

    def _deliver_all(self, callbacks: ServerCallbacks) -> None:
        forever = Deadline(None)
        while not self.is_closed:
            try:
                event = self._reader.event(forever)
            except ConnectionClosed:
                return
            if event is None:
                continue
            if event[0] == PONG:
                self._pong(event[1])
            self._messages_in += event[0] <= BINARY
            try:
                callbacks.deliver(event, self._reader.answer)
            except BaseException as error:
                if isinstance(error, ConnectionClosed) and self.is_closed:
                    return  # it wrote to a connection that has ended
                self._send_close(1011, "handler failed", Deadline(self._config.close_timeout))
                raise

    @contextlib.contextmanager
    def _sole_reader(self, what: str) -> Iterator[None]:
        """Hold the reader's lock; on the way out finish a connection that is over."""
        if not self._reader.lock.acquire(blocking=False):
            raise RuntimeError(f"{what}: another thread reads this connection")
        try:
            if self.response is None and not self._reader.ended.is_set():
                raise RuntimeError(f"{what}: the handshake is not done")
            try:
                yield
            finally:
                if self.is_closed:
                    self._finish(Deadline(self._config.close_timeout))
        finally:
            self._reader.lock.release()

    # -- closing -------------------------------------------------------------------------------

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Close with ``code`` and ``reason``, wait for the server's half, free the socket.

        Wakes a blocked ``read`` and takes ``close_timeout`` seconds at the most, after which the
        connection is cut. In a callback of the read loop it only sends; the loop does the rest.
        Does nothing on a closed connection. Raises ValueError as ``Conn.close`` does.
        """
        close_payload(code, reason)
        deadline = Deadline(self._config.close_timeout)
        self._send_close(code, reason, deadline)
        if self._loop_thread == threading.get_ident():
            return
        # Whoever reads now finishes when the server's close arrives, and gives the lock back.
        left = deadline.remaining
        if not self._reader.lock.acquire(timeout=-1 if left is None else left):
            self._reader.shut_down()
            if not self._reader.lock.acquire(timeout=_LAST_WAIT):
                return  # its callback does not return; it ends the connection when it does
        try:
            self._finish(deadline)
        finally:
            self._reader.lock.release()

    def _close(self, code: int | None, reason: str) -> None:
        self.close(code, reason)  # write_frame(CLOSE, …) is the same

    def _send_close(self, code: int | None, reason: str, deadline: Deadline) -> None:
        outbound = self._outbound
        if not outbound.lock.acquire(timeout=deadline.remaining or 0):
            self._reader.shut_down()  # a writer is stuck: its peer does not read
            return
        try:
            if self.is_closed or not wait_writable(self._transport.fileno(), deadline.remaining):
                return
            outbound.put(self._protocol.close(code, reason))
        except ConnectionClosed:
            pass
        finally:
            outbound.lock.release()

    def _finish(self, deadline: Deadline) -> None:
        """See the connection to its end; the caller holds the reader's lock."""
        self._reader.finish(deadline)
        if self._pinged is not None:
            self._pinged = None
            _pinger.remove()

    # -- keepalive (on the pinger's thread) ------------------------------------------------------

    def on_timer(self, now: float) -> float | None:
        """Send a ping, or cut a connection whose reader has waited in vain since the last one."""
        interval, timeout = self._config.ping_interval, self._config.ping_timeout
        if interval is None or self.is_closed:
            return None
        sent = self._ping_sent
        if sent is not None and timeout is not None and now < sent + interval:
            # Only a reader that has been waiting all the time proves silence: while nobody reads,
            # the pong may lie in the socket.
            since = self._reader.waiting_since
            if self._pinged == self._received and since is not None and since <= sent:
                log.debug("%s: no answer to a ping", format_address(self.address))
                self._reader.shut_down()
                return None
            return sent + interval
        self._pinged = self._received
        self._try_ping(now)
        return now + (interval if timeout is None else min(interval, timeout))

    def _try_ping(self, now: float) -> None:
        # This thread serves all clients, so it waits for none: no lock, no room, no ping.
        outbound = self._outbound
        if not outbound.lock.acquire(blocking=False):
            return
        try:
            if not self.is_closed and wait_writable(self._transport.fileno(), 0):
                outbound.put(self._protocol.control(PING, KEEPALIVE))
                self._ping_sent = now
        except ConnectionClosed:
            pass
        finally:
            outbound.lock.release()

    def __enter__(self) -> Client:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close with 1000."""
        self.close()
