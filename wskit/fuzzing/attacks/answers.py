"""Attacks on a client's opening handshake (RFC 6455 §4.1): responses, right and wrong."""

from __future__ import annotations

from ..scripts import Attack, Does, Ending, Expects, Step
from ..wire import Speaker

__all__ = ["answers"]

_LINE = b"HTTP/1.1 101 Switching Protocols"
_FIELDS = {
    "Upgrade": b"websocket",
    "Connection": b"Upgrade",
    "Sec-WebSocket-Accept": b"{accept}",
}
_DROPPED = Expects(Ending.DROPPED)
_OPENED = Expects(Ending.OPENED)


def answers() -> list[Attack]:
    """Return the attacks that a server makes before there is a connection."""
    return [*_wrong(), *_right(), *_large(), *_cut()]


def _response(line: bytes = _LINE, more: bytes = b"", **replaced: bytes | None) -> bytes:
    changed = {name.replace("_", "-"): value for name, value in replaced.items()}
    fields = {**_FIELDS, **changed}
    lines = [name.encode() + b": " + value for name, value in fields.items() if value is not None]
    return b"\r\n".join((line, *lines)) + b"\r\n" + more + b"\r\n"


def _answer(
    name: str, section: str, expects: Expects, response: bytes | Step, *more: Step, case: str = ""
) -> Attack:
    first = Step(Does.HEAD, response) if isinstance(response, bytes) else response
    where = section if section.startswith("RFC") else f"RFC 6455 §{section}"
    return Attack(f"answer: {name}", where, expects, (first, *more), case)


def _wrong() -> list[Attack]:
    deflate = b"Sec-WebSocket-Extensions: permessage-deflate"
    case = "undici, graphql-testing-library#173"
    page = b"Content-Length: 5\r\n"
    wrong = {
        "no Upgrade": _response(Upgrade=None),
        "Upgrade of something else": _response(Upgrade=b"h2c"),
        "Upgrade of one thing more": _response(Upgrade=b"websocket, h2c"),
        "no Connection": _response(Connection=None),
        "Connection: close": _response(Connection=b"close"),
        "no Sec-WebSocket-Accept": _response(Sec_WebSocket_Accept=None),
        "a wrong Sec-WebSocket-Accept": _response(
            Sec_WebSocket_Accept=b"AAAAAAAAAAAAAAAAAAAAAAAAAAA="
        ),
        "an empty Sec-WebSocket-Accept": _response(Sec_WebSocket_Accept=b""),
        "a subprotocol nobody offered": _response(more=b"Sec-WebSocket-Protocol: zz-none\r\n"),
        "an extension nobody offered": _response(more=b"Sec-WebSocket-Extensions: zz-none\r\n"),
        "200": _response(b"HTTP/1.1 200 OK", page) + b"hello",
        "404": _response(b"HTTP/1.1 404 Not Found", page) + b"hello",
        "500": _response(b"HTTP/1.1 500 No", page) + b"hello",
    }
    attacks = [_answer(name, "4.1", _DROPPED, response) for name, response in wrong.items()]
    for parameter in (
        b"server_max_window_bits=7",
        b"server_max_window_bits=16",
        b"server_max_window_bits=99999999999",
        b"server_max_window_bits=abc",
        b"client_max_window_bits=16",
        b"level=9",
    ):
        response = _response(more=deflate + b"; " + parameter + b"\r\n")
        name = f"extensions: {parameter.decode()}"
        attacks.append(_answer(name, "RFC 7692 §7.1", _DROPPED, response, case=case))
    twice = _response(more=deflate + b", permessage-deflate\r\n")
    attacks.append(_answer("extensions: twice", "RFC 7692 §5", _DROPPED, twice))
    broken = Expects(Ending.DROPPED, must=False)
    for name, data in {
        "no HTTP at all": b"hello\r\n\r\n",
        "HTTP/1.0": _response(b"HTTP/1.0 101 Switching Protocols"),
        "a frame": Speaker(masked=False).frame(1, b"hello"),
        "noise": bytes(range(256)) + b"\r\n\r\n",
        "a header without a colon": _response(more=b"nothing\r\n"),
        "a blank before a colon": _response(more=b"X-Blank : a\r\n"),
    }.items():
        attacks.append(_answer(name, "RFC 9112 §2.2", broken, data, Step(Does.SHUT)))
    return attacks


def _right() -> list[Attack]:
    right = {
        "plain": _response(),
        "names in lower case": _response().replace(b"Sec-WebSocket", b"sec-websocket"),
        "values in capitals": _response(Upgrade=b"WEBSOCKET", Connection=b"UPGRADE"),
        "another reason": _response(b"HTTP/1.1 101 Welcome"),
        "unknown headers": _response(more=b"Server: wskit fuzz\r\nX-Nobody: knows\r\n"),
        "with a ping behind it": _response() + Speaker(masked=False).frame(9, b"early"),
    }
    attacks = [_answer(name, "4.1", _OPENED, response) for name, response in right.items()]
    attacks.append(_answer("byte by byte", "4.1", _OPENED, Step(Does.DRIBBLE, _response())))
    return attacks


def _large() -> list[Attack]:
    limit = Expects(Ending.DROPPED, must=False)
    begun = Step(Does.HEAD, _response()[:-2] + b"X-Long: ")
    many = b"".join(b"X-%d: a\r\n" % number for number in range(2000))
    case = "tungstenite CVE-2023-43669"
    return [
        _answer("a header of 1 MiB", "10.4", limit, begun, Step(Does.SEND, b"a" * 65536, 16),
                Step(Does.SEND, b"\r\n\r\n"), case=case),
        _answer("a header that never ends", "10.4", limit, begun,
                Step(Does.SEND, b"a" * 65536, 128), case=case),
        _answer("2000 headers", "10.4", Expects(Ending.ANY), _response(more=many)),
    ]  # fmt: skip


def _cut() -> list[Attack]:
    half, gone = _response()[:50], Expects(Ending.ANY)
    return [
        _answer("nothing, then cut", "4.1", gone, Step(Does.CUT)),
        _answer("nothing, then reset", "4.1", gone, Step(Does.RESET)),
        _answer("half a response, then cut", "4.1", gone, half, Step(Does.CUT)),
        _answer("half a response, then reset", "4.1", gone, half, Step(Does.RESET)),
        _answer("a response, then cut", "4.1", gone, _response(), Step(Does.CUT)),
        _answer("a response, then reset", "4.1", gone, _response(), Step(Does.RESET)),
    ]
