"""Heads of HTTP/1 as they are on the wire: found, read leniently, and changed where they must be.

The law of this file: what is not changed on purpose stays byte for byte, however odd it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ..events import Fields
from ..protocol.extensions import DeflateParameters, parse_extensions
from ..protocol.headers import list_elements

__all__ = ["LIMIT", "RequestHead", "ResponseHead", "head_end", "joined"]

LIMIT = 65536
"""Bytes that a head may have."""

_END = re.compile(rb"\n\r?\n")
_LINE = re.compile(rb"[^\n]*\n")
_REQUEST_LINE = re.compile(rb"([!-~]+) ([^\x00-\x20\x7f]+) HTTP/1\.[01]\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9][0-9])[ \r\n]")


def head_end(data: bytes | bytearray, start: int = 0) -> int:
    """Return where the head that ``data`` begins with is over, -1 if it is not.

    ``start`` is how much of it was looked at before.
    """
    match = _END.search(data, max(0, start - 2))
    return match.end() if match is not None else -1


@dataclass(frozen=True)
class RequestHead:
    """A whole request head."""

    raw: bytes
    method: str
    target: str

    @classmethod
    def parsed(cls, raw: bytes) -> RequestHead:
        """Return the head that is ``raw``; ValueError if it is not HTTP/1."""
        match = _REQUEST_LINE.match(raw)
        if match is None:
            raise ValueError("this is no HTTP/1.1 request")
        return cls(raw, match[1].decode("latin-1"), match[2].decode("latin-1"))

    @cached_property
    def fields(self) -> Fields:
        """The header fields in order."""
        return _fields(self.raw)

    @property
    def is_upgrade(self) -> bool:
        """Whether it asks for WebSocket, rightly or wrongly."""
        return "websocket" in map(str.lower, list_elements(_values(self.fields, "upgrade")))

    def rewritten(self, target: str, host: str | None, *, close: bool) -> RequestHead:
        """Return the head for the server, with ``host`` (None: as it is) in its Host field.

        With ``close`` it asks for one exchange on the connection.
        """
        line, *lines = _LINE.findall(self.raw)
        lines[:-1] = [new for old in lines[:-1] if (new := _changed(old, host, close)) is not None]
        if close:
            lines.insert(-1, b"Connection: close\r\n")
        asked = self.target.encode("latin-1")
        line = line.replace(b" " + asked + b" ", b" " + target.encode("latin-1") + b" ", 1)
        return RequestHead(b"".join((line, *lines)), self.method, target)


@dataclass(frozen=True)
class ResponseHead:
    """A whole response head."""

    raw: bytes
    status: int

    @classmethod
    def parsed(cls, raw: bytes) -> ResponseHead:
        """Return the head that is ``raw``; ValueError if it is not HTTP/1."""
        match = _STATUS_LINE.match(raw)
        if match is None:
            raise ValueError("the server's answer is no HTTP/1.1")
        return cls(raw, int(match[1]))

    @cached_property
    def fields(self) -> Fields:
        """The header fields in order."""
        return _fields(self.raw)

    @property
    def deflate(self) -> DeflateParameters | None:
        """What was agreed on permessage-deflate; None for nothing, or where that is unreadable.

        The windows are the largest: they inflate whatever a smaller one has made.
        """
        try:
            extensions = parse_extensions(_values(self.fields, "sec-websocket-extensions"))
        except ValueError:
            return None
        for extension in extensions:
            if extension.name == "permessage-deflate":
                names = [name for name, _ in extension.parameters]
                return DeflateParameters(
                    "server_no_context_takeover" in names, "client_no_context_takeover" in names
                )
        return None


def joined(base: str, target: str) -> str:
    """Return the ``target`` that a client asks for below ``base``, both with their queries.

    "/" is ``base`` itself. What is no path, as the "*" of OPTIONS, stays as it is.
    """
    if not target.startswith("/"):
        return target
    base_path, _, base_query = base.partition("?")
    path, _, query = target.partition("?")
    whole = base_path if path == "/" else base_path.rstrip("/") + path
    queries = "&".join(each for each in (base_query, query) if each)
    return f"{whole}?{queries}" if queries else whole


def _changed(line: bytes, host: str | None, close: bool) -> bytes | None:
    """Return the line of a field as it is passed on, None if it is not."""
    name, colon, _ = line.partition(b":")
    lower = name.strip().lower()
    if close and lower in (b"connection", b"keep-alive"):
        return None
    if host is None or lower != b"host" or not colon:
        return line
    ending = line[len(line.rstrip(b"\r\n")) :]
    return name + b": " + host.encode("ascii") + ending


def _fields(raw: bytes) -> Fields:
    found: list[tuple[str, str]] = []
    for line in raw.decode("latin-1").split("\n")[1:]:
        text = line.rstrip("\r")
        if text[:1] in (" ", "\t") and found:  # a folded line (RFC 9112 §5.2)
            name, value = found[-1]
            found[-1] = name, f"{value} {text.strip()}"
        elif text:
            name, _, value = text.partition(":")
            found.append((name, value.strip(" \t")))
    return tuple(found)


def _values(fields: Fields, wanted: str) -> list[str]:
    return [value for name, value in fields if name.strip().lower() == wanted]
