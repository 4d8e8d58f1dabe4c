"""An opening handshake as lines: what was asked, what was answered, what both agreed on.

The law of this file: what a peer sent reaches a line only through ``printable`` or as hex, cut
where it is long; what logs in is masked unless it is asked for.
"""

from __future__ import annotations

import binascii
from codecs import getincrementaldecoder
from collections.abc import Iterator
from http import HTTPStatus
from textwrap import wrap
from urllib.parse import urlsplit

from ..events import Opened
from ..protocol.extensions import Extension, parse_extensions
from ..protocol.handshake import accept_key
from ..protocol.headers import Headers, list_elements
from ..trace import columns, printable
from .explaining import counted, hex_lines

__all__ = ["extensions", "handshake_lines", "phrase", "subprotocol", "target"]

_SECRETS = {"authorization", "cookie", "proxy-authorization", "set-cookie"}
_HEADERS = 200  # that are shown
_VALUE = 4096  # characters of one that are shown
_BODY = 4096  # bytes of a body that are shown
_LEAST = 20  # columns of a line, however narrow the screen is

_DEFLATE = "permessage-deflate"
_PARAMETERS = {
    "server_no_context_takeover": "the server compresses each message by itself",
    "client_no_context_takeover": "the client compresses each message by itself",
    "server_max_window_bits": "the server looks back {} bytes when it compresses",
    "client_max_window_bits": "the client looks back {} bytes when it compresses",
}


def handshake_lines(opened: Opened, *, width: int = 100, secrets: bool = False) -> list[str]:
    """Return the request, the response, what was agreed on, and the body of a refusal.

    What is longer than ``width`` columns goes on in the next line. With ``secrets`` cookies and
    what authorizes are shown. No line has anything but printable characters.
    """
    lines = [
        f"GET {printable(target(opened))} HTTP/1.1",
        *_fields(opened.request, secrets, "the request is not known"),
        "",
        *_response(opened, secrets),
    ]
    if opened.status == 101:
        lines += ["", *_agreed(opened)]
    elif opened.body:
        lines += ["", *_body(opened.body)]
    return [piece for line in lines for piece in _folded(line, max(width, _LEAST))]


def target(opened: Opened) -> str:
    """Return the path with its query, as it was sent; it is not safe to print."""
    try:
        parts = urlsplit(opened.url)
    except ValueError:
        return opened.url
    if not parts.scheme:
        return opened.url
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


def subprotocol(opened: Opened) -> str:
    """Return the subprotocol that was agreed on, "" for none; it is not safe to print."""
    return Headers(opened.response).get("sec-websocket-protocol") or ""


def extensions(opened: Opened) -> str:
    """Return the extensions that were agreed on in few characters; it is not safe to print.

    Of permessage-deflate there are the server's and the client's window, "deflate 12/15".
    """
    try:
        return ", ".join(map(_short, _answered(opened)))
    except ValueError:
        return "malformed"


def phrase(status: int) -> str:
    """Return what a status of HTTP is called, "" for one that is not registered."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


# -- request and response ----------------------------------------------------------------------


def _response(opened: Opened, secrets: bool) -> Iterator[str]:
    if not opened.status:
        yield "no answer came"
        return
    yield f"HTTP/1.1 {opened.status} {phrase(opened.status)}".rstrip()
    yield from _fields(opened.response, secrets, "the headers are not known")


def _fields(fields: tuple[tuple[str, str], ...], secrets: bool, without: str) -> Iterator[str]:
    if not fields:
        yield f"({without})"
    for name, value in fields[:_HEADERS]:
        if name.lower() in _SECRETS and not secrets:
            value = f"({counted(len(value), 'character')}, masked)"
        yield f"{_cut(name)}: {_cut(value)}"
    if len(fields) > _HEADERS:
        yield f"… {len(fields) - _HEADERS:,} more headers"


def _body(body: bytes) -> Iterator[str]:
    start = body[:_BODY]
    try:
        text = getincrementaldecoder("utf-8")().decode(start, final=len(body) <= _BODY)
    except UnicodeDecodeError:
        yield from hex_lines(start)
    else:
        yield from (printable(line.expandtabs(4)) for line in text.splitlines())
    if len(body) > _BODY:
        yield f"… {len(body) - _BODY:,} more bytes"


def _cut(text: str) -> str:
    shown = printable(text[:_VALUE])
    more = len(text) - _VALUE
    return f"{shown}… {counted(more, 'more character')}" if more > 0 else shown


def _folded(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    room = width if line.isascii() else width // 2  # a character may take two columns
    return wrap(
        line,
        room,
        subsequent_indent="    ",
        break_on_hyphens=False,
        drop_whitespace=False,
        replace_whitespace=False,
    )


# -- what was agreed on ------------------------------------------------------------------------


def _agreed(opened: Opened) -> Iterator[str]:
    yield from _accept(Headers(opened.request), Headers(opened.response))
    yield from _chosen(opened)
    try:
        agreed = _answered(opened)
    except ValueError as error:
        yield f"extensions: wrong, {printable(str(error))} (RFC 6455 §9.1)"
        return
    if not agreed:
        yield "extensions: none"
    offered = _names(opened)
    for extension in agreed:
        wrong = "" if extension.name in offered or not opened.request else ", wrong: not offered"
        yield f"extension {_cut(extension.name)}{wrong}"
        yield from (f"    {_explained(extension, *pair)}" for pair in extension.parameters)


def _accept(request: Headers, response: Headers) -> Iterator[str]:
    """Judge the accept value by RFC 6455 §4.2.2, 5.4, and the key by §4.1, 7."""
    key, answer = request.get("sec-websocket-key"), response.get("sec-websocket-accept")
    if key is None:
        yield "Sec-WebSocket-Accept: cannot be checked without the key of the request"
        return
    if not _is_key(key):
        yield "Sec-WebSocket-Key: wrong, it is not 16 bytes in base64 (RFC 6455 §4.1)"
    try:
        expected = accept_key(key)
    except UnicodeEncodeError:
        return
    if answer is None:
        yield f"Sec-WebSocket-Accept: missing, it must be {expected} (RFC 6455 §4.2.2)"
    elif answer == expected:
        yield "Sec-WebSocket-Accept: right (RFC 6455 §4.2.2)"
    else:
        yield f"Sec-WebSocket-Accept: wrong, it must be {expected} (RFC 6455 §4.2.2)"


def _is_key(key: str) -> bool:
    try:
        return len(binascii.a2b_base64(key.encode("ascii"), strict_mode=True)) == 16
    except ValueError:
        return False


def _chosen(opened: Opened) -> Iterator[str]:
    name = subprotocol(opened)
    offered = list_elements(Headers(opened.request).get_all("sec-websocket-protocol"))
    if not name:
        of = f", of {counted(len(offered), 'offer')}" if offered else ""
        yield f"subprotocol: none{of}"
        return
    wrong = ", wrong: not offered" if name not in offered and opened.request else ""
    yield f"subprotocol: {_cut(name)}{wrong}"


def _answered(opened: Opened) -> list[Extension]:
    """Return the extensions of the response; ValueError for a malformed header."""
    values = Headers(opened.response).get_all("sec-websocket-extensions")
    return parse_extensions(values) if values else []


def _names(opened: Opened) -> set[str]:
    values = Headers(opened.request).get_all("sec-websocket-extensions")
    try:
        return {extension.name for extension in parse_extensions(values)}
    except ValueError:
        return set()


def _short(extension: Extension) -> str:
    if extension.name != _DEFLATE:
        return extension.name
    values = dict(extension.parameters)
    bits = [values.get(f"{side}_max_window_bits") or "15" for side in ("server", "client")]
    return f"deflate {'/'.join(bits)}"


def _explained(extension: Extension, name: str, value: str | None) -> str:
    said = _cut(name if value is None else f"{name}={value}")
    meaning = _PARAMETERS.get(name) if extension.name == _DEFLATE else None
    if meaning is None:
        return said
    if "{}" not in meaning:
        return f"{said}: {meaning}"
    bits = int(value) if value is not None and value.isdecimal() and len(value) < 3 else 0
    known = 8 <= bits <= 15
    return f"{said}: {meaning.format(f'{1 << bits:,}') if known else 'wrong, must be 8..15'}"
