"""Who may attach: the owner of the process, and no page in a browser.

The law of this file: every check is made before anything is said; a refusal says no more than why.
"""

from __future__ import annotations

import hmac
import os
import re
import socket
import struct

from ..conn import Conn
from ..errors import HandshakeRejected
from ..protocol.handshake import Handshake

__all__ = ["check"]

# What a program calls loopback; a name that an attacker's DNS points here (rebinding) is another.
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(?::(\d+))?", re.IGNORECASE)
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: see unix(7)


def check(handshake: Handshake, conn: Conn, port: int | None, token: str) -> None:
    """Raise HandshakeRejected unless the owner asks.

    ``port`` is the TCP port of the endpoint and ``token`` its secret; None is a Unix socket, where
    the system says who asks.
    """
    if handshake.headers.get_all("origin"):
        raise HandshakeRejected(403, body="browsers may not attach\n")
    _check_host(handshake.headers.get_all("host"), port)
    if port is None:
        _check_user(conn)
    else:
        _check_token(handshake.headers.get_all("authorization"), token)


def _check_host(values: list[str], port: int | None) -> None:
    match = _LOOPBACK.fullmatch(values[0]) if len(values) == 1 else None
    if match is None or (port is not None and match[2] != str(port)):
        raise HandshakeRejected(403, body="the Host must be this endpoint's\n")


def _check_token(values: list[str], token: str) -> None:
    given = values[0] if len(values) == 1 else ""
    # Bytes, as compare_digest takes no text outside ASCII.
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        challenge = [("WWW-Authenticate", "Bearer")]  # RFC 9110 §15.5.2 wants one
        raise HandshakeRejected(401, challenge, body="the token is missing or wrong\n")


def _check_user(conn: Conn) -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        return  # the folder and the mode of the socket have to do
    # Another object for the same socket, as a Transport has no options.
    with socket.socket(fileno=os.dup(conn._outbound.transport.fileno())) as sock:
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    if user not in (0, os.geteuid()):
        raise HandshakeRejected(403, body="another user's process\n")
