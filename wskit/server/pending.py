"""The opening handshake of one connection on the server, TLS included.

The law of this file: a peer that is refused is told why with an HTTP status, and a peer that is
slow, silent or many costs no thread and no more than ``handshake.max_size`` bytes.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from typing import TYPE_CHECKING

from .. import watching
from ..conn import Address, Conn, format_address
from ..errors import HandshakeError, HandshakeRejected
from ..primitives import direct
from ..protocol.handshake import (
    Handshake,
    accept_response,
    check_origin,
    error_response,
    negotiate,
)
from ..protocol.request import RequestReader
from .handlers import Handler
from .hub import Hub, Runner, log
from .poller import HUNG_UP
from .session import Session
from .turns import Turns

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Pending"]

# After an HTTP refusal the peer gets this long to read it and hang up, in seconds.
_LINGER = 1.0
_RETRY = 0.01  # TLS wants to write in mid-handshake: rare, so it is simply tried again


class Pending(Turns):
    """A connection whose opening handshake is not done."""

    __slots__ = (
        "_address",
        "_alarm",
        "_counted",
        "_deadline",
        "_done",
        "_expired",
        "_hub",
        "_reader",
        "_refused",
        "_runner",
        "_session",
        "_tls",
        "_transport",
    )

    def __init__(
        self, hub: Hub, runner: Runner, sock: socket.socket, address: Address, counted: bool
    ) -> None:
        """Take over ``sock``, non-blocking; ``counted`` False means that it will get 503."""
        super().__init__(sock.fileno())
        self._hub = hub
        self._runner = runner
        self._address = address
        self._counted = counted
        self._tls: TLSSocket | None = None
        self._transport: socket.socket | TLSSocket = sock
        limits = hub.config.handshake
        self._reader = RequestReader(limits.max_size, limits.max_headers, limits.max_res_headers)
        self._session: Session | None = None  # what it led to
        self._refused = False
        self._done = False
        self._expired = False
        self._deadline = hub.monitor.clock() + limits.timeout
        if hub.config.ssl_context is not None:
            self._begin_tls(sock)
        self._alarm = hub.monitor.add_alarm(self._deadline, self)

    def on_timer(self, now: float) -> float | None:
        """Answer 408 to who is too slow; end what lingers."""
        if self._done:
            return None
        self._expired = True
        self._runner.post(self)
        return None

    def retry(self) -> None:
        """Go on with TLS; callable from any thread."""
        self._runner.post(self)

    def force_end(self) -> None:
        """End it now; callable from any thread."""
        self._expired = self._refused = True
        self._runner.post(self)

    def discard(self) -> None:
        """Forget it: it could not be admitted, and is not counted here; the socket stays."""
        self._done = True
        self._alarm.cancel()
        with contextlib.suppress(OSError):  # the poller may not know it
            self._runner.forget(self, self.fd)

    def step(self) -> None:
        """Go on as far as the bytes allow."""
        if self._done:
            if self._session is not None:  # whoever called had looked before it was replaced
                self._session.on_ready(HUNG_UP if self.hung_up else 0)
            return
        try:
            if self._expired:
                self._expire()
            elif self._tls is None or self._go_on_with_tls(self._tls):
                self._read()
        except BlockingIOError:
            pass
        except OSError as error:
            log.debug("%s: gone in the handshake: %s", format_address(self._address), error)
            self._hang_up()

    def _expire(self) -> None:
        if self._refused or self._tls is not None:
            self._end()
        else:
            error = [("Error", "timeout")]
            self._refuse(HandshakeError(408, "the handshake took too long", headers=error))

    def _begin_tls(self, sock: socket.socket) -> None:
        from ..tls import TLSSocket

        context = self._hub.config.ssl_context
        assert context is not None
        self._tls = self._transport = TLSSocket(sock, context, server_side=True)

    def _go_on_with_tls(self, tls: TLSSocket) -> bool:
        try:
            tls.do_handshake()
        except BlockingIOError:
            if tls.wants_write:
                self._hub.monitor.add_timer(time.monotonic() + _RETRY, _Retry(self))
            return False
        self._tls = None
        return True

    def _read(self) -> None:
        data = self._transport.recv(self._hub.config.handshake.max_size)
        if not data:
            self._hang_up()
        elif not self._refused:
            self._feed(data)
        if not self._done:
            self._runner.again(self)  # others first: a peer that never stops has no thread for it

    def _feed(self, data: bytes) -> None:
        try:
            handshake = self._reader.feed(data)
            if handshake is not None:
                self._accept(handshake)
        except HandshakeError as error:
            self._refuse(error)

    def _accept(self, handshake: Handshake) -> None:
        config = self._hub.config
        if not self._counted:
            raise HandshakeError(503, "too many connections")
        if self._hub.stopping:
            raise HandshakeError(503, "the server is stopping")
        check_origin(handshake, config.origins)
        handshake.remote_address = self._address
        negotiate(handshake, subprotocols=config.subprotocols, compression=config.compression)
        self._open(handshake)

    def _open(self, handshake: Handshake) -> None:
        session = Session.make(self._hub, self._runner, direct(self._transport), handshake)
        handler = self._make_handler(handshake, session.conn)
        response = self._response(handshake, session.conn)
        # From here on the connection counts as open, even if the 101 meets a dead socket: its
        # handler exists, so its close() must be called.
        self._done = True
        self._alarm.cancel()
        self._session = session
        session.hung_up = self.hung_up
        self._hub.opened()
        log.debug("%s: open", format_address(self._address))
        leftover = self._reader.leftover
        session.begin(handler, response, leftover, lambda: self._runner.replace(self, session))

    def _make_handler(self, handshake: Handshake, conn: Conn) -> Handler:
        try:
            return self._hub.handlers.make(handshake, conn, self._hub.app)
        except BaseException as error:  # SystemExit too: it must not end the thread
            conn._discard()
            answer = self._answer_to(error)
        raise answer

    def _answer_to(self, error: BaseException) -> HandshakeError:
        """Return what to tell the peer after ``error`` in the handler's ``__init__``."""
        failed = "__init__"
        try:
            answer = self._hub.handlers.error_response(error)
            if answer is not None:
                return answer
        except BaseException as another:
            failed, error = "handshake_error_response", another
        if isinstance(error, HandshakeRejected):
            return error
        log.error("%s: %s raised", format_address(self._address), failed, exc_info=error)
        watching.failed(None, failed, error)
        return HandshakeError(500, "internal server error")

    def _response(self, handshake: Handshake, conn: Conn) -> bytes:
        try:
            response = accept_response(handshake)
        except ValueError as error:  # the handler chose a subprotocol that was not offered
            conn._discard()
            log.exception("%s: handshake cannot be answered", format_address(self._address))
            raise HandshakeError(500, "internal server error") from error
        conn.subprotocol = handshake.subprotocol
        return response

    def _refuse(self, error: HandshakeError) -> None:
        error, answer = self._answer(error)
        level = logging.WARNING if error.status == 431 else logging.DEBUG
        who = format_address(self._address)
        log.log(level, "%s: refused with %d: %s", who, error.status, error)
        self._hub.refused(error.status)
        watching.refused(self._address, error, self._hub.server)
        self._refused = True
        self._expired = False
        self._deadline = self._hub.monitor.clock() + _LINGER
        self._alarm.cancel()
        self._alarm = self._hub.monitor.add_alarm(self._deadline, self)
        # It fits into the empty send buffer of a new connection; if not, the peer is hostile.
        with contextlib.suppress(BlockingIOError):
            self._transport.send(answer)
        # Closing with input unread would reset the connection and could destroy the answer, so
        # the rest is read until the peer hangs up.
        self._transport.shutdown(socket.SHUT_WR)

    def _answer(self, error: HandshakeError) -> tuple[HandshakeError, bytes]:
        """Return the response to send, and what it says: another error where it cannot be sent."""
        try:
            return error, error_response(error)
        except ValueError:  # headers that the handler gave
            log.exception("%s: the refusal cannot be sent", format_address(self._address))
            error = HandshakeError(500, "internal server error")
            return error, error_response(error)

    def _hang_up(self) -> None:
        if not self._refused:
            self._hub.refused(0)
        self._end()

    def _end(self) -> None:
        self._done = True
        self._alarm.cancel()
        self._runner.forget(self, self.fd)
        self._transport.close()
        self._hub.end_pending(self._counted)


class _Retry:
    """Another try of what could not be waited for, in real time."""

    __slots__ = ("_pending",)

    def __init__(self, pending: Pending) -> None:
        self._pending = pending

    def on_timer(self, now: float) -> float | None:
        self._pending.retry()
        return None
