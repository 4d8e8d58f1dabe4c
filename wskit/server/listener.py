"""Listening sockets: made as the configuration says, accepting in bursts, never spinning."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator

from ..conn import Address
from .config import ServerConfig
from .hub import Hub, log
from .turns import Turns

__all__ = ["Listener", "listen_on", "peer_address"]

_KERNEL_BACKLOG = 1024
_BURST = 64  # connections accepted in one turn, before others get theirs
_PAUSE = 0.1  # seconds without accepting after the system ran out of something
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def listen_on(config: ServerConfig) -> socket.socket:
    """Return a listening, non-blocking socket; OSError as the system says, names resolved."""
    return _listen_unix(config) if config.unix_path is not None else _listen_tcp(config)


def peer_address(address: object) -> Address:
    """Return what ``accept`` says of the peer in wskit's form."""
    if isinstance(address, tuple):
        return str(address[0]), int(address[1])
    return address if isinstance(address, str) else ""


def _listen_tcp(config: ServerConfig) -> socket.socket:
    infos = socket.getaddrinfo(
        config.address, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = infos[0]
    sock = socket.socket(family, kind, protocol)
    with _closed_on_error(sock):
        if os.name != "nt":  # there it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if config.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Accepted sockets inherit it, which saves a system call each.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(address)
        sock.listen(_KERNEL_BACKLOG)
        sock.setblocking(False)
    return sock


def _listen_unix(config: ServerConfig) -> socket.socket:
    path = config.unix_path
    assert path is not None
    if not hasattr(socket, "AF_UNIX"):
        raise OSError(errno.EAFNOSUPPORT, "unix_path: this system has no Unix sockets")
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _closed_on_error(sock):
        sock.bind(path)
        if config.unix_mode is not None:
            os.chmod(path, config.unix_mode)
        sock.listen(_KERNEL_BACKLOG)
        sock.setblocking(False)
    return sock


def _remove_stale(path: str) -> None:
    """Remove the socket of a server that is gone; never a file, never a socket in use."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "unix_path: exists and is not a socket", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return
        except FileNotFoundError:
            return  # its server has just removed it
        except BlockingIOError:
            pass  # its backlog is full: somebody listens
    raise OSError(errno.EADDRINUSE, "unix_path: another server listens there", path)


@contextlib.contextmanager
def _closed_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise


class Listener(Turns):
    """Accepts and admits connections; while the server is full it waits for a slot to be free."""

    __slots__ = ("_admit", "_hub", "_pause", "exhausted", "sock")

    def __init__(
        self,
        hub: Hub,
        sock: socket.socket,
        admit: Callable[[socket.socket, Address, bool], None],
        pause: Callable[[], None],
    ) -> None:
        """``admit`` takes what was accepted, ``pause`` has ``step`` no longer called."""
        super().__init__(sock.fileno())
        self._hub = hub
        self.sock = sock
        self._admit = admit
        self._pause = pause
        self.exhausted = False  # the system is, of descriptors or memory; a slot will not help

    def step(self) -> None:
        """Accept what waits, up to a burst."""
        for _ in range(_BURST):
            if self._hub.stopping:
                return
            counted = self._hub.take_slot()
            if counted is None:
                self._pause()
                return
            accepted = self._accept()
            if accepted is None:
                self._hub.end_pending(counted)
                return
            # Whoever had the last slot may have left before this one came.
            counted = counted or not self._hub.keeps_refusing()
            if not self._admitted(*accepted, counted):
                self._hub.end_pending(counted)
                return

    def _accept(self) -> tuple[socket.socket, object] | None:
        try:
            accepted: tuple[socket.socket, object] = self.sock.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return None
        except OSError as error:
            if not self._hub.stopping:
                log.error("accept failed: %s", error)
            self._pause_if_exhausted(error)
            return None
        return accepted

    def _admitted(self, sock: socket.socket, address: object, counted: bool) -> bool:
        sock.setblocking(False)
        try:
            self._admit(sock, peer_address(address), counted)
        except Exception as error:
            log.exception("connection could not be admitted")
            self._pause_if_exhausted(error)
            sock.close()
            return False
        return True

    def _pause_if_exhausted(self, error: Exception) -> None:
        if isinstance(error, OSError) and error.errno in _EXHAUSTED:
            self.exhausted = True
            self._pause()
            self._hub.monitor.add_timer(time.monotonic() + _PAUSE, self)

    def on_timer(self, now: float) -> float | None:
        """The pause after running out of descriptors is over."""
        self.exhausted = False
        self._hub.monitor.slot_freed()
        return None
