"""The opening handshake on the wire: the request goes out, the response comes in, in time."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..deadlines import Deadline
from ..errors import HandshakeError
from ..protocol.response import ClientHandshake, ClientHandshakeResult
from ..waiting import wait_writable

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["exchange"]


def exchange(
    opening: ClientHandshake,
    transport: socket.socket | TLSSocket,
    wait: Callable[[Deadline], bool],
    deadline: Deadline,
) -> ClientHandshakeResult:
    """Send the request, return the response; ``wait`` waits until ``transport`` is readable.

    Raises HandshakeError for a refusal, TimeoutError, OSError. What came after the response is
    ``opening.leftover``.
    """
    _send(opening.request(), transport, deadline)
    response = None
    try:
        while response is None:
            data = _receive(transport, wait, deadline)
            if not data:
                opening.eof()
            response = opening.feed(data)
    except TimeoutError as late:
        try:
            opening.eof()
        except HandshakeError as refusal:
            # A refusal says more than its body's missing end.
            raise (refusal if refusal.status else late) from None
    return response


def _send(request: bytes, transport: socket.socket | TLSSocket, deadline: Deadline) -> None:
    while request:
        left = deadline.left("the handshake")
        try:
            request = request[transport.send(request) :]
        except BlockingIOError:
            wait_writable(transport.fileno(), left)


def _receive(
    transport: socket.socket | TLSSocket, wait: Callable[[Deadline], bool], deadline: Deadline
) -> bytes:
    while True:
        deadline.left("the handshake")
        try:
            return transport.recv(4096)
        except BlockingIOError:
            wait(deadline)
        except ConnectionError:
            return b""  # a server that refuses may reset the connection right after it
