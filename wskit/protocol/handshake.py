"""The server's side of the opening handshake: the request as handlers see it, and the responses.

RFC 6455 §4.2 (https://www.rfc-editor.org/rfc/rfc6455#section-4.2) has the rules. `request.py` reads
the request; h11 writes the responses that are plain HTTP.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence

import h11

from ..errors import HandshakeError, HandshakeRejected
from .extensions import Compression, DeflateParameters, negotiate_server
from .headers import Headers, ResponseHeaders, check_field, list_elements

__all__ = [
    "Handshake",
    "accept_key",
    "accept_response",
    "check_origin",
    "choose_subprotocol",
    "error_response",
    "negotiate",
]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# RFC 9112 §3.2.2: a server must accept a target that is a whole URL, as proxies are sent it.
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
_FRAMING = frozenset(("connection", "content-length", "transfer-encoding"))
# 304 never has a body (RFC 9110 §15.4.5); 405 may answer HEAD, whose response has none (§9.3.2).
_BODILESS = frozenset((304, 405))


class Handshake:
    """The request of an opening handshake, and what the server will answer to it.

    ``raw_headers`` are lines "name: value", ``res_headers`` take headers for the 101 response.
    ``subprotocol`` and ``extensions`` are what was agreed on or None; ``remote_address``
    is (host, port), or the path of a Unix socket. For one thread at a time.
    """

    __slots__ = (
        "_cookies",
        "_query",
        "extensions",
        "extensions_answer",
        "headers",
        "method",
        "remote_address",
        "res_headers",
        "subprotocol",
        "url",
    )

    def __init__(
        self,
        url: str,
        headers: Headers,
        *,
        method: str = "GET",
        max_res_headers: int = 32,
        remote_address: str | tuple[str, int] | None = None,
    ) -> None:
        """``url`` is the request target as it was sent."""
        self.url = url
        self.method = method
        self.headers = headers
        self.res_headers = ResponseHeaders(max_res_headers)
        self.remote_address = remote_address
        self.subprotocol: str | None = None
        self.extensions: DeflateParameters | None = None
        self.extensions_answer: str | None = None
        self._query: dict[str, list[str]] | None = None
        self._cookies: dict[str, str] | None = None

    @property
    def key(self) -> str:
        """The Sec-WebSocket-Key; "" if there is none."""
        return self.headers.get("sec-websocket-key") or ""

    @property
    def raw_headers(self) -> str:
        r"""The header lines in order, each "name: value\r\n" with its name in lower case."""
        return "".join(f"{name}: {value}\r\n" for name, value in self.headers)

    @property
    def path(self) -> str:
        """The path of ``url``, still percent-encoded, without its query."""
        return self._resource().partition("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query of ``url``, decoded: each name with its values, blank ones included."""
        if self._query is None:
            from urllib.parse import parse_qs  # most handlers never ask

            self._query = parse_qs(self._resource().partition("?")[2], keep_blank_values=True)
        return self._query

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name, without quotes around their values; the first of a name counts."""
        if self._cookies is None:
            self._cookies = _parse_cookies(self.headers.get_all("cookie"))
        return self._cookies

    @property
    def origin(self) -> str | None:
        """The Origin that a browser sends, such as "https://example.com", or None."""
        return self.headers.get("origin")

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols that the client offers, in its order of preference."""
        return tuple(list_elements(self.headers.get_all("sec-websocket-protocol")))

    def __repr__(self) -> str:
        """Show the request line; headers may hold secrets."""
        return f"<Handshake {self.method} {self.url}>"

    def _resource(self) -> str:
        match = _AUTHORITY.match(self.url)
        if match is None:
            return self.url
        resource = self.url[match.end() :]
        return resource if resource.startswith("/") else f"/{resource}"


def accept_key(key: str) -> str:
    """Return the Sec-WebSocket-Accept that belongs to a Sec-WebSocket-Key (§4.2.2)."""
    digest = hashlib.sha1(key.encode("latin-1") + _GUID, usedforsecurity=False).digest()
    return binascii.b2a_base64(digest, newline=False).decode()


def choose_subprotocol(offered: Iterable[str], supported: Iterable[str] | None) -> str | None:
    """Return the first of ``supported``, the server's order, that is offered, or None."""
    offers = set(offered)
    return next((name for name in supported or () if name in offers), None)


def check_origin(
    handshake: Handshake, origins: Sequence[str | re.Pattern[str] | None] | None
) -> None:
    """Raise HandshakeError(403) unless the request's Origin is one of ``origins`` (§10.2).

    A pattern must match the whole of it; None among them allows a request without Origin, as
    programs send it; ``origins=None`` allows all.
    """
    if origins is None:
        return
    values: list[str | None] = [*handshake.headers.get_all("origin")]
    if len(values) < 2 and _allows(values[0] if values else None, origins):
        return
    raise HandshakeError(403, "this origin is not allowed", headers=[("Error", "invalid origin")])


def negotiate(
    handshake: Handshake,
    *,
    subprotocols: Iterable[str] | None = None,
    compression: Compression | None = None,
) -> None:
    """Set what the server agrees to: ``subprotocol`` and ``extensions`` of ``handshake``.

    Raises HandshakeError(400) for a malformed Sec-WebSocket-Extensions.
    """
    handshake.subprotocol = choose_subprotocol(handshake.subprotocols, subprotocols)
    answer = negotiate_server(handshake.headers.get_all("sec-websocket-extensions"), compression)
    if answer is not None:
        handshake.extensions_answer, handshake.extensions = answer


def accept_response(handshake: Handshake) -> bytes:
    """Return the 101 response (§4.2.2): what was agreed on, then ``res_headers``.

    Raises ValueError if ``handshake.subprotocol`` is set to one that the client did not offer.
    """
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(handshake.key)}",
    ]
    if handshake.subprotocol is not None:
        if handshake.subprotocol not in handshake.subprotocols:
            raise ValueError(f"subprotocol: {handshake.subprotocol!r} was not offered")
        lines.append(f"Sec-WebSocket-Protocol: {handshake.subprotocol}")
    if handshake.extensions_answer is not None:
        lines.append(f"Sec-WebSocket-Extensions: {handshake.extensions_answer}")
    lines += [f"{name}: {value}" for name, value in handshake.res_headers]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def error_response(error: HandshakeError) -> bytes:
    """Return the response that refuses a handshake, after which the connection is closed.

    Without a body of its own an error is answered with its text; a HandshakeRejected with what its
    handler gave. Raises ValueError for a status outside 300..599 and for bad headers.
    """
    if not 300 <= error.status <= 599:
        raise ValueError(f"status: must be 300..599 to refuse a handshake, not {error.status}")
    body = _body(error)
    response = h11.Response(
        status_code=error.status,
        headers=_response_headers(error, len(body)),
        reason=_reason(error.status),
    )
    writer = h11.Connection(h11.SERVER)
    head = writer.send(response)
    return head + writer.send(h11.Data(data=body)) + writer.send(h11.EndOfMessage())


def _parse_cookies(values: Iterable[str]) -> dict[str, str]:
    cookies: dict[str, str] = {}
    for value in values:
        for pair in value.split(";"):
            name, equals, text = (part.strip() for part in pair.partition("="))
            if equals:
                quoted = len(text) > 1 and text[0] == text[-1] == '"'
                cookies.setdefault(name, text[1:-1] if quoted else text)
    return cookies


def _allows(origin: str | None, origins: Iterable[str | re.Pattern[str] | None]) -> bool:
    for allowed in origins:
        if isinstance(allowed, re.Pattern):
            if origin is not None and allowed.fullmatch(origin):
                return True
        elif allowed == origin:
            return True
    return False


def _body(error: HandshakeError) -> bytes:
    if error.status in _BODILESS:
        return b""
    if error.body or isinstance(error, HandshakeRejected):
        return error.body
    return f"{error}\n".encode()


def _response_headers(error: HandshakeError, size: int) -> list[tuple[bytes, bytes]]:
    try:
        for name, value in error.headers:
            check_field(name, value)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"headers: {exc}") from None
    # How the response ends is said here, whatever the error has to say about it.
    fields = [(name, value) for name, value in error.headers if name.lower() not in _FRAMING]
    names = {name.lower() for name, _ in fields}
    # RFC 9110 §7.8: who sends Upgrade must name it in Connection, too.
    fields.append(("Connection", "close, Upgrade" if "upgrade" in names else "close"))
    if size and "content-type" not in names:
        fields.append(("Content-Type", "text/plain; charset=utf-8"))
    fields.append(("Content-Length", str(size)))
    return [(name.encode(), value.strip(" \t").encode("latin-1")) for name, value in fields]


def _reason(status: int) -> bytes:
    from http import HTTPStatus  # only refusals need it

    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
