"""permessage-deflate as it is negotiated: the header's grammar, offers and answers.

RFC 6455 §9.1 has the grammar, RFC 7692 §7.1 the parameters. A header that breaks the grammar fails
the handshake; an offer that breaks RFC 7692 is only declined; a broken answer fails the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import HandshakeError
from .headers import TOKEN

__all__ = [
    "Compression",
    "DeflateParameters",
    "Extension",
    "accept_client",
    "negotiate_server",
    "offer_client",
    "parse_extensions",
]

_NAME = "permessage-deflate"
_SERVER_FRESH = "server_no_context_takeover"
_CLIENT_FRESH = "client_no_context_takeover"
_SERVER_BITS = "server_max_window_bits"
_CLIENT_BITS = "client_max_window_bits"

# §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15 inclusive".
_BITS = {str(bits): bits for bits in range(8, 16)}
# zlib has no compressor with a window of 256 bytes: it refuses 8 bits for raw deflate, or (before
# 1.2.9) quietly takes 9.
_MIN_BITS, _MAX_BITS = 9, 15

# No two neighbours below can take the same character, so a mismatch is found in linear time.
_OWS = r"[ \t]*"
# RFC 6455 §9.1: what a quoted value says without its quotes must be a token, too.
_VALUE = rf'{TOKEN}|"(?:\\?{TOKEN[:-1]})+"'
_ELEMENT = re.compile(
    rf"{_OWS}(?:({TOKEN}){_OWS}((?:;{_OWS}{TOKEN}{_OWS}(?:={_OWS}(?:{_VALUE}){_OWS})?)*))?(?:,|\Z)"
)
_PARAMETER = re.compile(rf";{_OWS}({TOKEN}){_OWS}(?:={_OWS}({_VALUE}))?")


class Extension(NamedTuple):
    """One extension of a Sec-WebSocket-Extensions header; its names are in lower case."""

    name: str
    parameters: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """What an end wishes of permessage-deflate; None in its place means no compression."""

    # Bytes: a message of at least this size is compressed. None compresses nothing unless asked
    # to for a message, since it costs CPU, and only the application knows what is worth it; 0 all.
    write_threshold: int | None = None
    # Keep the compressor of a connection between messages: faster. False frees it after each one,
    # which takes server_no_context_takeover (on a client: client_no_context_takeover) as well.
    retain_write_buffer: bool = True
    # Compress each message without those before it: small messages shrink less, but no window of
    # the past has to be kept at either end.
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    # Base-2 logarithms of the windows in bytes, 9..15. 12 holds a small message or two, and a
    # compressor in 32 KiB where 15 takes 144.
    server_max_window_bits: int = 12
    client_max_window_bits: int = 12
    # 0 (none) to 9 (smallest and slowest); -1 is the backend's own default, which is 6.
    level: int = -1
    # 1..9: memory for the compressor's tables, 2 ** (mem_level + 9) bytes; 5 suits 12 bits.
    mem_level: int = 5

    def __post_init__(self) -> None:
        """Raise TypeError or ValueError with the name of the first wrong field."""
        if self.write_threshold is not None:
            _check_int("write_threshold", self.write_threshold, 0, None)
        for name in ("retain_write_buffer", _SERVER_FRESH, _CLIENT_FRESH):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name}: must be True or False, not {getattr(self, name)!r}")
        _check_int(_SERVER_BITS, self.server_max_window_bits, _MIN_BITS, _MAX_BITS)
        _check_int(_CLIENT_BITS, self.client_max_window_bits, _MIN_BITS, _MAX_BITS)
        _check_int("level", self.level, -1, 9)
        _check_int("mem_level", self.mem_level, 1, 9)


@dataclass(frozen=True, slots=True)
class DeflateParameters:
    """What both ends agreed on; the defaults are those of a bare "permessage-deflate"."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = _MAX_BITS
    client_max_window_bits: int = _MAX_BITS


def parse_extensions(header_values: Iterable[str]) -> list[Extension]:
    """Parse the values of all Sec-WebSocket-Extensions fields of one head.

    Raises ValueError where they break the grammar or name no extension (RFC 6455 §9.1).
    """
    found: list[Extension] = []
    for value in header_values:
        position = 0
        while position < len(value):
            match = _ELEMENT.match(value, position)
            if match is None:
                raise ValueError("malformed list")
            if match[1] is not None:  # else an empty element, which lists may have
                found.append(Extension(match[1].lower(), _parameters(match[2])))
            position = match.end()
    if not found:
        raise ValueError("no extension named")
    return found


def negotiate_server(
    header_values: Sequence[str], compression: Compression | None
) -> tuple[str, DeflateParameters] | None:
    """Take the first offer that can be met; return the field value to answer and what it means.

    None where none can, or ``compression`` is None. Raises HandshakeError(400) for a malformed
    header even then: RFC 6455 §9.1 lets nobody ignore that.
    """
    if not header_values:
        return None
    try:
        offers = parse_extensions(header_values)
    except ValueError as exc:
        message = f"Sec-WebSocket-Extensions: {exc}"
        headers = [("Error", "invalid extensions")]
        raise HandshakeError(400, message, headers=headers) from None
    if compression is None:
        return None
    answers = (_answer(offer, compression) for offer in offers)
    return next((answer for answer in answers if answer is not None), None)


def offer_client(compression: Compression) -> str:
    """Return the offer of a client as a Sec-WebSocket-Extensions value (RFC 7692 §7.1)."""
    parts = [_NAME]
    if compression.server_no_context_takeover:
        parts.append(_SERVER_FRESH)
    if compression.client_no_context_takeover:
        parts.append(_CLIENT_FRESH)
    if compression.server_max_window_bits < _MAX_BITS:
        parts.append(f"{_SERVER_BITS}={compression.server_max_window_bits}")
    # Always said, since without it the server may not limit our window (§7.1.2.2).
    bits = compression.client_max_window_bits
    parts.append(f"{_CLIENT_BITS}={bits}" if bits < _MAX_BITS else _CLIENT_BITS)
    return "; ".join(parts)


def accept_client(
    header_values: Sequence[str], compression: Compression | None
) -> DeflateParameters | None:
    """Judge a server's answer to ``offer_client(compression)``; None where it declined.

    Raises HandshakeError(101) for an answer that this offer does not allow (RFC 7692 §7.1), and
    for any answer where ``compression`` is None: nothing was offered then.
    """
    if not header_values:
        return None
    try:
        if compression is None:
            raise ValueError("not asked for")
        return _accepted(parse_extensions(header_values), compression)
    except ValueError as exc:
        raise HandshakeError(101, f"Sec-WebSocket-Extensions: {exc}") from None


def _check_int(name: str, value: int, low: int, high: int | None) -> None:
    if type(value) is not int:  # a bool is none here
        raise TypeError(f"{name}: must be an int, not {value!r}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name}: must be {low}..{'' if high is None else high}, not {value}")


def _parameters(text: str) -> tuple[tuple[str, str | None], ...]:
    pairs: list[tuple[str, str]] = _PARAMETER.findall(text)
    return tuple(
        (name.lower(), value.strip('"').replace("\\", "") if value else None)
        for name, value in pairs
    )


def _read(extension: Extension, *, offer: bool) -> dict[str, int]:
    """Return the parameters of permessage-deflate, with the window bits where they have a value.

    Raises ValueError for one that is unknown, repeated or wrong (§7.1). Only an ``offer`` may have
    client_max_window_bits without a value (§7.1.2.2); it means up to 15.
    """
    if extension.name != _NAME:
        raise ValueError(f"unknown extension {extension.name[:40]}")
    found: dict[str, int] = {}
    for name, value in extension.parameters:
        if name in found:
            raise ValueError(f"{name} twice")
        if name in (_SERVER_FRESH, _CLIENT_FRESH) and value is None:
            found[name] = True
        elif name in (_SERVER_BITS, _CLIENT_BITS) and value in _BITS:
            found[name] = _BITS[value]
        elif name == _CLIENT_BITS and value is None and offer:
            found[name] = _MAX_BITS
        else:
            raise ValueError(f"wrong parameter {name[:40]}")
    return found


def _answer(offer: Extension, wish: Compression) -> tuple[str, DeflateParameters] | None:
    try:
        offered = _read(offer, offer=True)
    except ValueError:
        return None
    server_bits = min(offered.get(_SERVER_BITS, _MAX_BITS), wish.server_max_window_bits)
    if server_bits < _MIN_BITS:
        return None
    # §7.1.2.2: a client that does not offer it must not be limited; 8 concerns its compressor only.
    client_bits = min(offered.get(_CLIENT_BITS, 0), wish.client_max_window_bits) or _MAX_BITS
    agreed = DeflateParameters(
        wish.server_no_context_takeover or _SERVER_FRESH in offered,
        wish.client_no_context_takeover or _CLIENT_FRESH in offered,
        server_bits,
        client_bits,
    )
    parts = [_NAME]
    if agreed.server_no_context_takeover:
        parts.append(_SERVER_FRESH)
    if agreed.client_no_context_takeover:
        parts.append(_CLIENT_FRESH)
    # Unasked it may be said or not (§7.1.2.1), and old clients fail on it. Any client can inflate
    # what a smaller window made.
    if _SERVER_BITS in offered:
        parts.append(f"{_SERVER_BITS}={server_bits}")
    if client_bits < _MAX_BITS:
        parts.append(f"{_CLIENT_BITS}={client_bits}")
    return "; ".join(parts), agreed


def _accepted(answers: list[Extension], wish: Compression) -> DeflateParameters:
    if len(answers) > 1:
        raise ValueError("more than one extension")
    answer = _read(answers[0], offer=False)
    if wish.server_no_context_takeover and _SERVER_FRESH not in answer:
        raise ValueError(f"{_SERVER_FRESH} was asked for and is missing")
    # A server that ignores the wish for a smaller window (gorilla's does) is in the wrong, but the
    # RFC does not make that fatal, and nothing is lost: its 15 bits are inflated with 15.
    server_bits = answer.get(_SERVER_BITS, _MAX_BITS)
    if _SERVER_BITS in answer and server_bits > wish.server_max_window_bits:
        raise ValueError(f"{_SERVER_BITS} is larger than asked for")
    # The value offered is a promise, which a server "may either ignore" (§7.1.2.2), so a larger one
    # in the answer asks for nothing: the promise stands.
    client_bits = min(answer.get(_CLIENT_BITS, _MAX_BITS), wish.client_max_window_bits)
    if client_bits < _MIN_BITS:
        raise ValueError(f"{_CLIENT_BITS} of 8 cannot be kept: zlib has no such window")
    return DeflateParameters(
        _SERVER_FRESH in answer,
        wish.client_no_context_takeover or _CLIENT_FRESH in answer,
        server_bits,
        client_bits,
    )
