"""The errors of wskit, one small tree; each says what goes on the wire.

WebSocketError
├── ProtocolError        the peer broke RFC 6455           close_code 1002
│   ├── InvalidPayload   its data is not what it claims    close_code 1007
│   └── MessageTooBig    a limit of this end was passed    close_code 1009
├── ConnectionClosed     the connection is over            code, reason
│   └── WriteTimeout     ... because the peer does not read
└── HandshakeError       the opening handshake failed      status, headers, body
    └── HandshakeRejected   a handler refuses it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = [
    "ConnectionClosed",
    "HandshakeError",
    "HandshakeRejected",
    "InvalidPayload",
    "MessageTooBig",
    "ProtocolError",
    "WebSocketError",
    "WriteTimeout",
]

HeaderFields = Mapping[str, str] | Sequence[tuple[str, str]]


class WebSocketError(Exception):
    """Whatever wskit raises for a reason that lies in the connection."""


class ProtocolError(WebSocketError):
    """The peer broke the protocol; ``close_code`` is what it is told (RFC 6455 §7.4.1)."""

    close_code = 1002


class InvalidPayload(ProtocolError):
    """Text that is not UTF-8, or compressed data that does not inflate (§8.1)."""

    close_code = 1007


class MessageTooBig(ProtocolError):
    """The message is larger, or in more fragments, than this end accepts."""

    close_code = 1009


class ConnectionClosed(WebSocketError):
    """The connection is closed or closing; nothing more can be written or read.

    ``code`` and ``reason`` are the peer's where it sent a close frame, else this end's; 1006 where
    there was none, 1005 where the frame had no code (§7.1.5). Neither of these was on the wire.
    """

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        """Keep ``code`` and ``reason``; the text reads "closed with 1001: going away"."""
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        """Say the code, and the reason where there is one."""
        return f"closed with {self.code}" + (f": {self.reason}" if self.reason else "")


class WriteTimeout(ConnectionClosed, TimeoutError):
    """The peer did not read for ``write_timeout`` seconds, so the connection was dropped."""


class HandshakeError(WebSocketError):
    """The opening handshake failed: ``status``, ``headers`` and ``body`` of the answer.

    On a server this is the answer to send; on a client it is the answer that came, with the status
    that came (101 where the response was an upgrade, but a wrong one).
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        headers: HeaderFields = (),
        body: bytes = b"",
    ) -> None:
        """Keep the answer; ``message`` is the short text that a person reads."""
        super().__init__(message or f"handshake answered with status {status}")
        self.status = status
        self.headers = _fields(headers)
        self.body = body


class HandshakeRejected(HandshakeError):
    """Raise it in a handler's ``__init__`` to refuse the connection with a status of your own."""

    def __init__(
        self, status: int = 403, headers: HeaderFields = (), body: str | bytes = b""
    ) -> None:
        """``status`` is 300..599; ``headers`` are added to the answer; a ``str`` body is UTF-8."""
        if not 300 <= status <= 599:
            raise ValueError(f"status: must be 300..599 to refuse a handshake, not {status}")
        body = body.encode() if isinstance(body, str) else body
        super().__init__(status, headers=headers, body=body)


def _fields(headers: HeaderFields) -> list[tuple[str, str]]:
    """Return name and value of each header; the body as second argument is an easy mistake."""
    fields = list(headers.items() if isinstance(headers, Mapping) else headers)
    if any(not isinstance(field, tuple) or len(field) != 2 for field in fields):
        raise TypeError("headers: must be a mapping or (name, value) pairs")
    return fields
