"""Both halves of the opening handshake: a request as servers read it, a response as clients do."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

from ...errors import HandshakeError
from ...protocol.extensions import Compression, offer_client
from ...protocol.handshake import Handshake, accept_response, error_response, negotiate
from ...protocol.opcodes import Side
from ...protocol.request import RequestReader
from ...protocol.response import ClientHandshake, ClientHandshakeResult
from ..checks import (
    ACCEPTED,
    BOUNDED,
    CUTS,
    ENDS,
    ERRORS,
    FAITHFUL,
    REFERENCE,
    Violation,
    documented,
)
from ..upgrades import problem_of_answer, problem_of_request, problem_of_response
from .settings import Settings, cuts, read_settings
from .target import Watch

__all__ = ["HandshakeTarget", "target"]

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_MOST = 1500  # bytes of a head
_HEADERS = 20
_STATUSES = (400, 405, 426, 431, 505)
_WISH = Compression()
_PROTOCOLS = ("chat", "superchat")

_Outcome = tuple[object, ...]


class HandshakeTarget:
    """Reads a request or, where the settings say client, a response."""

    name = "handshake"
    checks = (ERRORS, ENDS, CUTS, FAITHFUL, BOUNDED, ACCEPTED, REFERENCE)
    files = tuple(
        f"protocol/{name}.py"
        for name in ("request", "response", "handshake", "headers", "extensions")
    )
    structure: Literal["head"] = "head"

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Compare cuts, and hold what is accepted against the sections that allow it."""
        settings, stream = read_settings(data)
        run = _asked if settings.side is Side.SERVER else _answered
        ways = cuts(stream, settings.seed)
        with watch():
            first = run(settings, ways[0])
        for way in ways[1:]:
            if (other := run(settings, way)) != first:
                detail = f"in {len(way)} pieces {other[:3]}, whole {first[:3]}"
                raise Violation(CUTS, detail[:300], f"{first[0]} {first[1]} / {other[1]}")
        return settings.side, settings.deflate, first[:2]

    def close(self) -> None:
        """Nothing was started."""


def _asked(settings: Settings, pieces: list[bytes]) -> _Outcome:
    reader = RequestReader(_MOST, _HEADERS)
    given = 0
    with documented():
        try:
            for number, piece in enumerate(pieces, 1):
                given += len(piece)
                handshake = reader.feed(piece)
                if handshake is not None:
                    rest = reader.leftover + b"".join(pieces[number:])
                    return _accepted(settings, handshake, rest, b"".join(pieces))
        except HandshakeError as error:
            return _refused(error)
    if given >= _MOST:
        raise Violation(BOUNDED, f"{given} bytes were taken and nothing was said", "request")
    return ("waits", "", given)  # how much is no other behaviour


def _accepted(settings: Settings, handshake: Handshake, rest: bytes, stream: bytes) -> _Outcome:
    if not stream.endswith(rest):
        raise Violation(FAITHFUL, "leftover is not what follows the head", "leftover")
    head = stream[: len(stream) - len(rest)]
    if problem := problem_of_request(head):
        raise Violation(REFERENCE, f"accepted, but {problem}", problem)
    wish = _WISH if settings.deflate else None
    negotiate(handshake, subprotocols=_PROTOCOLS, compression=wish)
    answer = accept_response(handshake)
    if problem := problem_of_response(answer, handshake.key):
        raise Violation(ACCEPTED, problem, problem)
    _client_agrees(handshake, answer)
    fields = tuple(handshake.headers)
    return ("accepted", handshake.extensions_answer, handshake.url, fields, answer, rest)


def _client_agrees(handshake: Handshake, answer: bytes) -> None:
    """Where the offers were ones this library makes, its client takes the answer."""
    if handshake.headers.get_all("sec-websocket-extensions") != [offer_client(_WISH)]:
        return
    client = ClientHandshake(
        "x", "/", handshake.key, subprotocols=_unlike(handshake), compression=_WISH
    )
    try:
        result = client.feed(answer)
    except HandshakeError as error:
        raise Violation(FAITHFUL, f"the client refuses the answer: {error}", str(error)) from error
    if result is None or result.extensions != handshake.extensions:
        raise Violation(FAITHFUL, "the ends agree on different parameters", "extensions")


def _unlike(handshake: Handshake) -> tuple[str, ...]:
    return tuple(dict.fromkeys(handshake.subprotocols))


def _refused(error: HandshakeError) -> _Outcome:
    if error.status not in _STATUSES:
        raise Violation(ERRORS, f"status {error.status} is not documented", str(error.status))
    answer = error_response(error)
    if problem := problem_of_answer(answer, error.status):
        raise Violation(ACCEPTED, problem, problem)
    return ("refused", str(error), answer)


def _answered(settings: Settings, pieces: list[bytes]) -> _Outcome:
    wish = _WISH if settings.deflate else None
    client = ClientHandshake(
        "x", "/", _KEY, subprotocols=_PROTOCOLS, compression=wish, max_size=_MOST, max_body=_MOST
    )
    with documented():
        try:
            for number, piece in enumerate(pieces, 1):
                result = client.feed(piece)
                if result is not None:
                    return _opened(result, client.leftover + b"".join(pieces[number:]), pieces)
            client.eof()
        except HandshakeError as error:
            # Where it is no HTTP at all, h11 words what it saw of it.
            words = str(error) if error.status else ""
            return ("refused", words, error.status, tuple(error.headers), error.body)


def _opened(result: ClientHandshakeResult, rest: bytes, pieces: list[bytes]) -> _Outcome:
    stream = b"".join(pieces)
    if not stream.endswith(rest):
        raise Violation(FAITHFUL, "leftover is not what follows the head", "leftover")
    if problem := problem_of_response(stream[: len(stream) - len(rest)], _KEY, _PROTOCOLS):
        raise Violation(REFERENCE, f"accepted, but {problem}", problem)
    fields = tuple(result.headers)
    return ("opened", result.extensions, result.subprotocol, fields, rest)


def target() -> HandshakeTarget:
    """Return the target."""
    return HandshakeTarget()
