"""Connections as command lines that open the same again, for a shell of any user.

The law of this file: what a peer or a file said is one quoted word of the shell, and what does not
print is in no line: pasted into a terminal, it could press Enter.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from urllib.parse import quote

from ..archiving import whole_url
from ..events import Opened
from ..protocol.headers import is_token, list_elements
from ..urls import parse_url

__all__ = ["as_connect", "as_curl", "elements", "own_fields"]

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 §1.3; any will do
# What whoever connects says by itself, and what holds for one hop only (RFC 9110 §7.6.1).
_HOP = frozenset(
    (
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)

Field = tuple[str, str]


def as_connect(opened: Opened) -> str:
    """Return a ``wskit connect`` command line; ValueError if the URL is none.

    Secrets among the headers are in it.
    """
    words = ["wskit", "connect"]
    for name, value in own_fields(opened):
        if name.lower() == "origin":
            words.append(f"--origin={value}")
        else:
            words.append(f"--header={name}: {value}")
    words += [f"--subprotocol={name}" for name in elements(opened, "sec-websocket-protocol")]
    extensions = elements(opened, "sec-websocket-extensions")
    if "permessage-deflate" in [extension.partition(";")[0].strip() for extension in extensions]:
        words.append("--compress")
    return shlex.join([*words, _url(opened)])


def as_curl(opened: Opened) -> str:
    """Return a cURL command line; ValueError if the URL is none.

    It makes the handshake itself and prints the frames as they are on the wire, so that every cURL
    can. Secrets among the headers are in it.
    """
    own = own_fields(opened)
    protocols = ", ".join(elements(opened, "sec-websocket-protocol"))
    own += [("Sec-WebSocket-Protocol", protocols)] if protocols else []
    own += [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    own += [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", _KEY)]
    words = ["curl", "--include", "--no-buffer", "--http1.1", "--globoff"]
    for name, value in own:
        # cURL takes "Name:" for one to be left out.
        words += ["--header", f"{name}: {value}" if value else f"{name};"]
    return shlex.join([*words, "http" + _url(opened).removeprefix("ws")])


def own_fields(opened: Opened) -> list[Field]:
    """Return the header fields of the request that are not the handshake's or a hop's own."""
    return [field for field in _safe(opened.request) if field[0].lower() not in _HOP]


def elements(opened: Opened, wanted: str) -> list[str]:
    """Return the elements of the list in the request's header ``wanted``, in lower case."""
    return list_elements(v for name, v in _safe(opened.request) if name.lower() == wanted)


def _url(opened: Opened) -> str:
    url = "".join(c if c.isprintable() else quote(c) for c in whole_url(opened))
    parse_url(url)
    return url


def _safe(fields: Iterable[Field]) -> list[Field]:
    """Return the header fields that can be sent and be pasted, as all are that a server took."""
    stripped = ((name, value.strip()) for name, value in fields)
    return [field for field in stripped if is_token(field[0]) and field[1].isprintable()]
