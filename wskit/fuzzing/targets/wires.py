"""Plays the other end of a real connection over a socket pair: sends a stream, reads to the end."""

from __future__ import annotations

import select
import socket
import time

from ..checks import LIVE, Violation

__all__ = ["PATIENCE", "converse", "pair", "read_head"]

PATIENCE = 10.0
"""Seconds in which any conversation here has long ended; only a hang takes that long."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that do not block."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def converse(sock: socket.socket, pieces: list[bytes]) -> bytes:
    """Send ``pieces``, one after the other, then FIN; return all that comes until the end.

    Raises Violation of LIVE where there is no end.
    """
    received, rest = bytearray(), list(pieces)
    deadline = time.monotonic() + PATIENCE
    unsent = memoryview(b"")
    finished = False
    poller = select.poll()
    while True:
        if not unsent and rest:
            unsent = memoryview(rest.pop(0))
            continue
        if not unsent and not finished:
            finished = True
            _finish(sock)
        poller.register(sock, select.POLLIN | (select.POLLOUT if unsent else 0))
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise Violation(LIVE, f"no end within {PATIENCE:g} s", "hang")
        if unsent:
            unsent = _sent(sock, unsent)
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            continue
        except ConnectionError:
            return bytes(received)
        if not data:
            return bytes(received)
        received += data


def read_head(sock: socket.socket) -> bytes:
    """Return the bytes up to a blank line."""
    head = b""
    deadline = time.monotonic() + PATIENCE
    while b"\r\n\r\n" not in head:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            raise Violation(LIVE, f"no head within {PATIENCE:g} s", "no head")
        data = sock.recv(65536)
        if not data:
            raise Violation(LIVE, "the connection ended before its head", "no head")
        head += data
    return head


def _sent(sock: socket.socket, data: memoryview) -> memoryview:
    try:
        return data[sock.send(data) :]
    except BlockingIOError:
        return data
    except OSError:  # it has closed: what it said before is still to be read
        return memoryview(b"")


def _finish(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        return
