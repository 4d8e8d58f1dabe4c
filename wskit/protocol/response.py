"""The client's side of the opening handshake: its request, and the judgement of the response.

RFC 6455 §4.1 (https://www.rfc-editor.org/rfc/rfc6455#section-4.1) has the rules; h11 writes the
request and reads the response.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import h11

from ..errors import HandshakeError, HeaderFields
from .extensions import Compression, DeflateParameters, accept_client, offer_client
from .handshake import accept_key
from .headers import Headers, is_token, list_elements, request_fields

__all__ = ["ClientHandshake", "ClientHandshakeResult"]

# What each argument may be, and how that is said: visible ASCII without what would end it.
_RULES = {
    "host": (re.compile(r"[^\x00- \x7f-\U0010ffff/?#@\\]+"), "a host with an optional port"),
    "target": (re.compile(r"/[^\x00- \x7f-\U0010ffff#]*"), "an encoded path without fragment"),
    "key": (re.compile(r"[A-Za-z0-9+/]{22}=="), "16 bytes in base64"),
    "origin": (re.compile(r"[!-~]+"), "an ASCII origin"),
}


@dataclass(frozen=True, slots=True)
class ClientHandshakeResult:
    """The response that opened the connection and what it agreed on; None where nothing was.

    ``target`` and ``request`` are what was asked for: the path and the headers that were sent.
    """

    status: int
    headers: Headers
    subprotocol: str | None
    extensions: DeflateParameters | None
    target: str = "/"
    request: Headers = field(default_factory=Headers)


class ClientHandshake:
    """Writes one request and reads its response; for one thread at a time.

    ``leftover`` is what came after the response: the first frames.
    """

    __slots__ = (
        "_body",
        "_compression",
        "_connection",
        "_fed",
        "_key",
        "_max_body",
        "_max_size",
        "_refusal",
        "_request",
        "_sent",
        "_subprotocols",
        "_target",
        "leftover",
    )

    def __init__(
        self,
        host: str,
        target: str,
        key: str,
        *,
        headers: str | HeaderFields = (),
        subprotocols: Sequence[str] = (),
        compression: Compression | None = None,
        origin: str | None = None,
        max_size: int = 65536,
        max_body: int = 65536,
    ) -> None:
        """``host`` is the Host header, ``key`` 16 random bytes in base64, ``compression`` an offer.

        ``headers`` are the user's own, a Host among them replaces ``host``. ``max_size`` bounds the
        response's head in bytes, ``max_body`` what is kept of a refusal's body. Raises TypeError or
        ValueError, naming the argument, for anything that does not belong into a request.
        """
        self._key = _checked("key", key)
        self._subprotocols = _checked_subprotocols(subprotocols)
        self._compression = compression
        self._max_size = max_size
        self._max_body = max_body
        self._fed = 0  # bytes given to h11 for the head
        self._refusal: h11.Response | None = None  # a response whose body is being read
        self._body = bytearray()
        self.leftover = b""
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_size)
        self._target = _checked("target", target)
        self._sent = self._fields(
            _checked("host", host),
            None if origin is None else _checked("origin", origin),
            request_fields(headers),
        )
        self._request = self._written()

    @property
    def target(self) -> str:
        """The path that is asked for."""
        return self._target

    @property
    def fields(self) -> Headers:
        """The headers that are sent."""
        return Headers(self._sent)

    def request(self) -> bytes:
        """Return the bytes to send."""
        return self._request

    def feed(self, data: bytes | bytearray | memoryview) -> ClientHandshakeResult | None:
        """Take what came; return the result once the response is whole, None while it is not.

        Raises HandshakeError for every response that does not open the connection: with the status
        that came, 0 where what came is no HTTP response, and for a refusal with its body. After
        either nothing more may be fed.
        """
        data = bytes(data)
        if not data:
            return None  # h11 would take it for the end of the connection
        if self._refusal is not None:
            self._read_body(self._refusal, data)
            return None
        # h11 never sees more than a head may have, so it does not matter how the bytes were cut.
        room = self._max_size - self._fed
        self._connection.receive_data(data[:room])
        self._fed += len(data[:room])
        return self._read_head(data[room:])

    def eof(self) -> NoReturn:
        """Say that the server closed the connection, or that nothing more will be waited for.

        Raises HandshakeError: the refusal with the body that came, or that there is no response.
        """
        if self._refusal is not None:
            raise self._refused(self._refusal)
        raise HandshakeError(0, "the connection ended before the server's response")

    def _fields(
        self, host: str, origin: str | None, own: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        names = {name.lower() for name, _ in own}
        fields = [] if "host" in names else [("Host", host)]
        fields += [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        fields += [("Sec-WebSocket-Key", self._key), ("Sec-WebSocket-Version", "13")]
        if origin is not None:
            if "origin" in names:
                raise ValueError("origin: headers has an Origin, too")
            fields.append(("Origin", origin))
        if self._subprotocols:
            fields.append(("Sec-WebSocket-Protocol", ", ".join(self._subprotocols)))
        if self._compression is not None:
            fields.append(("Sec-WebSocket-Extensions", offer_client(self._compression)))
        return fields + own

    def _written(self) -> bytes:
        lines = [(name.encode(), value.encode("latin-1")) for name, value in self._sent]
        request = h11.Request(method=b"GET", target=self._target.encode(), headers=lines)
        return self._connection.send(request) + self._connection.send(h11.EndOfMessage())

    def _read_head(self, rest: bytes) -> ClientHandshakeResult | None:
        """Judge the head if it is whole; ``rest`` is what came beyond ``max_size``."""
        try:
            event = self._connection.next_event()
            while isinstance(event, h11.InformationalResponse) and event.status_code != 101:
                event = self._connection.next_event()
        except h11.RemoteProtocolError as exc:
            reason = str(exc).partition(": bytearray")[0]
            raise HandshakeError(0, f"no valid HTTP response: {reason}") from None
        if isinstance(event, h11.InformationalResponse):
            self.leftover = self._connection.trailing_data[0] + rest
            return self._judge(event)
        if isinstance(event, h11.Response):
            self._refusal = event
            self._read_body(event, rest)
        elif self._fed == self._max_size:
            raise HandshakeError(0, f"more than {self._max_size} bytes before the response's end")
        return None

    def _read_body(self, refusal: h11.Response, data: bytes) -> None:
        """Take what came of the body; HandshakeError once it is complete, broken or too long."""
        if data:
            self._connection.receive_data(data)
        try:
            while isinstance(event := self._connection.next_event(), h11.Data):
                self._body += event.data
        except h11.RemoteProtocolError:
            raise self._refused(refusal) from None
        if isinstance(event, h11.EndOfMessage) or len(self._body) >= self._max_body:
            raise self._refused(refusal)

    def _refused(self, refusal: h11.Response) -> HandshakeError:
        status = refusal.status_code
        message = f"the server refused the handshake with status {status}"
        body = bytes(self._body[: self._max_body])
        return HandshakeError(status, message, headers=list(_headers(refusal)), body=body)

    def _judge(self, response: h11.InformationalResponse) -> ClientHandshakeResult:
        """Check a 101 response (§4.1, the list after "the client MUST validate")."""
        headers = _headers(response)
        try:
            _check_upgrade(response, headers, self._key)
            subprotocol = self._agreed_subprotocol(headers.get_all("sec-websocket-protocol"))
            extensions = accept_client(
                headers.get_all("sec-websocket-extensions"), self._compression
            )
        except HandshakeError as exc:
            exc.headers = list(headers)
            raise
        return ClientHandshakeResult(
            101, headers, subprotocol, extensions, self._target, Headers(self._sent)
        )

    def _agreed_subprotocol(self, values: list[str]) -> str | None:
        if not values:
            return None
        if len(values) > 1 or values[0] not in self._subprotocols:
            raise HandshakeError(101, "Sec-WebSocket-Protocol is not one that was offered")
        return values[0]


def _checked(name: str, value: str) -> str:
    pattern, rule = _RULES[name]
    if not isinstance(value, str):
        raise TypeError(f"{name}: must be str, not {type(value).__name__}")
    if not pattern.fullmatch(value):
        raise ValueError(f"{name}: must be {rule}, not {value!r}")
    return value


def _checked_subprotocols(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError("subprotocols: must be a sequence of str, not one str")
    for name in names:
        if not is_token(name):
            raise ValueError(f"subprotocols: must be tokens (RFC 6455 §4.1), not {name!r}")
    if len(set(names)) < len(names):
        raise ValueError("subprotocols: must all be different (RFC 6455 §4.1)")
    return tuple(names)


def _headers(response: h11.Response | h11.InformationalResponse) -> Headers:
    return Headers(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.headers.raw_items()
    )


def _tokens(headers: Headers, name: str) -> list[str]:
    return [element.lower() for element in list_elements(headers.get_all(name))]


def _check_upgrade(response: h11.InformationalResponse, headers: Headers, key: str) -> None:
    if response.http_version != b"1.1":
        raise HandshakeError(101, "the response is not HTTP/1.1")
    # §4.1: as an answer Upgrade is "websocket" and nothing else; Connection may name more.
    if _tokens(headers, "Upgrade") != ["websocket"]:
        raise HandshakeError(101, "Upgrade is not websocket")
    if "upgrade" not in _tokens(headers, "Connection"):
        raise HandshakeError(101, "Connection does not name upgrade")
    if headers.get_all("sec-websocket-accept") != [accept_key(key)]:
        raise HandshakeError(101, "Sec-WebSocket-Accept does not belong to the key sent")
