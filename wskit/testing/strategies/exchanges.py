"""Values for opening handshakes and for conversations, which begin with one (RFC 6455 §4).

The law of this file: it imports nothing of `wskit.protocol`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from .pasting import Pasted
from .values import Agreement, Event, Frame, Stream, events_of

__all__ = ["Conversation", "HandshakeRequest", "HandshakeResponse", "accept_for", "values_of"]

Fields = tuple[tuple[str, str], ...]
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True, repr=False)
class HandshakeRequest(Pasted):
    """A request for an upgrade: header fields in order, and the parts of the request line.

    ``violation`` is the rule of ``REQUEST_VIOLATIONS`` that it breaks, None for a legal one.
    """

    headers: Fields
    target: str = "/"
    method: str = "GET"
    version: str = "HTTP/1.1"
    violation: str | None = None

    @property
    def key(self) -> str:
        """The first Sec-WebSocket-Key; "" without one."""
        return next(iter(values_of(self.headers, "sec-websocket-key")), "")

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols that are offered."""
        return tuple(_elements(self.headers, "sec-websocket-protocol"))

    def encode(self) -> bytes:
        """Return the bytes of the request."""
        return _head(f"{self.method} {self.target} {self.version}", self.headers)

    def __bytes__(self) -> bytes:
        """Return ``encode()``."""
        return self.encode()


@dataclass(frozen=True, slots=True, repr=False)
class HandshakeResponse(Pasted):
    """A response to an upgrade: header fields in order, and the status line.

    ``violation`` is the rule of ``RESPONSE_VIOLATIONS`` that it breaks, None for a legal one.
    """

    headers: Fields
    status: str = "101 Switching Protocols"
    version: str = "HTTP/1.1"
    violation: str | None = None

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was chosen, or None."""
        return next(iter(values_of(self.headers, "sec-websocket-protocol")), None)

    def encode(self) -> bytes:
        """Return the bytes of the response."""
        return _head(f"{self.version} {self.status}", self.headers)

    def __bytes__(self) -> bytes:
        """Return ``encode()``."""
        return self.encode()


@dataclass(frozen=True, slots=True, repr=False)
class Conversation(Pasted):
    """A whole connection: the opening handshake, then the frames of both ends in their order.

    ``frames`` are pairs of sender, "client" or "server", and `Frame`; ``agreement`` is what the
    handshake agreed on for permessage-deflate, or None.
    """

    request: HandshakeRequest
    response: HandshakeResponse
    frames: tuple[tuple[str, Frame], ...] = ()
    agreement: Agreement | None = None

    def stream(self, sender: str) -> Stream:
        """Return what ``sender`` says after the handshake."""
        frames = tuple(frame for end, frame in self.frames if end == sender)
        return Stream(sender, frames, agreement=self.agreement)

    def events(self, sender: str) -> list[Event]:
        """Return opcode and data of what the peer of ``sender`` must see."""
        return events_of(sender, self.stream(sender).frames, self.agreement)

    def encode(self, sender: str) -> bytes:
        """Return all bytes that ``sender`` sends, the handshake included."""
        head = self.request if sender == "client" else self.response
        return head.encode() + self.stream(sender).encode()


def accept_for(key: str) -> str:
    """Return the Sec-WebSocket-Accept that belongs to a key (§4.2.2)."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def values_of(headers: Fields, name: str) -> list[str]:
    """Return the values of every field ``name``, which is in lower case, without blanks around."""
    return [value.strip(" \t") for each, value in headers if each.lower() == name]


def _elements(headers: Fields, name: str) -> list[str]:
    values = ",".join(values_of(headers, name)).split(",")
    return [value.strip(" \t") for value in values if value.strip(" \t")]


def _head(line: str, headers: Fields) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
