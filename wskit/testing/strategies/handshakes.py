"""Strategies for opening handshakes: requests, and the responses to them (RFC 6455 §4)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from .arguments import flag, instance, named
from .exchanges import Fields, HandshakeRequest, HandshakeResponse, accept_for, values_of
from .offers import (
    Parameters,
    agreed,
    answerable,
    answers,
    deflate_offers,
    extension_offers,
    offers_of,
)
from .rules import REQUEST_VIOLATIONS, RESPONSE_VIOLATIONS
from .values import Agreement

__all__ = ["agreement_of", "handshake_requests", "handshake_responses", "requests", "responses"]

Head = TypeVar("Head", HandshakeRequest, HandshakeResponse)

_DEFLATE = "permessage-deflate"
_EXTENSIONS = "Sec-WebSocket-Extensions"
_PROTOCOL = "Sec-WebSocket-Protocol"
_KEY = "Sec-WebSocket-Key"
_UPGRADES = st.sampled_from(
    ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket", "websocket,", " websocket "]
)
_ANSWERED_UPGRADES = st.sampled_from(["websocket", "WebSocket", "WEBSOCKET", " websocket "])
_CONNECTIONS = st.sampled_from(
    ["Upgrade", "upgrade", "keep-alive, Upgrade", "Upgrade,Keep-Alive", " upgrade "]
)
_HOSTS = st.sampled_from(["localhost", "example.com", "127.0.0.1:8000", "[::1]:80"])
_TARGETS = st.sampled_from(
    ["/", "/chat", "/?", "/chat?a=1&b=%20", "http://example.com/chat", "ws://example.com/?x"]
)
_NONCES = st.binary(min_size=16, max_size=16)
_TOKENS = ("chat", "superchat", "v1.json", "mqtt", "!#$%&'*+-.^_`|~")
_SUBPROTOCOLS = st.lists(st.sampled_from(_TOKENS), unique=True, max_size=3)
_JOINTS = st.sampled_from([", ", ",", " ,, ", None])  # None: a field for each
_CHOICES = st.none() | st.integers(0, 2)
_OWN = st.lists(
    st.sampled_from(
        [
            ("Origin", "https://example.com"),
            ("Origin", "null"),
            ("User-Agent", "strategies"),
            ("Cookie", 'a=1; b="two"'),
            ("X-Empty", ""),
            ("X-Latin", "caf\xe9"),
            ("X-Long", "x" * 1000),
            ("Pragma", "no-cache"),
            ("Content-Length", "0"),
        ]
    ),
    max_size=3,
    unique_by=lambda field: field[0],
)
_SERVERS_OWN = st.lists(
    st.sampled_from([("Server", "strategies"), ("X-Empty", "")]), max_size=2, unique=True
)
_CASES: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.lower, str.upper])
_BAD_KEYS = ("", "AAAA", "A" * 24, "A" * 21 + "==", "A" * 22 + "==,", "A" * 21 + "\xe9==")
_BAD_PROTOCOLS = ("", ",", "two words", "chat, a/b", 'chat, "quoted"', "caf\xe9")


def handshake_requests(
    *, deflate: bool | None = None, violations: Collection[str] = ()
) -> st.SearchStrategy[HandshakeRequest]:
    """Generates requests for an upgrade: fields in any order and case, lists, extra fields,
    subprotocols, offers of extensions; permessage-deflate as ``deflate`` says, or perhaps.

    With ``violations`` each breaks one of these rules of ``REQUEST_VIOLATIONS``. Examples shrink
    towards the five fields that are needed, for "/" on localhost.
    """
    wrong = named("violations", violations, REQUEST_VIOLATIONS)
    if deflate is not None:
        flag("deflate", deflate)
    if not wrong:
        return requests(deflate)
    return st.one_of([_broken_request(name, deflate) for name in wrong])


def handshake_responses(
    request: HandshakeRequest,
    *,
    deflate: bool | None = None,
    violations: Collection[str] = (),
) -> st.SearchStrategy[HandshakeResponse]:
    """Generates responses that accept the legal ``request``: perhaps with one of its
    subprotocols, and with permessage-deflate where it was offered and ``deflate`` allows it.

    With ``violations`` each breaks one of these rules of ``RESPONSE_VIOLATIONS``. Examples shrink
    towards the three fields that are needed.
    """
    instance("request", request, HandshakeRequest)
    wrong = named("violations", violations, RESPONSE_VIOLATIONS)
    if deflate is not None:
        flag("deflate", deflate)
    if request.violation is not None:
        raise InvalidArgument(f"request: must be legal, but breaks {request.violation!r}")
    if deflate and _acceptable(request) is None:
        raise InvalidArgument("deflate: the request does not offer what can be accepted")
    if not wrong:
        return responses(request, deflate)
    return st.one_of([_broken_response(name, request) for name in wrong])


@st.composite
def requests(draw: st.DrawFn, deflate: bool | None) -> HandshakeRequest:
    """Generates legal requests."""
    fields = [
        ("Host", draw(_HOSTS)),
        ("Upgrade", draw(_UPGRADES)),
        ("Connection", draw(_CONNECTIONS)),
        (_KEY, base64.b64encode(draw(_NONCES)).decode()),
        ("Sec-WebSocket-Version", "13"),
    ]
    names = draw(_SUBPROTOCOLS)
    joint = draw(_JOINTS)
    if names:
        values = names if joint is None else [joint.join(names)]
        fields += [(_PROTOCOL, value) for value in values]
    fields += [(_EXTENSIONS, value) for value in draw(_offered(deflate))]
    fields += draw(_OWN)
    return HandshakeRequest(_arranged(draw, fields), target=draw(_TARGETS))


@st.composite
def responses(
    draw: st.DrawFn, request: HandshakeRequest, deflate: bool | None
) -> HandshakeResponse:
    """Generates legal responses."""
    fields = [
        ("Upgrade", draw(_ANSWERED_UPGRADES)),
        ("Connection", draw(_CONNECTIONS)),
        ("Sec-WebSocket-Accept", accept_for(request.key)),
    ]
    names = request.subprotocols
    choice = draw(_CHOICES)
    if names and choice is not None:
        fields.append((_PROTOCOL, names[choice % len(names)]))
    offer = _acceptable(request) if deflate is not False else None
    if offer is not None and (deflate or draw(st.booleans())):
        fields.append((_EXTENSIONS, draw(answers(offer))))
    fields += draw(_SERVERS_OWN)
    return HandshakeResponse(_arranged(draw, fields))


def agreement_of(request: HandshakeRequest, response: HandshakeResponse) -> Agreement | None:
    """Return what the handshake agreed on for permessage-deflate, or None."""
    said = offers_of(values_of(response.headers, _EXTENSIONS.lower()))
    offer = _acceptable(request)
    return agreed(offer, said[0][1]) if said and offer is not None else None


def _acceptable(request: HandshakeRequest) -> Parameters | None:
    """Return the first offer of permessage-deflate that a server with zlib can take."""
    offered = offers_of(values_of(request.headers, _EXTENSIONS.lower()))
    return next((each for name, each in offered if name == _DEFLATE and answerable(each)), None)


@lru_cache(256)
def _offered(deflate: bool | None) -> st.SearchStrategy[list[str]]:
    if deflate is False:
        return st.just([])
    if deflate:
        # A bare offer last, so that there is one that can be accepted.
        return deflate_offers().map(lambda offer: [offer, _DEFLATE])
    return st.lists(extension_offers(), max_size=2)


def _arranged(draw: st.DrawFn, fields: list[tuple[str, str]]) -> Fields:
    """Put fields in any order, those of one name in theirs, and their names in any case."""
    order = draw(st.permutations(list(dict.fromkeys(name for name, _ in fields))))
    case = draw(_CASES)
    return tuple(
        (case(name), value) for wanted in order for name, value in fields if name == wanted
    )


def _without(fields: Fields, *names: str) -> Fields:
    dropped = {name.lower() for name in names}
    return tuple(field for field in fields if field[0].lower() not in dropped)


def _with(fields: Fields, name: str, value: str) -> Fields:
    """Say ``name`` once, in its place if it has one."""
    at = next((n for n, each in enumerate(fields) if each[0].lower() == name.lower()), len(fields))
    rest = _without(fields, name)
    return (*rest[:at], (name, value), *rest[at:])


def _broken_request(name: str, deflate: bool | None) -> st.SearchStrategy[HandshakeRequest]:
    breaking, values = _BREAKING_REQUEST[name]

    def made(request: HandshakeRequest, value: str) -> HandshakeRequest:
        return replace(breaking(request, value), violation=name)

    return st.builds(made, requests(deflate), values)


def _broken_response(name: str, request: HandshakeRequest) -> st.SearchStrategy[HandshakeResponse]:
    breaking, values = _BREAKING_RESPONSE[name]

    def made(response: HandshakeResponse, value: str) -> HandshakeResponse:
        return replace(breaking(response, value), violation=name)

    return st.builds(made, responses(request, None), values)


Breaking = tuple[Callable[[Head, str], Head], st.SearchStrategy[str]]


def _field(name: str) -> Callable[[Head, str], Head]:
    """Set a field to the value drawn."""
    return lambda head, value: replace(head, headers=_with(head.headers, name, value))


def _absent(name: str) -> Callable[[Head, str], Head]:
    return lambda head, value: replace(head, headers=_without(head.headers, name))


def _two_keys(request: HandshakeRequest, value: str) -> HandshakeRequest:
    return replace(request, headers=(*request.headers, (_KEY, value)))


def _blank_in_name(request: HandshakeRequest, value: str) -> HandshakeRequest:
    return replace(request, headers=(*request.headers, (f"X-Blank{value}", "x")))


_NOTHING = st.just("")
_BREAKING_REQUEST: dict[str, Breaking[HandshakeRequest]] = {
    "method": (
        lambda request, value: replace(request, method=value),
        st.sampled_from(["POST", "HEAD", "PUT", "OPTIONS", "get"]),
    ),
    "http_version": (lambda request, value: replace(request, version=value), st.just("HTTP/1.0")),
    "no_upgrade": (_absent("Upgrade"), _NOTHING),
    "upgrade": (_field("Upgrade"), st.sampled_from(["h2c", "websockets", "web socket", "TLS/1.0"])),
    "no_connection": (_absent("Connection"), _NOTHING),
    "connection": (_field("Connection"), st.sampled_from(["close", "keep-alive", "Upgrades"])),
    "no_host": (_absent("Host"), _NOTHING),
    "no_key": (_absent(_KEY), _NOTHING),
    "key": (_field(_KEY), st.sampled_from(_BAD_KEYS)),
    "two_keys": (_two_keys, st.just("A" * 22 + "==")),
    "no_version": (_absent("Sec-WebSocket-Version"), _NOTHING),
    "version": (
        _field("Sec-WebSocket-Version"),
        st.sampled_from(["", "0", "8", "12", "14", "013", "13, 8", "130", "x"]),
    ),
    "subprotocol": (_field(_PROTOCOL), st.sampled_from(_BAD_PROTOCOLS)),
    "extensions": (_field(_EXTENSIONS), extension_offers(violations={"extensions"})),
    "header": (_blank_in_name, st.sampled_from([" ", "\t"])),
}
_BREAKING_RESPONSE: dict[str, Breaking[HandshakeResponse]] = {
    "status": (
        lambda response, value: replace(
            response, status=value, headers=(*response.headers, ("Content-Length", "0"))
        ),
        st.sampled_from(["200 OK", "302 Found", "403 Forbidden", "500 Internal Server Error"]),
    ),
    "http_version": (
        lambda response, value: replace(response, version=value),
        st.just("HTTP/1.0"),
    ),
    "no_upgrade": (_absent("Upgrade"), _NOTHING),
    "upgrade": (_field("Upgrade"), st.sampled_from(["h2c", "websockets"])),
    "no_connection": (_absent("Connection"), _NOTHING),
    "connection": (_field("Connection"), st.sampled_from(["close", "keep-alive"])),
    "no_accept": (_absent("Sec-WebSocket-Accept"), _NOTHING),
    "accept": (
        _field("Sec-WebSocket-Accept"),
        st.sampled_from(["", accept_for(""), accept_for("A" * 22 + "=="), "x"]),
    ),
    "subprotocol": (_field(_PROTOCOL), st.sampled_from(["never-offered", "", "chat, superchat"])),
    "extensions": (
        _field(_EXTENSIONS),
        st.sampled_from(["never-offered", f"{_DEFLATE}; unknown", f"{_DEFLATE}, {_DEFLATE}"]),
    ),
}
