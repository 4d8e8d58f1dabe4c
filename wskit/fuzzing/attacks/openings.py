"""Attacks on a server's opening handshake (RFC 6455 §4.2, RFC 9112): requests, right and wrong."""

from __future__ import annotations

from ..scripts import Attack, Does, Ending, Expects, Step
from ..wire import Speaker

__all__ = ["openings"]

_LINE = b"GET {target} HTTP/1.1"
_FIELDS = {
    "Host": b"{host}",
    "Upgrade": b"websocket",
    "Connection": b"Upgrade",
    "Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": b"13",
}
_OPENED = Expects(Ending.OPENED)
_ANY = Expects(Ending.ANY)


def openings() -> list[Attack]:
    """Return the attacks that a client makes before there is a connection."""
    return [
        *_required(),
        *_right(),
        *_heads(),
        *_smuggling(),
        *_large(),
        *_extensions(),
        *_subprotocols(),
        *_slow(),
    ]


def _request(line: bytes = _LINE, more: bytes = b"", **replaced: bytes | None) -> bytes:
    """Return a request; ``replaced`` values have names with _ for -, None leaves one out."""
    changed = {name.replace("_", "-"): value for name, value in replaced.items()}
    fields = {**_FIELDS, **changed}
    lines = [name.encode() + b": " + value for name, value in fields.items() if value is not None]
    return b"\r\n".join((line, *lines)) + b"\r\n" + more + b"\r\n"


def _refused(*statuses: int, must: bool = True, header: str = "") -> Expects:
    return Expects(Ending.REFUSED, must=must, statuses=statuses, header=header)


def _opening(
    name: str, section: str, expects: Expects, request: bytes | Step, *more: Step, case: str = ""
) -> Attack:
    first = Step(Does.HEAD, request) if isinstance(request, bytes) else request
    where = section if section.startswith("RFC") else f"RFC 6455 §{section}"
    return Attack(f"opening: {name}", where, expects, (first, *more), case)


def _required() -> list[Attack]:
    bad = _refused(400)
    wrong = {
        "no Host": (bad, _request(Host=None)),
        "no Upgrade": (_refused(400, 426), _request(Upgrade=None)),
        "Upgrade of something else": (_refused(400, 426), _request(Upgrade=b"h2c")),
        "no Connection": (_refused(400, 426), _request(Connection=None)),
        "Connection: close": (_refused(400, 426), _request(Connection=b"close")),
        "no key": (bad, _request(Sec_WebSocket_Key=None)),
        "empty key": (bad, _request(Sec_WebSocket_Key=b"")),
        "key of 15 bytes": (bad, _request(Sec_WebSocket_Key=b"AAAAAAAAAAAAAAAAAAAA")),
        "key of 17 bytes": (bad, _request(Sec_WebSocket_Key=b"AAAAAAAAAAAAAAAAAAAAAAA=")),
        "key that is not base64": (bad, _request(Sec_WebSocket_Key=b"!!!!!!!!!!!!!!!!!!!!!!==")),
        "POST": (_refused(400, 405), _request(b"POST {target} HTTP/1.1")),
        "HTTP/1.0": (_refused(400, 426, 505), _request(b"GET {target} HTTP/1.0")),
    }
    attacks = [_opening(name, "4.2.1", *rest) for name, rest in wrong.items()]
    two = _request(more=b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")
    attacks.append(_opening("two keys", "11.3.1", bad, two))
    versions = {"no version": None, "version 12": b"12", "version 14": b"14", "version x": b"x"}
    for name, version in versions.items():
        expects = _refused(426, 400, header="Sec-WebSocket-Version")
        request = _request(Sec_WebSocket_Version=version)
        attacks.append(_opening(name, "4.4", expects, request))
    hosts = _request(more=b"Host: other.example\r\n")
    attacks.append(_opening("two Hosts", "RFC 9112 §3.2", _refused(400), hosts))
    return attacks


def _right() -> list[Attack]:
    right = {
        "plain": _request(),
        "names in lower case": _request().replace(b"Sec-WebSocket", b"sec-websocket"),
        "values in capitals": _request(Upgrade=b"WEBSOCKET", Connection=b"UPGRADE"),
        "Connection: keep-alive, Upgrade": _request(Connection=b"keep-alive, Upgrade"),
        "a query": _request(b"GET {target}?a=b&c=%20 HTTP/1.1"),
        "unknown headers": _request(more=b"X-Nobody: knows\r\nAccept: */*\r\n"),
        "a cookie": _request(more=b"Cookie: a=b; c=d\r\n"),
    }
    attacks = [_opening(name, "4.2.1", _OPENED, request) for name, request in right.items()]
    slow = Step(Does.DRIBBLE, _request())
    attacks.append(_opening("byte by byte", "4.2.1", _OPENED, slow))
    # "The client MUST wait for a response": nobody says what a server does where it does not.
    ping = Speaker(masked=True).frame(9, b"early")
    attacks.append(_opening("with a ping behind it", "4.1", _ANY, _request() + ping))
    return attacks


def _heads() -> list[Attack]:
    reject = _refused(400, must=False)
    tls = bytes.fromhex("16030100c8010000c40303") + bytes(190)
    wrong = {
        "no HTTP at all": (reject, b"hello\r\n\r\n"),
        "TLS": (_ANY, tls),
        "HTTP/2": (_ANY, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        "nothing but line ends": (_ANY, b"\r\n" * 50),
        "a frame": (_ANY, Speaker(masked=True).frame(1, b"hello")),
        "HTTP/9.9": (_refused(400, 505, must=False), _request(b"GET {target} HTTP/9.9")),
        "no version of HTTP": (reject, _request(b"GET {target}")),
        "a target without a slash": (reject, _request(b"GET nowhere HTTP/1.1")),
        "a blank in the target": (reject, _request(b"GET /a b HTTP/1.1")),
        "NUL in the target": (reject, _request(b"GET /a\0b HTTP/1.1")),
        "NUL in a value": (_ANY, _request(more=b"X-Nul: a\0b\r\n")),
        "bytes above 127": (_ANY, _request(more=b"X-High: \xff\xfe\xe9\r\n")),
        "a header without a colon": (reject, _request(more=b"nothing\r\n")),
        "a header without a name": (reject, _request(more=b": nothing\r\n")),
        "an escape in a name": (reject, _request(more=b"X-\x1b[2J: a\r\n")),
        "CR inside a value": (_ANY, _request(more=b"X-Cr: a\rSet-Cookie: b\r\n")),
    }
    return [
        _opening(name, "RFC 9112 §2.2", expects, request)
        for name, (expects, request) in wrong.items()
    ]


def _smuggling() -> list[Attack]:
    reject = _refused(400, must=False)
    second = _request()
    wrong = {
        "a blank before the colon": (
            "RFC 9112 §5.1",
            _refused(400),
            _request(more=b"X-Blank : a\r\n"),
        ),
        "a folded line": ("RFC 9112 §5.2", _ANY, _request(more=b"X-Fold: a\r\n b\r\n")),
        "bare line feeds": ("RFC 9112 §2.2", _ANY, _request().replace(b"\r\n", b"\n")),
        "Content-Length and chunks": (
            "RFC 9112 §6.1",
            reject,
            _request(more=b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
        ),
        "two Content-Lengths": (
            "RFC 9112 §6.3",
            reject,
            _request(more=b"Content-Length: 0\r\nContent-Length: 5\r\n") + b"hello",
        ),
        "a negative Content-Length": (
            "RFC 9112 §6.3",
            reject,
            _request(more=b"Content-Length: -1\r\n"),
        ),
        "chunked, in disguise": (
            "RFC 9112 §6.1",
            reject,
            _request(more=b"Transfer-Encoding: xchunked\r\n"),
        ),
        "a second request behind it": ("RFC 9112 §9.3", _ANY, second + second),
    }
    return [
        _opening(name, section, expects, request, case="request smuggling")
        for name, (section, expects, request) in wrong.items()
    ]


def _large() -> list[Attack]:
    limit = _refused(400, 413, 414, 431, must=False)
    many = b"".join(b"X-%d: a\r\n" % number for number in range(2000))
    header = "tungstenite CVE-2023-43669"
    parts = _request().split(b"\r\n\r\n")[0]
    mebibyte = Step(Does.SEND, b"a" * 65536, 16)
    begun = Step(Does.HEAD, parts + b"\r\nX-Long: ")
    return [
        _opening(
            "a header of 64 KiB", "10.4", limit, _request(more=b"X: " + b"a" * 65536 + b"\r\n"),
            case=header,
        ),
        _opening("a header of 1 MiB", "10.4", limit, begun, mebibyte,
                 Step(Does.SEND, b"\r\n\r\n"), case=header),
        _opening("a header that never ends", "10.4", limit, begun,
                 Step(Does.SEND, b"a" * 65536, 128), case=header),
        _opening("2000 headers", "10.4", limit, _request(more=many), case="ws CVE-2024-37890"),
        _opening("a target of 64 KiB", "10.4", limit,
                 _request(b"GET /" + b"a" * 65536 + b" HTTP/1.1")),
        _opening("64 KiB of blanks in a list", "10.4", _ANY,
                 _request(Sec_WebSocket_Protocol=b"a" + b" " * 6000 + b"b"),
                 case="ws CVE-2021-32640"),
    ]  # fmt: skip


def _extensions() -> list[Attack]:
    deflate = b"permessage-deflate"
    declined = Expects(Ending.DECLINED)
    wrong = {
        "server_max_window_bits=7": deflate + b"; server_max_window_bits=7",
        "server_max_window_bits=16": deflate + b"; server_max_window_bits=16",
        "server_max_window_bits=08": deflate + b"; server_max_window_bits=08",
        "server_max_window_bits=abc": deflate + b"; server_max_window_bits=abc",
        "server_max_window_bits=-9": deflate + b"; server_max_window_bits=-9",
        "server_max_window_bits without a value": deflate + b"; server_max_window_bits",
        "client_max_window_bits=99999999999": deflate + b"; client_max_window_bits=99999999999",
        "a value for no_context_takeover": deflate + b"; server_no_context_takeover=1",
        "a parameter twice": deflate + b"; client_max_window_bits=9; client_max_window_bits=10",
        "an unknown parameter": deflate + b"; level=9",
        "an unknown extension": b"x-webkit-deflate-frame",
    }
    attacks = [
        _opening(
            f"extensions: {name}",
            "RFC 7692 §7.1",
            declined,
            _request(Sec_WebSocket_Extensions=offer),
            case="undici, graphql-testing-library#173",
        )
        for name, offer in wrong.items()
    ]
    malformed = {
        "empty": b"",
        "semicolons": b";;;",
        "an equals sign": b"=",
        "a quote": b'a;b="',
        "a name with a blank": b"a b",
        "bytes above 127": b"\xff; \xfe",
    }
    attacks += [
        _opening(
            f"extensions: {name}",
            "9.1",
            declined,
            _request(Sec_WebSocket_Extensions=offer),
            case="ws, the parser of 2017",
        )
        for name, offer in malformed.items()
    ]
    attacks += [
        _opening(f"extensions: {name}", "9.1", _ANY, _request(Sec_WebSocket_Extensions=offer))
        for name, offer in {
            "200 offers": b", ".join([deflate + b"; server_max_window_bits=16"] * 200),
            "1000 backslashes": b'a; b="' + b"\\a" * 500 + b'"',
            "window of 8 bits": deflate + b"; server_max_window_bits=8; client_max_window_bits=8",
        }.items()
    ]
    return attacks


def _subprotocols() -> list[Attack]:
    case = "Granian: a subprotocol that is not ASCII"
    offers = {
        "not ASCII": "grün".encode(),
        "a blank": b"a b",
        "empty": b"",
        "300 of them": b", ".join(b"p%d" % number for number in range(300)),
        "twice the same": b"chat, chat",
        "commas": b",,,",
    }
    return [
        _opening(f"subprotocols: {name}", "4.2.2", _ANY, _request(Sec_WebSocket_Protocol=offer),
                 case=case)
        for name, offer in offers.items()
    ]  # fmt: skip


def _slow() -> list[Attack]:
    half = _request()[:60]
    case = "tokio-tungstenite#347, nanobot#4781"
    return [
        _opening("half a request, then cut", "4.2.1", _ANY, half, Step(Does.CUT)),
        _opening("half a request, then reset", "4.2.1", _ANY, half, Step(Does.RESET)),
        _opening("nothing, then cut", "4.2.1", _ANY, Step(Does.CUT)),
        _opening("a request, then reset", "4.2.2", _ANY, _request(), Step(Does.RESET)),
        _opening("half a request, then half-close", "4.2.1", Expects(Ending.ENDED, must=False),
                 half, Step(Does.SHUT)),
        _opening("30 silent connections", "10.4", _OPENED, Step(Does.CROWD, times=30),
                 Step(Does.HEAD, _request()), case=case),
        _opening("30 half requests", "10.4", _OPENED, Step(Does.CROWD, half, 30),
                 Step(Does.HEAD, _request()), case=case),
    ]  # fmt: skip
