"""One open connection on the server: reads, calls the handler, and winds the connection down.

The law of this file: everything happens in a turn, so callbacks never overlap; ``close()`` of the
handler is called exactly once, after the last other callback, as soon as the connection can no
longer be written to. The socket may live on a little, for the peer's half of the closing handshake.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable
from enum import Enum

from .. import watching
from ..conn import Conn, format_address
from ..errors import ConnectionClosed, ProtocolError
from ..outbound import Outbound, Transport
from ..protocol.connection import Event, Protocol
from ..protocol.handshake import Handshake
from ..protocol.opcodes import PING, PONG, MessageType, Side
from ..timers import Alarm
from .handlers import Handler
from .hub import Hub, Runner, log
from .keepalive import Keepalive
from .linger import Linger, Progress
from .turns import Turns

__all__ = ["Phase", "Session"]

_CALLBACKS = {0: "wskit", 8: "client_close", 9: "client_ping", 10: "client_pong"} | dict.fromkeys(
    (1, 2), "client_message"
)

_ESSENTIAL = ("client_message", "after_init")  # without these there is no application


class Phase(Enum):
    """Where a connection is in its life."""

    OPEN = "open"
    LINGERING = "lingering"  # the handler is gone; the peer's half of the close is awaited
    GONE = "gone"


_OPEN, _LINGERING, _GONE = Phase.OPEN, Phase.LINGERING, Phase.GONE  # see protocol/opcodes.py


class Session(Turns):
    """A connection with its handler. It is the Engine of its Outbound."""

    __slots__ = (
        "_alarm",
        "_deadline",
        "_greedy",
        "_handler",
        "_hub",
        "_leftover",
        "_lingering",
        "_outbound",
        "_phase",
        "_runner",
        "_stalled",
        "conn",
        "counted_out",
    )

    def __init__(self, hub: Hub, runner: Runner, fd: int, *, greedy: bool) -> None:
        """``greedy``: the transport (TLS) buffers, so a short read does not mean it is empty."""
        super().__init__(fd)
        self._hub = hub
        self._runner = runner
        self._greedy = greedy
        self.conn: Conn
        self._outbound: Outbound
        self._handler: Handler | None = None
        self._phase = _OPEN
        self._leftover = b""  # bytes that came with the handshake
        self._stalled = False  # messages wait here because the peer does not read its replies
        self._alarm: Alarm | None = None  # of the keepalive, then of the linger
        self._lingering: Linger | None = None  # the phase LINGERING, and until when
        self._deadline = 0.0
        self.counted_out = False  # the hub has what it did in its totals

    @classmethod
    def make(cls, hub: Hub, runner: Runner, transport: Transport, handshake: Handshake) -> Session:
        """Return the session of a connection whose response is not sent; its Conn can be given out.

        What is written to the Conn before ``begin`` goes out after the response.
        """
        config = hub.config
        session = cls(hub, runner, transport.fileno(), greedy=config.ssl_context is not None)
        protocol = Protocol(
            Side.SERVER,
            max_message_size=config.max_message_size,
            max_fragments=config.max_fragments,
            small_size=config.buffers.small_size,
            lender=hub.large,
            deflate=handshake.extensions,
            compression=config.compression,
        )
        outbound = Outbound(
            transport, session, limit=config.max_write_buffer, timeout=config.write_timeout
        )
        outbound.hold()  # until begin()
        session._outbound = outbound
        session.conn = Conn(
            protocol, outbound, handshake.remote_address or "", handshake.subprotocol
        )
        watching.opened(Side.SERVER, session.conn, handshake, hub.server)
        return session

    def begin(
        self, handler: Handler, response: bytes, leftover: bytes, register: Callable[[], None]
    ) -> None:
        """Send ``response``, start the handler and take the first turn, in the calling thread.

        ``register`` has the runner give turns to this session from then on.
        """
        with self._turn:
            self._handler = handler
            self._leftover = leftover
            register()
            # Before the peer knows that it is connected: a test may move the clock then.
            self._keep_alive()
            watching.begun(self.conn, self._hub.server)
            self._outbound.open(response)
            self._start(handler)
            if (stopping := self._hub.stopping) is not None:
                # It may have gone over the connections before this was one of them.
                self.conn.close(*stopping)
        # What arrived before was reported to the predecessor or to nobody, so look.
        self.on_ready(0)

    def _keep_alive(self) -> None:
        interval = self._hub.config.ping_interval
        if interval is not None:
            due = self._hub.monitor.clock() + interval
            keepalive = Keepalive(self._hub, self, due)
            self._alarm = self._hub.monitor.add_alarm(due, keepalive)

    def _start(self, handler: Handler) -> None:
        try:
            self._hub.handlers.after_init(handler, self._hub.app)
        except BaseException as error:
            self._handler_failed("after_init", error)

    # -- Engine --------------------------------------------------------------------------------

    def watch_writable(self, outbound: Outbound) -> None:
        """Have the monitor drain ``outbound`` when the socket can take more."""
        self._hub.monitor.watch_writable(outbound)

    def flush_soon(self, outbound: Outbound) -> None:
        """Have the monitor flush ``outbound`` within 5 ms, if this thread does not before."""
        self._hub.monitor.flush_soon(outbound)

    def attend(self) -> None:
        """Take a turn soon."""
        self._runner.post(self)

    # -- reading -------------------------------------------------------------------------------

    def step(self) -> None:
        """Read once and deliver what came."""
        if self._phase is not _OPEN:
            self._linger()
            return
        conn, outbound = self.conn, self._outbound
        protocol = conn._protocol
        if outbound.lost:
            self._end()
            return
        if not protocol.writable:
            self._settle()
            return
        if outbound.blocked:
            self._stalled = True  # the peer does not read, so we do not; drain() attends us again
            return
        if self._stalled or self._leftover:
            self._catch_up()
            if self._stalled or self._phase is not _OPEN:
                return
        parser = protocol.parser
        if parser.buffer is None:
            self._borrow()
        target = parser.target()
        try:
            count = outbound.transport.recv_into(target)
        except BlockingIOError:
            self._rest()
            return
        except OSError as error:
            log.warning("%s: read failed: %s", format_address(self.conn.address), error)
            count = 0
        if not count:
            self._end()
            return
        conn._received += count
        full = count == len(target)
        parser.received(count)
        self._deliver(conn, outbound, self._hub)
        if self._phase is _OPEN:
            if self._hub.pooled:
                self._rest()
            if full or self._greedy or self.hung_up:
                self._runner.again(self)

    def _deliver(self, conn: Conn, outbound: Outbound, hub: Hub) -> None:
        """Hand what the parser has to the handler, until that is all or the peer must read.

        The arguments are this object's own; every look-up saved here is saved for each message.
        """
        protocol, handler = conn._protocol, self._handler
        assert handler is not None
        parser, plain, opcode = protocol.parser, hub.plain, 0
        try:
            while (event := protocol.next_event()) is not None:
                # Replies are gathered while more of the same read waits, else sent at once.
                more = parser.start < parser.end
                if more is not outbound.gathering:
                    outbound.gathering = more
                opcode, data = event
                if opcode > 2:
                    self._control(event)
                elif plain:
                    conn._messages_in += 1
                    handler.client_message(data)
                else:
                    self._message(handler, event)
                if outbound.blocked:
                    self._stalled = True
                    break
                if not more or not protocol.writable:
                    break  # all of the read is delivered, so asking again would be for nothing
        except ProtocolError as error:
            if error is not protocol.failed:
                self._handler_failed(_CALLBACKS[opcode], error)
            else:
                self._violation(error)
        except BaseException as error:  # SystemExit too: it must not end the thread
            self._handler_failed(_CALLBACKS[opcode], error)
        outbound.gathering = False
        if outbound.queued:
            with outbound.lock:
                outbound.flush()
        if not protocol.writable or outbound.lost:
            self._settle()

    def _message(self, handler: Handler, event: Event) -> None:
        """Deliver a message that needs more than ``client_message(data)``."""
        opcode, data = event
        self._log(opcode)
        self.conn._messages_in += 1
        if self._hub.handlers.plain:
            handler.client_message(data)
        else:
            self._hub.handlers.message(handler, opcode, data, self._runner.scratch())

    def _log(self, opcode: int) -> None:
        if self._hub.chatty:
            kind = MessageType(opcode).name.lower()
            log.debug("%s: %s", format_address(self.conn.address), kind)

    def _catch_up(self) -> None:
        """Deliver what waited: messages behind a slow peer, bytes behind the handshake."""
        self._stalled = False
        parser = self.conn._protocol.parser
        while True:
            if self._leftover:
                self._borrow()
                target = parser.target()
                size = min(len(target), len(self._leftover))
                target[:size], self._leftover = self._leftover[:size], self._leftover[size:]
                self.conn._received += size
                parser.received(size)
            self._deliver(self.conn, self._outbound, self._hub)
            if self._stalled or self._phase is not _OPEN or not self._leftover:
                return

    def _borrow(self) -> None:
        """See that there is a small buffer to read into."""
        parser, hub = self.conn._protocol.parser, self._hub
        if hub.pooled and parser.buffer is None:
            parser.buffer = hub.small.lend(hub.config.buffers.small_size)

    def _rest(self) -> None:
        """Give the small buffer back to its pool if nothing is in it."""
        parser = self.conn._protocol.parser
        if self._hub.pooled and parser.buffer is not None and parser.idle:
            self._hub.small.release(parser.buffer)
            parser.buffer = None

    def _control(self, event: Event) -> None:
        opcode, data = event
        self._log(opcode)
        handlers, handler = self._hub.handlers, self._handler
        assert isinstance(data, bytes)
        if opcode == PING:
            if handlers.has_ping:
                handler.client_ping(data)  # type: ignore[union-attr]
            else:
                self._reply(event)
        elif opcode == PONG:
            self.conn._pong(data)
            if handlers.has_pong:
                handler.client_pong(data)  # type: ignore[union-attr]
        else:
            if handlers.has_close_frame:
                handler.client_close(data)  # type: ignore[union-attr]
            # §5.5.1: an endpoint MUST answer a close frame; so if the handler did not, we do.
            self._reply(event)

    def _reply(self, event: Event) -> None:
        outbound = self._outbound
        with outbound.lock:
            frame = self.conn._protocol.reply(event)
            if frame and not outbound.lost:
                outbound.put(frame)

    # -- ending --------------------------------------------------------------------------------

    def _violation(self, error: ProtocolError) -> None:
        log.debug("%s: %s", format_address(self.conn.address), error)
        self._outbound.gathering = False
        with self._outbound.lock:
            frame = self.conn._protocol.fail(error)
            if frame and not self._outbound.lost:
                self._outbound.put(frame)

    def _handler_failed(self, method: str, error: BaseException) -> None:
        if isinstance(error, ConnectionClosed) and self.conn.is_closed:
            return  # it wrote to a peer that is gone: no fault of its own
        level = logging.ERROR if method in _ESSENTIAL else logging.WARNING
        log.log(level, "%s: %s raised", format_address(self.conn.address), method, exc_info=error)
        watching.failed(self.conn, method, error)
        self.conn.close(1011, "handler failed")

    def _settle(self) -> None:
        """Nothing more can be written: the handler ends now, the socket when the peer agrees."""
        self._phase = _LINGERING
        self._lingering = Linger(self.conn)
        self._deadline = self._hub.monitor.clock() + self._hub.config.close_timeout
        self._call_off()
        self._alarm = self._hub.monitor.add_alarm(self._deadline, self)
        self._close_handler()
        if self._outbound.lost:
            self._end()
        else:
            self._runner.again(self)

    def _linger(self) -> None:
        if self._lingering is None:
            return  # gone
        if self._outbound.lost or self._hub.monitor.clock() >= self._deadline:
            self._end()
            return
        self._borrow()
        progress = self._lingering.step()
        self._rest()
        if progress is Progress.OVER:
            self._end()
        elif progress is Progress.MORE:
            self._runner.again(self)

    def _end(self) -> None:
        if self._phase is _GONE:
            return
        self._phase = _GONE
        self._lingering = None
        self._call_off()
        outbound, parser = self._outbound, self.conn._protocol.parser
        with outbound.lock:
            outbound.abandon()
            if parser.buffer is not None and self._hub.pooled:
                self._hub.small.release(parser.buffer)
            self.conn._protocol.lose()
        self._close_handler()
        self._runner.forget(self, self.fd)
        self._hub.end_session(self)  # before the peer can see the end, and perhaps come again
        with outbound.lock:  # nobody is in a call on the descriptor, which may soon be another's
            if outbound.watched:
                self._hub.monitor.retire(outbound)
            else:
                outbound.transport.close()
        log.debug("%s: closed %s", format_address(self.conn.address), self.conn.close_code)
        watching.ended(self.conn)

    def _call_off(self) -> None:
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.cancel()

    def _close_handler(self) -> None:
        handler, self._handler = self._handler, None
        if handler is None or not self._hub.handlers.has_close:
            return
        try:
            handler.close()  # type: ignore[attr-defined]
        except BaseException as error:
            log.exception("%s: close raised", format_address(self.conn.address))
            watching.failed(self.conn, "close", error)

    def _shutdown(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._outbound.transport.shutdown(how)

    def force_end(self) -> None:
        """End the connection now, whatever the peer does; callable from any thread."""
        with self._outbound.lock:
            self._outbound.fail()
            self._shutdown(socket.SHUT_RDWR)

    def on_timer(self, now: float) -> float | None:
        """End the linger; called on the monitor's thread."""
        if self._phase is _LINGERING:
            self.force_end()
        return None
