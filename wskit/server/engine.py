"""One run of a server, from bound socket to the last joined thread.

The law of this file: what decides the life of the server (accepting, stopping) is done on the
monitor's thread, so none of it needs a lock, and ``stop`` may come from anywhere.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator

from .. import watching
from ..conn import Address, Conn
from ..primitives import direct
from ..protocol.handshake import Handshake
from ..timers import Clock
from .config import ServerConfig, blocking_mode
from .handlers import HandlerClass
from .hub import Hub, Runner, log
from .listener import Listener, listen_on, peer_address
from .monitor import Monitor
from .pending import Pending
from .session import Session
from .threads import ConnectionThread
from .turns import Turns
from .worker import Worker

__all__ = ["Engine"]

_FORCED = 1.0  # seconds that handlers get after their connections were cut
_JOIN = 1.0  # seconds that threads get to end after that


class Engine:
    """Everything that runs. ``run`` is for one thread, the rest for any."""

    def __init__(
        self,
        config: ServerConfig,
        handlers: HandlerClass,
        app: object,
        server: object = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Bind and listen for ``server``; raises OSError, with nothing left open."""
        self._config = config
        self._server = server
        self._sock = listen_on(config) if config.port is not None else None
        self.address = self._bound_address()
        self.monitor = Monitor(clock)
        self.hub = Hub(config, handlers, self.monitor)
        self.hub.app, self.hub.server = app, server
        self._blocking = config.blocking or blocking_mode()
        count = 0 if self._blocking else config.worker_count
        self.workers = [Worker(self.hub, index) for index in range(count)]
        self._next_worker = itertools.cycle(self.workers)
        self.connection_threads: set[ConnectionThread] = set()
        self._listeners: list[tuple[Listener, Worker | None]] = []
        self._pausing = threading.Lock()  # guards _paused, and whether listeners are watched
        self._paused: list[tuple[Listener, Worker | None]] = []
        self._thread = 0  # the ident of the one that runs the monitor
        self.foreground = 0  # ... and of the main thread, where that only waits for it
        self.thread: threading.Thread | None = None  # made for it alone: a stop joins that too
        self._stop: tuple[int, str, float] | None = None
        self._ending: set[threading.Thread] = set()  # those there were when the stop began
        self.done = threading.Event()

    def run(self) -> None:
        """Serve until stopped, then join everything."""
        self._thread = threading.get_ident()
        try:
            self._serve()
        finally:
            try:
                self._shut_down()
                watching.stopped(self._server)
            finally:
                self.done.set()

    def abandon(self) -> None:
        """Close what was opened: no thread could be had to run it."""
        self.thread = None
        self.request_stop(1001, "", 0.0)
        with contextlib.suppress(RuntimeError):  # there is none for the workers either
            self.run()

    def _serve(self) -> None:
        try:
            for worker in self.workers:
                worker.start()
                self.monitor.supervise(worker)
            self._listen()
            self.monitor.run()
        except BaseException:
            # An orderly stop, then it goes on; from the first thread on, since somebody may be
            # connected before the last has started.
            self._begin_stop(1001, "", self._config.close_timeout)
            self.monitor.run()
            raise

    def request_stop(self, code: int, reason: str, timeout: float) -> None:
        """Begin to stop; takes no lock, so a signal handler may call it. Only the first counts."""
        self.monitor.call(lambda: self._begin_stop(code, reason, timeout))

    def is_own_thread(self) -> bool:
        """Whether the calling thread is one that a stop waits for."""
        ident = threading.get_ident()
        return ident in (self._thread, self.foreground) or ident in {
            thread.ident for thread in self._threads()
        }

    def adopt(self, sock: socket.socket, handshake: Handshake | None, leftover: bytes) -> None:
        """Take a connection over; with a ``handshake`` it has been upgraded already."""
        sock.setblocking(False)
        runner = self._runner()
        address = peer_address(_peer_name(sock))
        if handshake is None:
            self.hub.admit_adopted()
            self._admit(runner, Pending(self.hub, runner, sock, address, True))
            return
        if handshake.remote_address is None:
            handshake.remote_address = address
        session = Session.make(self.hub, runner, direct(sock), handshake)
        try:
            handler = self.hub.handlers.make(handshake, session.conn, self.hub.app)
        except BaseException:
            session.conn._discard()
            sock.close()
            if isinstance(runner, ConnectionThread):
                runner.dismiss()
            raise
        self.hub.adopted()
        session.begin(handler, b"", leftover, lambda: self._start(runner, session))
        runner.post(session)  # the first turn was in this thread, which gives no other

    @property
    def connections(self) -> list[Conn]:
        """The connections that still have their sockets, closing ones included."""
        return [session.conn for session in self.sessions]

    @property
    def sessions(self) -> list[Session]:
        """The same with all that belongs to them."""
        return [entry for entry in self.entries() if isinstance(entry, Session)]

    def entries(self) -> Iterator[Turns]:
        """Go over everything that gets turns, in a snapshot."""
        for worker in self.workers:
            yield from worker.entries
        for runner in list(self.connection_threads):
            yield runner.entry

    # -- accepting -----------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._sock is None:
            return
        owners: list[Worker | None] = list(self.workers) or [None]
        for owner in owners:
            pair = self._listener(self._sock, owner)
            self._listeners.append(pair)
            self._resume(pair)

    def _listener(
        self, sock: socket.socket, worker: Worker | None
    ) -> tuple[Listener, Worker | None]:
        def admit(peer: socket.socket, address: Address, counted: bool) -> None:
            runner: Worker | ConnectionThread
            runner = worker if worker is not None else self._runner_thread()
            self._admit(runner, Pending(self.hub, runner, peer, address, counted))

        def pause() -> None:
            with self._pausing:
                if pair not in self._paused:  # two threads may have found the server full
                    self._paused.append(pair)
                    self._withdraw(*pair)
            self.monitor.call(self._await_slot)

        pair = Listener(self.hub, sock, admit, pause), worker
        return pair

    def _withdraw(self, listener: Listener, worker: Worker | None) -> None:
        if worker is not None:
            worker.unlisten(listener.fd)
        else:
            self.monitor.unlisten(listener.fd)

    def _resume(self, pair: tuple[Listener, Worker | None]) -> None:
        listener, worker = pair
        if worker is not None:
            worker.listen(listener.fd, listener)
        else:
            self.monitor.listen(listener.fd, lambda: listener.on_ready(0))

    def _await_slot(self) -> None:
        self.monitor.on_slot_freed = self._slot_freed
        if self.hub.has_slot():
            self._slot_freed()  # one was freed before we began to ask

    def _slot_freed(self) -> None:
        if self._stop is not None:
            self._finish_if_empty()
            return
        with self._pausing:
            for pair in [pair for pair in self._paused if not pair[0].exhausted]:
                self._paused.remove(pair)
                self._resume(pair)
            if not self._paused:
                self.monitor.on_slot_freed = None

    def _runner(self) -> Worker | ConnectionThread:
        return self._runner_thread() if self._blocking else next(self._next_worker)

    def _runner_thread(self) -> ConnectionThread:
        return ConnectionThread(self.hub, self.connection_threads)

    def _admit(self, runner: Runner, pending: Pending) -> None:
        """Give ``pending`` its turns; a timeout or a stop that comes amid that has to wait."""
        if isinstance(runner, Worker):
            try:
                if pending.hold(lambda: runner.add(pending)):
                    runner.post(pending)
            except BaseException:
                pending.discard()
                raise
        else:
            self._start(runner, pending)  # the first turn is that of a thread which it starts
        if self.hub.stopping is not None:
            pending.force_end()  # the stop may have gone over the connections before it was one

    def _start(self, runner: Runner, entry: Pending | Session) -> None:
        if isinstance(runner, ConnectionThread):
            runner.start(entry)
        elif isinstance(runner, Worker):
            runner.add(entry)

    def _bound_address(self) -> Address | None:
        if self._sock is None:
            return None
        return self._config.unix_path or peer_address(self._sock.getsockname())

    # -- stopping (on the monitor's thread) ------------------------------------------------------

    def _begin_stop(self, code: int, reason: str, timeout: float) -> None:
        if self._stop is not None:
            return
        self._stop = (code, reason, time.monotonic() + timeout)
        log.info("stopping")
        self.hub.stopping = (code, reason)
        self._ending = self._threads()
        self._close_listeners()
        self.monitor.on_slot_freed = self._finish_if_empty
        for entry in list(self.entries()):
            if isinstance(entry, Session):
                entry.conn.close(code, reason)
            elif isinstance(entry, Pending):
                entry.force_end()
        self.monitor.add_timer(self._stop[2], self)
        self._finish_if_empty()

    def on_timer(self, now: float) -> float | None:
        """The time for a stop is up: cut what is left, then leave handlers that do not return."""
        cut = [e for e in self.entries() if isinstance(e, Session | Pending)]
        if not cut or (self._stop is not None and now >= self._stop[2] + _FORCED):
            self.monitor.finish()
            return None
        for entry in cut:
            entry.force_end()
        return now + _FORCED

    def _finish_if_empty(self) -> None:
        if not self.hub.busy:
            self.monitor.finish()

    def _close_listeners(self) -> None:
        sock, self._sock = self._sock, None
        if sock is None:
            return  # once only: by now another server may have the path
        with self._pausing:
            for pair in self._listeners:
                self._withdraw(*pair)
            sock.close()
        if self._config.unix_path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._config.unix_path)

    def _shut_down(self) -> None:
        self._close_listeners()
        for worker in self.workers:
            worker.stop()
        deadline = time.monotonic() + _JOIN
        for thread in self._ending | self._threads():
            if thread.ident is None:
                continue  # the start was interrupted before its turn came
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                log.error("%s: its handler does not return and was left behind", thread.name)
        for worker in self.workers:
            worker.close()
        self.monitor.close()
        log.info("stopped")

    def _threads(self) -> set[threading.Thread]:
        pools = {thread for worker in self.workers for thread in worker.threads}
        return pools | {runner.thread for runner in list(self.connection_threads)}


def _peer_name(sock: socket.socket) -> object:
    try:
        return sock.getpeername()
    except OSError:
        return ""
