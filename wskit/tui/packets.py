"""Conversations as packets for Wireshark: the handshake as HTTP, each frame as on the wire.

The law of this file: what was not so on the wire is said in a comment at its packet.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from ..archiving import REDACTED, SECRETS, shown_url
from ..events import Opened
from ..protocol.frames import FIN, RSV1, FrameRecord, encode
from ..protocol.handshake import accept_key
from ..trace import printable
from ..urls import parse_url
from .entries import Entry
from .excerpts import Conversation
from .pcapng import head, packet
from .tcp_streams import TCPStream

__all__ = ["capture_file"]

_NOTE = (
    "Made from what was seen inside of TCP and TLS: addresses, ports and TCP are made up,"
    " connection 7 is that of 10.0.0.7; masks have the key 0; what was compressed is inflated."
)
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 §1.3
_SECRET = {name.lower() for name in SECRETS}

Field = tuple[str, str]


class Packet(NamedTuple):
    """A packet of IP."""

    time: float
    data: bytes
    comment: str = ""


def capture_file(conversations: Iterable[Conversation]) -> Iterator[bytes]:
    """Yield a pcapng file with ``conversations``, in pieces."""
    from .. import __version__

    yield head(f"wskit {__version__}", _NOTE)
    packets = (_packets(conversation) for conversation in conversations)
    for each in heapq.merge(*packets, key=lambda packet: packet.time):
        yield packet(*each)


def _packets(conversation: Conversation) -> Iterator[Packet]:
    stream, opened = TCPStream(conversation.number), conversation.opened
    moment = opened.time
    yield from _commented(moment, stream.open(), _about(conversation))
    yield from _commented(moment, stream.say(True, _request(opened)))
    if opened.status:
        yield from _commented(moment, stream.say(False, _response(opened)))
    deflated = conversation.opening is None or _deflates(opened)
    missing = conversation.left_out
    for entry in conversation.entries:
        moment, frame = entry.capture.time, entry.frame
        comment = _join(f"{missing} other frames are not here" if missing else "", _differs(frame))
        said = stream.say(conversation.by_client(entry), _octets(entry, deflated))
        yield from _commented(moment, said, comment)
        missing = 0
    if (ended := conversation.ended) is not None:
        yield from _commented(ended.time, stream.close(), printable(ended.how))


def _commented(time: float, packets: Iterable[bytes], comment: str = "") -> Iterator[Packet]:
    for data in packets:
        yield Packet(time, data, comment)
        comment = ""


def _about(conversation: Conversation) -> str:
    if conversation.opening is None:
        return f"connection {conversation.number}: its opening handshake is made up"
    opened = conversation.opened
    peer = f", peer {opened.peer}" if opened.peer else ""
    return printable(f"connection {conversation.number}: {shown_url(opened)}{peer}")


# -- the opening handshake ---------------------------------------------------------------------


def _request(opened: Opened) -> bytes:
    try:
        target = parse_url(shown_url(opened)).target
    except ValueError:  # a damaged recording can have any
        target = "/"
    usual = (
        ("Host", "localhost"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", _KEY),
        ("Sec-WebSocket-Version", "13"),
    )
    return _head(f"GET {target} HTTP/1.1", _with(_unframed(opened.request), usual))


def _response(opened: Opened) -> bytes:
    status, fields = opened.status, _unframed(opened.response)
    if status == 101:
        keys = [value for name, value in opened.request if name.lower() == "sec-websocket-key"]
        key = keys[0] if keys and keys[0].isascii() else _KEY
        usual: tuple[Field, ...] = (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(key)),
        )
    else:
        usual = (("Content-Length", str(len(opened.body))),)
    phrase = HTTPStatus(status).phrase if status in _STATUSES else "Unknown"
    return _head(f"HTTP/1.1 {status} {phrase}", _with(fields, usual)) + opened.body


def _unframed(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Return ``fields`` without what says where a body ends: it is here as a whole, decoded."""
    return tuple(field for field in fields if field[0].lower() not in _FRAMING)


_FRAMING = ("content-length", "transfer-encoding")
_STATUSES = {int(status) for status in HTTPStatus}


def _with(fields: tuple[Field, ...], usual: tuple[Field, ...]) -> list[Field]:
    """Return ``fields``, and of the ``usual`` ones those that are not among them."""
    names = {name.lower() for name, _ in fields}
    return [*fields, *(field for field in usual if field[0].lower() not in names)]


def _head(line: str, fields: Iterable[Field]) -> bytes:
    lines = [line]
    for name, value in fields:
        shown = REDACTED if name.lower() in _SECRET else value
        lines.append(f"{printable(name)}: {printable(shown)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _deflates(opened: Opened) -> bool:
    named = [value for name, value in opened.response if name.lower() == _EXTENSIONS]
    return any("permessage-deflate" in value for value in named)


_EXTENSIONS = "sec-websocket-extensions"


# -- frames ------------------------------------------------------------------------------------


def _octets(entry: Entry, deflated: bool) -> bytes:
    frame = entry.frame
    first = (FIN if frame.fin else 0) | frame.rsv << 4 | frame.opcode
    if deflated:
        first &= ~RSV1  # the payload is inflated, and must not be taken for what is not
    return encode(first, frame.payload, 0 if frame.masked else None)


def _differs(frame: FrameRecord) -> str:
    """Say how a frame was on the wire, where that is not how it is written."""
    size, found = frame.wire_length, []
    if frame.rsv & 4 or size != frame.length:
        found.append(f"was compressed, {size} bytes on the wire")
    if len(frame.payload) < frame.length:
        found.append(f"has {len(frame.payload)} of its {frame.length} bytes")
    return _join(*found)


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
