"""The first part of a client's connection: TLS, the head of its request, a refusal of our own."""

from __future__ import annotations

import contextlib
import socket
import ssl
from http import HTTPStatus

from ..deadlines import Deadline
from ..tls import TLSSocket
from ..waiting import wait_readable, wait_writable
from .heads import LIMIT, RequestHead, head_end

__all__ = ["Refusal", "read_request", "refuse", "secured"]

Transport = socket.socket | TLSSocket

_READ = 65536  # bytes at once
_LINGER = 1.0  # seconds in which the client may read a refusal
_METHOD = 64  # bytes within which the first blank of a request must come


class Refusal(Exception):
    """What the client is told instead of being led to the server."""

    def __init__(self, status: int, reason: str, request: RequestHead | None = None) -> None:
        """``reason`` is one line; ``request`` what was asked, if that is known."""
        super().__init__(reason)
        self.status = status
        self.request = request

    @property
    def body(self) -> bytes:
        """What the answer says."""
        return f"{self}\n".encode()

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The header fields of the answer."""
        return (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(self.body))),
            ("Connection", "close"),
        )


def secured(client: socket.socket, context: ssl.SSLContext) -> TLSSocket:
    """Return ``client`` under TLS; the TLS handshake is done by what reads first."""
    return TLSSocket(client, context, server_side=True)


def read_request(client: Transport, deadline: Deadline) -> tuple[RequestHead, bytes]:
    """Return the head of a request, and what came behind it.

    Raises Refusal for what is none, too long or too late, OSError if the client leaves.
    """
    data = bytearray()
    while True:
        before = len(data)
        try:
            received = _receive(client, deadline)
        except TimeoutError:
            if not data:  # a connection that a browser keeps in hand, most likely
                raise
            raise Refusal(408, "the request took too long") from None
        if not received:
            raise ConnectionAbortedError("the client left before its request was whole")
        data += received
        end = head_end(data, before)
        _check(data, end)
        if end >= 0:
            return _parsed(bytes(data[:end])), bytes(data[end:])


def refuse(client: Transport, refusal: Refusal) -> None:
    """Answer ``client`` and close its connection so that the answer arrives."""
    status = HTTPStatus(refusal.status)
    lines = [f"HTTP/1.1 {status} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in refusal.fields]
    answer = "\r\n".join((*lines, "", "")).encode() + refusal.body
    deadline = Deadline(_LINGER)
    with contextlib.suppress(OSError):
        _send(client, answer, deadline)
        client.shutdown(socket.SHUT_WR)
        # To close with input unread would reset the connection, and destroy the answer.
        while _receive(client, deadline):
            pass
    client.close()


def _check(data: bytearray, end: int) -> None:
    """Refuse early what will not become a request."""
    if b" " not in data[:_METHOD] and (len(data) >= _METHOD or end >= 0 or b"\n" in data):
        raise Refusal(400, "this is no HTTP/1.1 request")
    if end > LIMIT or (end < 0 and len(data) > LIMIT):
        raise Refusal(431, f"the head of a request may have {LIMIT} bytes")


def _parsed(raw: bytes) -> RequestHead:
    try:
        return RequestHead.parsed(raw)
    except ValueError as error:
        raise Refusal(400, str(error)) from None


def _receive(client: Transport, deadline: Deadline) -> bytes:
    while True:
        left = deadline.left("the client")
        try:
            return client.recv(_READ)
        except BlockingIOError:
            if isinstance(client, TLSSocket) and client.wants_write:
                wait_writable(client.fileno(), left)
            else:
                wait_readable([client.fileno()], left)


def _send(client: Transport, data: bytes, deadline: Deadline) -> None:
    while data:
        left = deadline.left("the client")
        try:
            data = data[client.send(data) :]
        except BlockingIOError:
            wait_writable(client.fileno(), left)
