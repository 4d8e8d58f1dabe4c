"""Connected sockets for both ends of a connection in one process."""

from __future__ import annotations

import socket

__all__ = ["socket_pair"]


def socket_pair(*, tcp: bool = False) -> tuple[socket.socket, socket.socket]:
    """Return two connected non-blocking sockets; with ``tcp`` over loopback, else of the kernel."""
    one, other = _tcp_pair() if tcp else socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    return one, other


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        one = socket.create_connection(listener.getsockname())
        try:
            other, address = listener.accept()
            while address != one.getsockname():  # somebody else was quicker
                other.close()
                other, address = listener.accept()
        except BaseException:
            one.close()
            raise
    for sock in (one, other):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one, other
