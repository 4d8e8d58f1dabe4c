"""Decoders: plugins that make readable values of payloads, and what pairs and asks them.

The law of this file: a payload is hostile, and so may a decoder be. Packed data is walked through
before a library sees it, and a decoder that raises loses its place and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import NamedTuple, Protocol, runtime_checkable

from ..logs import logger
from ..protocol.frames import Direction
from ..protocol.opcodes import BINARY, TEXT
from .entries import Entry
from .explaining import DEEPEST
from .protocols import MOST_ITEMS, Decoded, GraphQL, Json, JsonRpc, SocketIO, shape_words

__all__ = [
    "GROUP",
    "Cbor",
    "Decoded",
    "Decoder",
    "MessagePack",
    "Pairing",
    "decode",
    "decoders",
]

GROUP = "wskit.decoders"
"""The group of entry points by which other packages add decoders: classes or objects."""

log = logger("tui")

_ENDLESS = -2  # items of a CBOR map or list that ends by a break; counts down to no zero
_SELF_DESCRIBED = 55799  # a CBOR tag that says "this is CBOR" (RFC 8949 §3.4.6)
_LARGEST_NUMBER = 1024  # bytes of a CBOR bignum that is shown as a number


@runtime_checkable
class Decoder(Protocol):
    """What reads one format; ``name`` is for people."""

    name: str

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return what ``payload`` says, or None where it is of another format.

        ``payload`` is a whole message, joined where ``entry`` is but a fragment of it. To raise is
        to be left out from then on.
        """


class MessagePack:
    """MessagePack maps and arrays, if ``msgpack`` is installed.

    A lone number or string is not read: nearly every short payload would be one.
    """

    name = "MessagePack"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return the value; ``{"extension": 5, "data": …}`` stands for an extension of others."""
        msgpack = None if entry.frame.opcode == TEXT else _library("msgpack")
        if msgpack is None or not _is_sound(payload, _msgpack_item):
            return None
        try:
            value = msgpack.unpackb(
                payload,
                strict_map_key=False,
                unicode_errors="surrogateescape",
                ext_hook=lambda code, data: {"extension": code, "data": data},
            )
            return _packed(self.name, value)
        except Exception:  # whatever the library finds wrong with it
            return None


class Cbor:
    """CBOR maps and arrays, with tags or without, if ``cbor2`` is installed.

    Tags are shown and not obeyed, but for those of large numbers and of CBOR itself.
    """

    name = "CBOR"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return the value; ``{"tag": 0, "value": …}`` stands for one with a tag."""
        cbor2 = None if entry.frame.opcode == TEXT else _library("cbor2")
        if cbor2 is None or not _is_sound(payload, _cbor_item):
            return None
        try:
            value = cbor2.loads(payload, semantic_decoders=_Tags(), str_errors="surrogateescape")
            return _packed(self.name, value)
        except Exception:  # whatever the library finds wrong with it
            return None


class Pairing:
    """Which JSON-RPC request a response answers; of the open ones the last ``most`` are kept."""

    def __init__(self, most: int = 10_000) -> None:
        """Begin with no open request."""
        self._most = most
        self._open: dict[tuple[int, Direction, object], Entry] = {}

    def add(self, entry: Entry, decoded: Decoded) -> Entry | None:
        """Remember requests, and return the one that ``entry`` answers, if it is a response.

        Of a batch of responses that is the request of the first that answers one.
        """
        answered = None
        for kind, number in _numbered(decoded):
            if kind == "request":
                self._remember((entry.conn, entry.frame.direction, number), entry)
            else:
                key = entry.conn, _OPPOSITE[entry.frame.direction], number
                found = self._open.pop(key, None)
                answered = answered or found
        return answered

    def _remember(self, key: tuple[int, Direction, object], entry: Entry) -> None:
        self._open.pop(key, None)  # an id that is used again is as young as its last use
        self._open[key] = entry
        if len(self._open) > self._most:
            del self._open[next(iter(self._open))]


# Whoever knows more comes first; JSON is what is left of all that is built on it.
_BUILT_IN: tuple[Callable[[], Decoder], ...]
_BUILT_IN = (SocketIO, GraphQL, JsonRpc, Json, MessagePack, Cbor)
_OPPOSITE = {Direction.IN: Direction.OUT, Direction.OUT: Direction.IN}


def decoders() -> list[Decoder]:
    """Return the decoders in the order they are asked: of other packages, then of wskit.

    They are loaded once; one that cannot be is logged and left out.
    """
    return list(_active())


def decode(entry: Entry, payload: bytes | None = None) -> list[Decoded]:
    """Return what all decoders make of a message, those first that know more than JSON.

    That is the message in ``entry`` alone, none if that is a fragment, cut or no data; or
    ``payload``, which the caller joined. A decoder that raises is logged and never asked again.
    """
    whole = _whole(entry) if payload is None else payload
    if not whole:
        return []
    found = [_asked(decoder, entry, whole) for decoder in decoders()]
    return [each for each in found if each is not None]


@cache
def _active() -> list[Decoder]:
    return [*_plugins(), *(make() for make in _BUILT_IN)]


def _plugins() -> Iterator[Decoder]:
    for point in entry_points(group=GROUP):
        try:
            yield _checked(point.load())
        except Exception:
            log.exception("decoder %s cannot be loaded and is left out", point.name)


def _checked(loaded: object) -> Decoder:
    """Return the decoder that an entry point named, made if it is a class."""
    decoder = loaded() if isinstance(loaded, type) else loaded
    if not isinstance(decoder, Decoder) or not isinstance(decoder.name, str):
        raise TypeError(f"{decoder!r} is no decoder: it needs a name and a method `decode`")
    return decoder


def _asked(decoder: Decoder, entry: Entry, payload: bytes) -> Decoded | None:
    """Return what ``decoder`` says; let it go when it raises, or says what is no answer."""
    try:
        found = decoder.decode(entry, payload)
        if not isinstance(found, Decoded | None):
            raise TypeError(f"a decoder returns Decoded or None, not {type(found).__name__}")
        return found
    except Exception:
        log.exception("decoder %s raised and is left out", type(decoder).__qualname__)
        _active()[:] = [each for each in _active() if each is not decoder]
        return None


def _whole(entry: Entry) -> bytes | None:
    frame = entry.frame
    alone = frame.fin and frame.opcode in (TEXT, BINARY) and not entry.is_cut
    return frame.payload if alone else None


def _numbered(decoded: Decoded) -> Iterator[tuple[str, object]]:
    """Yield kind and id of the calls in ``decoded`` that take part in a pair."""
    value = decoded.value if decoded.name == JsonRpc.name else None
    calls = value.get("calls", [value]) if isinstance(value, dict) else []
    for call in calls if isinstance(calls, list) else []:
        kind, number = (call.get("kind"), call.get("id")) if isinstance(call, dict) else ("", "")
        if kind in ("request", "response", "error") and isinstance(number, str | int | float):
            yield kind, number


@cache
def _library(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


def _packed(name: str, value: object) -> Decoded:
    plain = _plain(value)
    return Decoded(name, shape_words(plain, "map"), plain)


def _plain(value: object) -> object:
    """Return ``value`` in plain types; what JSON has no like of, such as a timestamp, as text."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | bytes | int | float | None) else repr(value)


class _Tags(dict[int, Callable[[object, bool], object]]):
    """What cbor2 is to do about each tag there is.

    Its own ways would have a sender make fractions, regular expressions and shared values, all of
    which can be made to take any time or to have no end.
    """

    def __missing__(self, tag: int) -> Callable[[object, bool], object]:
        return lambda value, immutable: _tagged(tag, value)


def _tagged(tag: int, value: object) -> object:
    if tag == _SELF_DESCRIBED:
        return value
    if tag in (2, 3) and isinstance(value, bytes) and len(value) <= _LARGEST_NUMBER:
        number = int.from_bytes(value)
        return number if tag == 2 else -1 - number
    return {"tag": tag, "value": value}


class _Item(NamedTuple):
    """One item of packed data: what it is, how many items are in it, where the next begins."""

    kind: str  # scalar, list, map, tag, chunks, break, extension
    inside: int
    end: int


def _is_sound(data: bytes, read: Callable[[bytes, int], _Item | None]) -> bool:
    """Whether ``data`` is one map or list, whole, not too deep, not too much, with plain keys.

    Libraries make room for all the items that a header claims, before they come; and containers as
    keys can be made to have all the same hash, whereupon a small map takes hours.
    """
    walk, at = _Walk(), 0
    for _ in range(MOST_ITEMS):
        item = read(data, at) if at < len(data) else None
        if item is None or not walk.takes(item):
            return False
        if walk.ended:
            return item.end == len(data)
        at = item.end
    return False


class _Walk:
    """The containers that are open at a place in packed data, and what may stand there."""

    def __init__(self) -> None:
        """Begin in front of the only item, as in a tag that is not there."""
        self._open = [("tag", 1)]  # kind, and how many items are to come
        self._has_core = False  # what all tags at the start are about

    @property
    def ended(self) -> bool:
        """Whether the only item is whole."""
        return not self._open

    def takes(self, item: _Item) -> bool:
        """Go past ``item``; whether it may stand here."""
        if not self._allows(item):
            return False
        kind, left = self._open.pop()
        if item.kind != "break":
            self._open.append((kind, left - 1))
        if item.inside:
            self._open.append((item.kind, item.inside))
        while self._open and not self._open[-1][1]:
            self._open.pop()
        return len(self._open) <= DEEPEST

    def _allows(self, item: _Item) -> bool:
        kind, left = self._open[-1]
        if item.kind == "break":
            return left < 0
        if not self._has_core and item.kind != "tag":
            self._has_core = True
            return item.kind in ("map", "list")
        is_key = kind == "map" and left % 2 == 0
        return not is_key or item.kind == "scalar"


# By the first byte: how many more a value has, or the kind of what has a length, and the bytes of
# that length.
_MSGPACK_FIXED = {
    **{0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8},
    **{0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8},
}
_MSGPACK_SIZED = {
    **{0xC4: ("scalar", 1), 0xC5: ("scalar", 2), 0xC6: ("scalar", 4)},
    **{0xC7: ("extension", 1), 0xC8: ("extension", 2), 0xC9: ("extension", 4)},
    **{0xD9: ("scalar", 1), 0xDA: ("scalar", 2), 0xDB: ("scalar", 4)},
    **{0xDC: ("list", 2), 0xDD: ("list", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)},
}
_CBOR_KINDS = ("scalar", "scalar", "scalar", "scalar", "list", "map", "tag", "scalar")
_CBOR_ENDLESS = {2: "chunks", 3: "chunks", 4: "list", 5: "map"}


def _msgpack_item(data: bytes, at: int) -> _Item | None:
    """Return the MessagePack item that begins at ``at``; its end may be beyond ``data``."""
    first, at = data[at], at + 1
    if first < 0x80 or first >= 0xE0:
        return _Item("scalar", 0, at)
    if first < 0xA0:
        return _msgpack_sized("map" if first < 0x90 else "list", first & 15, at)
    if first < 0xC0:
        return _msgpack_sized("scalar", first & 31, at)
    if first in _MSGPACK_FIXED:
        return _msgpack_sized("scalar", _MSGPACK_FIXED[first], at)
    if 0xD4 <= first <= 0xD8:
        return _msgpack_sized("extension", 1 << (first - 0xD4), at)
    if first not in _MSGPACK_SIZED:
        return None
    kind, width = _MSGPACK_SIZED[first]
    return _msgpack_sized(kind, int.from_bytes(data[at : at + width]), at + width)


def _msgpack_sized(kind: str, size: int, at: int) -> _Item:
    if kind in ("map", "list"):
        return _Item(kind, 2 * size if kind == "map" else size, at)
    return _Item(kind, 0, at + size + (kind == "extension"))  # which has a byte for its type


def _cbor_item(data: bytes, at: int) -> _Item | None:
    """Return the CBOR item that begins at ``at`` (RFC 8949 §3); its end may be beyond ``data``."""
    major, size, at = data[at] >> 5, data[at] & 31, at + 1
    if size == 31:
        if major == 7:
            return _Item("break", 0, at)
        return _Item(_CBOR_ENDLESS[major], _ENDLESS, at) if major in _CBOR_ENDLESS else None
    if size > 27:
        return None
    if size > 23:
        width = 1 << (size - 24)
        size, at = int.from_bytes(data[at : at + width]), at + width
    kind = _CBOR_KINDS[major]
    inside = {"list": size, "map": 2 * size, "tag": 1}.get(kind, 0)
    return _Item(kind, inside, at + size if major in (2, 3) else at)
