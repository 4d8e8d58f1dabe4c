"""From a configuration to a connected transport: addresses, proxy, TLS, under one deadline."""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import TYPE_CHECKING

from ..deadlines import Deadline
from ..waiting import wait_readable, wait_writable
from .config import ClientConfig
from .proxies import choose_proxy, open_tunnel

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["connect_tcp", "dial"]

_RETRY = 0.01  # seconds


def dial(config: ClientConfig, sock: socket.socket | None = None) -> socket.socket | TLSSocket:
    """Return a non-blocking transport to where ``config`` says, or over ``sock``; TLS done.

    Raises OSError (TimeoutError when ``connect_timeout`` has passed) and leaves nothing open. Name
    resolution is the system's and has its own time limits.
    """
    deadline = Deadline(config.connect_timeout)
    if sock is None:
        sock = _connect(config, deadline)
    try:
        sock.setblocking(False)
        if sock.family != getattr(socket, "AF_UNIX", None):
            # One frame is one send, so Nagle has nothing to gather; with it a reply waits 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _start_tls(sock, config, deadline) if config.tls else sock
    except BaseException:
        sock.close()
        raise


def connect_tcp(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of ``host`` that answers; they share the time that is left."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(infos):
        left = deadline.left(f"connecting to {host}:{port}")
        sock = socket.socket(family, kind, protocol)
        try:
            _connect_address(sock, address, None if left is None else left / (len(infos) - tried))
            return sock
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure if failure is not None else OSError(f"{host} has no address")


def _connect(config: ClientConfig, deadline: Deadline) -> socket.socket:
    if config.unix_path is not None:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError(errno.EAFNOSUPPORT, "unix_path: this system has no Unix sockets")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _connect_address(sock, config.unix_path, deadline.left("connecting"))
        except BaseException:
            sock.close()
            raise
        return sock
    proxy = choose_proxy(config)
    if proxy is not None:
        return open_tunnel(proxy, config.host, config.port, deadline, connect_tcp)
    return connect_tcp(config.host, config.port, deadline)


def _connect_address(sock: socket.socket, address: object, timeout: float | None) -> None:
    sock.setblocking(False)
    deadline = Deadline(timeout)
    code = sock.connect_ex(address)  # type: ignore[arg-type]
    while code == errno.EAGAIN and not deadline.passed:
        # The backlog of a Unix socket is full, and there is nothing that could be waited for.
        time.sleep(_RETRY)
        code = sock.connect_ex(address)  # type: ignore[arg-type]
    if code == errno.EINPROGRESS:
        in_time = wait_writable(sock.fileno(), deadline.remaining)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if in_time else errno.EAGAIN
    if code == errno.EAGAIN:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    if code:
        raise OSError(code, os.strerror(code))  # the subclass that belongs to the code


def _start_tls(sock: socket.socket, config: ClientConfig, deadline: Deadline) -> TLSSocket:
    import ssl

    from ..tls import TLSSocket

    context = config.ssl_context or ssl.create_default_context()
    name = config.server_hostname or config.host
    tls = TLSSocket(sock, context, server_side=False, server_hostname=name)
    try:
        while True:
            left = deadline.left("the TLS handshake")
            try:
                tls.do_handshake()
                return tls
            except BlockingIOError:
                if tls.wants_write:
                    wait_writable(tls.fileno(), left)
                else:
                    wait_readable([tls.fileno()], left)
    except BaseException:
        tls.close()
        raise
