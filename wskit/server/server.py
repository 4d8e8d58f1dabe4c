"""The server as applications see it."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Literal

from .. import fields, watching
from ..conn import Address, Conn, format_address
from ..protocol.frames import BytesLike, close_payload, frame_bin, frame_text
from ..protocol.handshake import Handshake
from ..stats import ServerStats
from ..timers import Clock
from . import foreground
from .config import ServerConfig
from .engine import Engine
from .handlers import HandlerClass
from .hub import log

__all__ = ["Server"]


class Server:
    """Serves WebSocket connections, one ``Handler`` object for each.

    Handlers are looked at here: TypeError for a wrong signature. Every method may be called from
    any thread. As a context manager it stops on leaving.
    """

    def __init__(
        self,
        Handler: type,
        config: ServerConfig | None = None,
        *,
        clock: Clock = time.monotonic,
        inspect: bool | Literal["tcp"] = False,
    ) -> None:
        """``Handler(handshake, conn[, app])`` needs ``client_message``; the rest is optional.

        ``clock`` returns the seconds by which keepalive, handshake and ``close_timeout`` go; a
        test's is ``wskit.testing.ManualClock``. ``stop`` and waiting to write stay in real time.
        With ``inspect`` the user's ``wskit inspect --attach`` can look on: by a Unix socket, with
        "tcp" by loopback and a token.
        """
        self._handlers = HandlerClass(Handler)
        self.config = config if config is not None else ServerConfig()
        if not isinstance(self.config, ServerConfig):
            raise TypeError(f"config: must be a ServerConfig, not {type(config).__name__}")
        if not callable(clock):
            raise TypeError(f"clock: must be callable, not {type(clock).__name__}")
        fields.inspection(inspect)
        self._clock = clock
        self._inspect = inspect
        self._engine: Engine | None = None

    def listen(self, app: object = None) -> None:
        """Bind, serve, and return when stopped; ``app`` goes to every handler.

        Raises OSError if the address cannot be had, RuntimeError if it is listening already. May
        be called again after a stop.
        """
        engine = self._open(app)
        if threading.current_thread() is threading.main_thread():
            foreground.serve(engine, self.config.close_timeout)
        else:
            engine.run()

    def listen_in_new_thread(self, app: object = None) -> threading.Thread:
        """Bind here, raising as ``listen`` does, and serve in a new thread, which is returned."""
        engine = self._open(app)
        engine.thread = threading.Thread(target=engine.run, name="wskit-server", daemon=True)
        try:
            engine.thread.start()
        except RuntimeError:  # no other: after a Ctrl-C the thread may run
            engine.abandon()
            raise
        return engine.thread

    def stop(self, code: int = 1001, reason: str = "", *, timeout: float | None = None) -> None:
        """Close every connection with ``code``, wait for the peers' halves, join all threads.

        Waits up to ``timeout`` seconds (None: ``close_timeout``) before cutting what is left.
        Idempotent. From a thread of this server, handlers and signal handlers included, it only
        begins the stop. Does nothing before ``listen``. Raises ValueError as ``Conn.close`` does.
        """
        close_payload(code, reason)
        fields.seconds("timeout", timeout, optional=True, zero=True)
        engine = self._engine
        if engine is None:
            return
        engine.request_stop(code, reason, self.config.close_timeout if timeout is None else timeout)
        if not engine.is_own_thread():
            engine.done.wait()
            if engine.thread is not None:
                engine.thread.join()  # it has still to return from ``run``

    def adopt(
        self, sock: socket.socket, handshake: Handshake | None = None, leftover: bytes = b""
    ) -> None:
        """Serve a connection that was accepted elsewhere; ``sock`` belongs to the server now.

        With ``handshake`` it has been upgraded already and ``leftover`` is what was read beyond
        the request; without, the opening handshake is done here. Raises RuntimeError if the server
        does not run, and whatever ``Handler.__init__`` raises.
        """
        if self._engine is None or self._engine.done.is_set():
            raise RuntimeError("the server does not run")
        if leftover and handshake is None:
            raise ValueError("leftover: needs the handshake that it came after")
        self._engine.adopt(sock, handshake, leftover)

    def broadcast(self, data: str | BytesLike) -> int:
        """Send one message to every open connection; return how many took it.

        It is framed once, never compressed, and waits for nobody: a peer whose queue has no room
        under ``max_write_buffer`` does not get it.
        """
        frame = frame_text(data) if isinstance(data, str) else frame_bin(data)
        return sum(conn._offer(frame) for conn in self.connections)

    @property
    def connections(self) -> list[Conn]:
        """The open connections at this moment."""
        if self._engine is None:
            return []
        return [conn for conn in self._engine.connections if not conn.is_closed]

    @property
    def address(self) -> Address | None:
        """Host and port that are listened on, or the Unix socket's path; None before ``listen``."""
        return self._engine.address if self._engine is not None else None

    @property
    def port(self) -> int | None:
        """The TCP port that is listened on; None where there is none."""
        address = self.address
        return address[1] if isinstance(address, tuple) else None

    def stats(self) -> ServerStats:
        """Return the counters since ``listen``; RuntimeError before it."""
        engine = self._engine
        if engine is None:
            raise RuntimeError("the server does not run")
        hub = engine.hub
        gone, failures, pending, sessions = hub.books(engine.sessions)
        live = [session.conn.stats() for session in sessions]
        workers = [] if engine.done.is_set() else engine.workers  # their threads are gone
        threads = list(engine.connection_threads)
        return ServerStats(
            connections=len(live),
            handshakes_pending=pending,
            connections_total=gone.connections,
            messages_in=gone.messages_in + sum(s.messages_in for s in live),
            messages_out=gone.messages_out + sum(s.messages_out for s in live),
            bytes_in=gone.bytes_in + sum(s.bytes_in for s in live),
            bytes_out=gone.bytes_out + sum(s.bytes_out for s in live),
            queued=sum(s.queued for s in live),
            compression_bytes=sum(s.compression_bytes for s in live),
            queue_depth=sum(worker.queue_depth for worker in workers),
            threads=sum(len(worker.threads) for worker in workers) + len(threads),
            threads_busy=sum(w.busy for w in workers) + sum(t.in_turn for t in threads),
            handshake_failures=failures,
            small_buffers=hub.small.stats(),
            large_buffers=hub.large.stats(),
        )

    def __enter__(self) -> Server:
        """Return the server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _open(self, app: object) -> Engine:
        if self._engine is not None and not self._engine.done.is_set():
            raise RuntimeError("the server is listening already")
        watching.offer(self, self._inspect)
        try:
            self._engine = Engine(self.config, self._handlers, app, self, self._clock)
        except BaseException:
            watching.withdraw(self, self._inspect)
            raise
        watching.started(self)
        address = self._engine.address
        log.info("listening on %s", format_address(address) if address is not None else "nothing")
        return self._engine
