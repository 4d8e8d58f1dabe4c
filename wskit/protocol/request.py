"""Reads the request of an opening handshake and judges it (RFC 6455 §4.2.1).

The law of this file: what is answered depends on the bytes, never on how they were cut. So the
limits are judged first, on the bytes up to the first blank line, and h11 parses these as a whole.
"""

from __future__ import annotations

import re

import h11

from ..errors import HandshakeError
from .handshake import Handshake
from .headers import Headers, is_token, list_elements

__all__ = ["RequestReader"]

_BLANK_LINE = re.compile(rb"\n\r?\n")
_TARGET = re.compile(r"(?:/|(?:https?|wss?)://[^/?#]+)[^#]*", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64
_VERSION = ("Sec-WebSocket-Version", "13")


class RequestReader:
    """Takes the bytes of a new connection until they are a Handshake; one for each connection.

    ``max_size`` bounds the request line and the headers in bytes, ``max_headers`` the header
    lines. ``leftover`` is what came after the blank line: the first frames.
    """

    __slots__ = (
        "_buffer",
        "_counted",
        "_lines",
        "_max_headers",
        "_max_res_headers",
        "_max_size",
        "leftover",
    )

    def __init__(
        self, max_size: int = 8192, max_headers: int = 64, max_res_headers: int = 32
    ) -> None:
        """``max_res_headers`` is the limit of ``Handshake.res_headers``."""
        self._max_size = max_size
        self._max_headers = max_headers
        self._max_res_headers = max_res_headers
        self._buffer = bytearray()
        self._counted = 0  # bytes in which line ends were counted and no blank line was found
        self._lines = 0
        self.leftover = b""

    def feed(self, data: bytes | bytearray | memoryview) -> Handshake | None:
        """Take what came; return the valid request once it is whole, None while it is not.

        Raises HandshakeError(400, 405, 426, 431 or 505) with the headers of the answer, as soon as
        the bytes make it certain. After either nothing more may be fed.
        """
        buffer = self._buffer
        buffer += data
        # A request begins with its method. This tells TLS and the like from HTTP at once.
        if len(buffer) and not is_token(chr(buffer[0])):
            raise _bad("the request does not begin with a method", "invalid requestline")
        end = self._find_end()
        if end is None:
            return None
        self.leftover = bytes(memoryview(buffer)[end:])
        request = _parse(bytes(memoryview(buffer)[:end]))
        return self._handshake(request)

    def _find_end(self) -> int | None:
        """Return where the head ends, or None; HandshakeError(431) when it is beyond a limit."""
        buffer = self._buffer
        window = min(len(buffer), self._max_size)
        # A blank line is up to three bytes long, so its first two may have been seen.
        found = _BLANK_LINE.search(buffer, max(0, self._counted - 2), window)
        end = found.end() if found else window
        self._lines += buffer.count(b"\n", self._counted, end)
        self._counted = end
        # The request line is one more, and so is the blank line.
        if self._lines - 1 - (found is not None) > self._max_headers:
            raise _too_large(f"more than {self._max_headers} header lines")
        if found is None and window == self._max_size:
            raise _too_large(f"more than {self._max_size} bytes before the blank line")
        return None if found is None else end

    def _handshake(self, request: h11.Request) -> Handshake:
        _check_request_line(request)
        headers = Headers(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers.raw_items()
        )
        _check_upgrade(headers)
        _check_websocket(headers)
        return Handshake(
            request.target.decode("ascii"),
            headers,
            method=request.method.decode("ascii"),
            max_res_headers=self._max_res_headers,
        )


def _bad(message: str, error: str) -> HandshakeError:
    return HandshakeError(400, message, headers=[("Error", error)])


def _too_large(message: str) -> HandshakeError:
    return HandshakeError(431, message, headers=[("Error", "too large")])


def _parse(head: bytes) -> h11.Request:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as exc:
        # h11 repeats the line that it refuses, which is of no use to who sent it.
        reason = str(exc).partition(": bytearray")[0]
        line = "request line" in reason
        raise _bad(reason, "invalid requestline" if line else "invalid header") from None
    assert isinstance(event, h11.Request)
    return event


def _check_request_line(request: h11.Request) -> None:
    if request.http_version != b"1.1":
        headers = [("Error", "invalid protocol")]
        raise HandshakeError(505, "a WebSocket handshake takes HTTP/1.1", headers=headers)
    if request.method != b"GET":
        headers = [("Allow", "GET"), ("Error", "invalid method")]
        raise HandshakeError(405, "a WebSocket handshake takes GET", headers=headers)
    if not _TARGET.fullmatch(request.target.decode("ascii")):
        raise _bad("the target is neither a path nor a URL", "invalid requestline")


def _check_upgrade(headers: Headers) -> None:
    """Judge what makes any HTTP request one for an upgrade (§4.2.1 items 3 and 4)."""
    sized = headers.get("content-length") not in (None, "0")
    if sized or "transfer-encoding" in headers:
        raise _bad("a handshake has no body", "invalid header")
    upgrade = [element.lower() for element in list_elements(headers.get_all("upgrade"))]
    options = [element.lower() for element in list_elements(headers.get_all("connection"))]
    if not upgrade and "upgrade" not in options:
        raise _upgrade_required("this is a WebSocket server", "missingheaders")
    if not upgrade or not options:
        missing = "Connection" if upgrade else "Upgrade"
        raise _bad(f"{missing} is missing", "missingheaders")
    if "websocket" not in upgrade:
        raise _bad("Upgrade does not name websocket", "invalid upgrade")
    if "upgrade" not in options:
        raise _bad("Connection does not name upgrade", "invalid connection")


def _check_websocket(headers: Headers) -> None:
    """Judge what RFC 6455 adds (§4.2.1 items 5, 6 and 8)."""
    versions = headers.get_all("sec-websocket-version")
    if versions != ["13"]:
        error = "invalid version" if versions else "missingheaders"
        raise _upgrade_required("Sec-WebSocket-Version must be 13", error)
    keys = headers.get_all("sec-websocket-key")
    if not keys:
        raise _bad("Sec-WebSocket-Key is missing", "missingheaders")
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise _bad("Sec-WebSocket-Key must be one base64 value of 16 bytes", "invalid key")
    protocols = headers.get_all("sec-websocket-protocol")
    offered = list_elements(protocols)
    if protocols and not (offered and all(map(is_token, offered))):
        raise _bad("Sec-WebSocket-Protocol must list tokens", "invalid header")


def _upgrade_required(message: str, error: str) -> HandshakeError:
    # RFC 6455 §4.4 wants the version in the answer, RFC 9110 §15.5.22 the Upgrade.
    headers = [("Upgrade", "websocket"), _VERSION, ("Error", error)]
    return HandshakeError(426, message, headers=headers)
