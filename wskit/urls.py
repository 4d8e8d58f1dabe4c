"""WebSocket URLs (RFC 6455 §3) taken apart."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

__all__ = ["WebSocketURL", "basic_credentials", "host_header", "parse_url"]


class WebSocketURL(NamedTuple):
    """What a ws or wss URL says; ``target`` is path and query, ``authorization`` a header value."""

    secure: bool
    host: str
    port: int
    target: str
    authorization: str | None


def parse_url(url: str) -> WebSocketURL:
    """Take ``url`` apart; ValueError says what is wrong with it."""
    from urllib.parse import quote, urlsplit

    if not isinstance(url, str):
        raise TypeError(f"url: must be a str, not {type(url).__name__}")
    if _CONTROL.search(url):
        raise ValueError("url: must not have control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url: {error}") from None
    if parts.scheme not in ("ws", "wss"):
        raise ValueError(f"url: the scheme must be ws or wss, not {parts.scheme!r}")
    if not parts.hostname:
        raise ValueError("url: has no host")
    if "#" in url:
        raise ValueError("url: must not have a fragment (RFC 6455 §3)")
    secure = parts.scheme == "wss"
    target = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        target += "?" + quote(parts.query, safe=_SAFE + "?")
    authorization = None
    if parts.username is not None:
        authorization = basic_credentials(parts.username, parts.password or "")
    if port is None:
        port = _port(secure)
    return WebSocketURL(secure, _ascii(parts.hostname), port, target, authorization)


def host_header(host: str, port: int, *, secure: bool) -> str:
    """Return the Host header's value: the port only where it is not the scheme's own (§4.1).

    Port 0 is none, as with Unix sockets.
    """
    name = f"[{host}]" if ":" in host else host
    return name if port in (0, _port(secure)) else f"{name}:{port}"


def basic_credentials(user: str, password: str) -> str:
    """Return the value of an Authorization header (RFC 7617); both may be percent-encoded."""
    from urllib.parse import unquote

    pair = f"{unquote(user)}:{unquote(password)}".encode()
    return "Basic " + base64.b64encode(pair).decode()


# urlsplit would drop some of them without a word.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# What a path or query may hold besides letters and digits (RFC 3986 §3.3), "%" included: what is
# encoded already stays as it is.
_SAFE = "/%:@!$&'()*+,;=-._~"


def _ascii(host: str) -> str:
    if host.isascii():
        return host  # "idna" costs 10 ms to import
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise ValueError(f"url: {host!r} is no host name: {error}") from None


def _port(secure: bool) -> int:
    return 443 if secure else 80
