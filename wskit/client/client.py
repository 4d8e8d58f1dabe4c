"""The client: one connection, read by one thread at a time, written and closed by any."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from .. import fields, watching
from ..conn import Conn, format_address
from ..deadlines import Deadline
from ..errors import ConnectionClosed, HandshakeError, HeaderFields
from ..keys import next_key
from ..logs import logger
from ..outbound import Outbound
from ..primitives import direct
from ..protocol.connection import Event, Protocol
from ..protocol.extensions import DeflateParameters
from ..protocol.frames import close_payload
from ..protocol.opcodes import BINARY, MESSAGE_TYPES, PONG, Message, Side
from ..protocol.response import ClientHandshake, ClientHandshakeResult
from ..timers import Clock
from ..urls import host_header
from .config import ClientConfig
from .dial import dial
from .engine import WriterEngine
from .keepalive import Keepalive, Pinger
from .opening import exchange
from .read_loop import ServerCallbacks
from .reader import Reader

__all__ = ["Client"]

log = logger("client")
_pinger = Pinger()
_new_tuple = tuple.__new__
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
        "_keepalive",
        "_loop_thread",
        "_pinger",
        "_reader",
        "_transport",
        "read_timeout",
        "response",
    )

    def __init__(
        self,
        config: ClientConfig,
        sock: socket.socket | None = None,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        """Connect, through proxy and TLS as ``config`` says; raises OSError, TimeoutError.

        A connected ``sock`` is used instead, and belongs to the client from here on. ``clock``
        returns the seconds by which keepalive goes, a wskit.testing.ManualClock for one.
        """
        if not callable(clock):
            raise TypeError(f"clock: must be callable, not {type(clock).__name__}")
        self._pinger = _pinger if clock is time.monotonic else Pinger(clock)
        self._config = config
        self._transport = dial(config, sock)
        transport = direct(self._transport)
        self._engine = WriterEngine(config.write_timeout)
        outbound = Outbound(
            transport, self._engine, limit=config.max_size, timeout=config.write_timeout
        )
        address = config.unix_path or (config.host, config.port)
        super().__init__(self._make_protocol(None), outbound, address, None)
        self._protocol.writable = False  # until the handshake is done
        self._reader = Reader(self, transport, tls=config.tls)
        self._loop_thread = 0  # the ident of the thread in a read loop, else 0
        self._keepalive: Keepalive | None = None
        self.read_timeout = config.read_timeout
        self.response: ClientHandshakeResult | None = None

    @property
    def write_timeout(self) -> float | None:
        """Seconds that a write waits for the peer to read before the connection is given up."""
        return self._engine.write_timeout

    @write_timeout.setter
    def write_timeout(self, seconds: float | None) -> None:
        fields.seconds("write_timeout", seconds, optional=True)
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
        fields.seconds("timeout", timeout, optional=True)
        deadline = Deadline(timeout)
        self._take_reader("handshake", deadline)
        try:
            if self.response is not None:
                raise RuntimeError("handshake: was done before")
            if self._reader.ended.is_set():
                raise self._protocol.closed()
            try:
                opening = self._opening(path, headers)
                watching.offer(self, self._config.inspect)
                response = self._exchange(opening, deadline)
            except BaseException:
                self._reader.end()
                raise
            self._open(response, opening.leftover)
        finally:
            self._reader.lock.release()
        return response

    def _opening(self, path: str, headers: str | HeaderFields) -> ClientHandshake:
        config = self._config
        return ClientHandshake(
            host_header(config.host, config.port, secure=config.tls),
            path,
            base64.b64encode(os.urandom(16)).decode(),
            headers=headers,
            subprotocols=config.subprotocols,
            compression=config.compression,
            origin=config.origin,
        )

    def _exchange(self, opening: ClientHandshake, deadline: Deadline) -> ClientHandshakeResult:
        try:
            return exchange(opening, self._transport, self._reader.wait, deadline)
        except (HandshakeError, OSError) as error:
            watching.declined(self, opening, error)
            raise

    def _open(self, response: ClientHandshakeResult, leftover: bytes) -> None:
        self._change_protocol(self._make_protocol(response.extensions))
        watching.opened(Side.CLIENT, self, response, self)
        self.response = response
        self.subprotocol = response.subprotocol
        self._reader.begin(leftover)
        interval = self._config.ping_interval
        if interval is not None:
            self._keepalive = Keepalive(self._pinger, self, interval, self._config.ping_timeout)

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
        deadline = Deadline(self.read_timeout if timeout is None else timeout)
        return self._next(deadline, control_frames)

    def _next(self, deadline: Deadline, control_frames: bool) -> Message | None:
        reader = self._reader
        self._start_reading("read", deadline)
        try:
            event = reader.event(deadline)
            while event is not None:
                opcode, data = event
                self._count(event)
                if opcode <= BINARY or control_frames:
                    # As Message(…), which is a function of Python and takes 0.1 us more.
                    return _new_tuple(Message, (MESSAGE_TYPES[opcode], data))
                reader.answer(event, self._last_wait(deadline))
                # A server that sends pings without end does not stretch the deadline.
                event = reader.parsed() if deadline.passed else reader.event(deadline)
            return None
        finally:
            # A close() in another thread is that thread's to finish.
            self._stop_reading(self.is_closed and reader.over, deadline)

    def _count(self, event: Event) -> None:
        opcode, data = event
        if opcode <= BINARY:
            self._messages_in += 1
        elif opcode == PONG and isinstance(data, bytes):
            self._pong(data)

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
        Returns when either end has closed; raises ProtocolError, and what a callback raised, after
        closing with 1011. TypeError for a handler with wrong methods.
        """
        callbacks = ServerCallbacks(handler)
        self._start_reading("read_loop", Deadline(None))
        self._loop(callbacks)

    def read_loop_in_new_thread(self, handler: object) -> threading.Thread:
        """Start ``read_loop`` in a new thread, which is returned; its errors go to the log.

        Raises here what is wrong with the handler, and RuntimeError while another thread reads.
        """
        callbacks = ServerCallbacks(handler)

        def run() -> None:
            try:
                self._loop(callbacks)
            except BaseException as error:  # SystemExit too: threading would say nothing of it
                log.exception("%s: the read loop ended", format_address(self.address))
                watching.failed(self, "read_loop", error)

        thread = threading.Thread(target=run, name="wskit-client", daemon=True)
        # Taken here, so that a close() right after this call finds the loop at work.
        self._start_reading("read_loop_in_new_thread", Deadline(None))
        try:
            thread.start()
        except BaseException:
            self._reader.lock.release()
            raise
        return thread

    def _loop(self, callbacks: ServerCallbacks) -> None:
        """Run the loop; the reader's lock is taken, and is released at the end."""
        self._loop_thread = threading.get_ident()
        try:
            try:
                self._deliver_all(callbacks)
            finally:
                callbacks.close()
        finally:
            self._loop_thread = 0
            self._stop_reading(self.is_closed, Deadline(None))

    def _deliver_all(self, callbacks: ServerCallbacks) -> None:
        protocol, forever = self._protocol, Deadline(None)
        # After a close() of this end, in a callback or elsewhere, nothing more is delivered.
        while protocol.close_sent is None:
            try:
                event = self._reader.event(forever)
            except ConnectionClosed:
                return
            if event is not None and protocol.close_sent is None:
                self._deliver(callbacks, event)

    def _deliver(self, callbacks: ServerCallbacks, event: Event) -> None:
        self._count(event)
        try:
            callbacks.deliver(event, self._answer)
        except BaseException as error:
            if isinstance(error, ConnectionClosed) and self.is_closed:
                return  # it wrote to a connection that has ended; what came before still counts
            self._send_close(1011, "handler failed", Deadline(self._config.close_timeout))
            raise

    def _answer(self, event: Event) -> None:
        self._reader.answer(event, Deadline(self._config.close_timeout))

    def _take_reader(self, what: str, deadline: Deadline) -> None:
        """Take the reader's lock; RuntimeError if another thread has it."""
        lock = self._reader.lock
        if lock.acquire(False):
            return
        if self.response is None or not self.is_closed:
            raise RuntimeError(f"{what}: another thread reads this connection")
        # Somebody is seeing a closed connection to its end, which is soon.
        if not lock.acquire(True, self._last_wait(deadline).remaining or 0.0):
            raise self._protocol.closed()

    def _start_reading(self, what: str, deadline: Deadline) -> None:
        self._take_reader(what, deadline)
        if self.response is None and not self._reader.ended.is_set():
            self._reader.lock.release()
            raise RuntimeError(f"{what}: the handshake is not done")

    def _stop_reading(self, over: bool, deadline: Deadline) -> None:
        """Give the reader's lock back; finish the connection if it is ``over``."""
        try:
            if over:
                self._finish(self._last_wait(deadline))
        finally:
            self._reader.lock.release()

    def _last_wait(self, deadline: Deadline) -> Deadline:
        """Give what is left until ``deadline`` to the closing, at most ``close_timeout``."""
        left, limit = deadline.remaining, self._config.close_timeout
        return Deadline(limit if left is None else min(left, limit))

    # -- closing -------------------------------------------------------------------------------

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Close with ``code`` and ``reason``, wait for the server's half, free the socket.

        Wakes a blocked ``read`` and takes ``close_timeout`` seconds at the most, after which the
        connection is cut. In a callback of the read loop it only sends; the loop does the rest.
        Does nothing on a closed connection. Raises ValueError as ``Conn.close`` does.
        """
        close_payload(code, reason)
        if self.response is None:
            self._reader.shut_down()  # there is no WebSocket yet; wakes the handshake
        deadline = Deadline(self._config.close_timeout)
        self._send_close(code, reason, deadline)
        if self._loop_thread == threading.get_ident():
            return
        # Whoever reads now finishes when the server's close arrives, and gives the lock back.
        left = deadline.remaining
        if not self._reader.lock.acquire(True, -1 if left is None else left):
            self._reader.shut_down()
            if not self._reader.lock.acquire(True, _LAST_WAIT):
                return  # its callback does not return; it ends the connection when it does
        try:
            self._finish(deadline)
        finally:
            self._reader.lock.release()

    def _close(self, code: int | None, reason: str) -> None:
        self.close(code, reason)  # write_frame(CLOSE, …) is the same

    def _send_close(self, code: int | None, reason: str, deadline: Deadline) -> None:
        self._reader.send_last(lambda: self._protocol.close(code, reason), deadline)

    def _finish(self, deadline: Deadline) -> None:
        """See the connection to its end; the caller holds the reader's lock."""
        self._reader.finish(deadline)
        if self._keepalive is not None:
            self._keepalive.end()

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
