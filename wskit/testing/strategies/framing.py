"""Strategies for single frames, legal and illegal (RFC 6455 §5)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from .arguments import chosen, most, named, sender_or_any, sizes
from .contents import MOST, close_payloads, payloads, utf8_boundaries
from .numbers import OPCODES, masks
from .numbers import opcodes as any_opcodes
from .rules import FRAME_VIOLATIONS
from .values import BINARY, CLOSE, CONTINUATION, PING, PONG, SENDERS, TEXT, Frame, InvalidFrame

__all__ = [
    "broken",
    "control_frames",
    "frames",
    "invalid_frames",
    "keys",
    "legal",
    "unfinished",
]

_CONTROL = (PING, PONG, CLOSE)
_FINS = st.sampled_from([True, False])
_TOP_BIT = 1 << 63


def frames(
    *,
    sender: str | None = None,
    opcodes: Collection[int] | None = None,
    max_size: int | None = None,
    violations: Collection[str] = (),
) -> st.SearchStrategy[Frame]:
    """Generates frames with these ``opcodes`` that ``sender`` may send at some time, or for None
    either end; payloads have up to ``max_size`` bytes, 65,600 by default.

    With ``violations`` each frame breaks one of these rules at the start of a connection, and
    ``opcodes`` does not count. Examples shrink towards an empty binary frame without a mask.
    """
    ends = sender_or_any(sender)
    kinds = chosen("opcodes", opcodes, OPCODES)
    top = sizes(0, max_size, MOST)[1]
    wrong = named("violations", violations, FRAME_VIOLATIONS)
    if sender is None and "mask" in wrong:
        raise InvalidArgument("sender: must be named to break 'mask'")
    key = keys(ends)
    if wrong:
        return st.one_of([broken(name, ends[0], key) for name in wrong])
    data = tuple(kind for kind in kinds if kind not in _CONTROL)
    whole = legal(kinds, key, top)
    return whole | unfinished(data, key, top) if data else whole


def control_frames(
    *,
    sender: str | None = None,
    opcodes: Collection[int] | None = None,
    max_size: int | None = None,
) -> st.SearchStrategy[Frame]:
    """Generates pings, pongs and close frames, or those of them that ``opcodes`` has.

    ``sender`` and ``max_size`` (125 by default) are those of ``frames``. Examples shrink towards
    an empty ping without a mask.
    """
    ends = sender_or_any(sender)
    kinds = chosen("opcodes", opcodes, _CONTROL)
    return legal(kinds, keys(ends), most("max_size", max_size, 125))


def invalid_frames(
    *, sender: str | None = None, violations: Collection[str] | None = None
) -> st.SearchStrategy[InvalidFrame]:
    """Generates frames that break one rule when ``sender`` (None: either end) begins with them.

    ``violations`` are the rules, by their names in ``VIOLATIONS``; None means all that one frame
    without extensions can break. Examples shrink towards the smallest frame that breaks the
    first of these rules, without a mask if the sender may.
    """
    ends = sender_or_any(sender)
    wanted = FRAME_VIOLATIONS if violations is None else violations
    names = named("violations", wanted, FRAME_VIOLATIONS)
    if not names:
        raise InvalidArgument("violations: must name a rule")
    order = [end for end in reversed(SENDERS) if end in ends]
    return st.one_of([_labelled(name, end) for name in names for end in order])


@lru_cache(256)
def keys(ends: tuple[str, ...]) -> st.SearchStrategy[bytes | None]:
    """Generates what these ends mask with: a server with nothing (§5.1)."""
    options: dict[str, st.SearchStrategy[bytes | None]] = {"server": st.none(), "client": masks()}
    return st.one_of([options[end] for end in ("server", "client") if end in ends])


@lru_cache(256)
def legal(
    kinds: tuple[int, ...], key: st.SearchStrategy[bytes | None], top: int
) -> st.SearchStrategy[Frame]:
    """Generates legal frames of these opcodes with FIN set, and up to ``top`` bytes."""
    return st.one_of([_legal(kind, key, top) for kind in kinds])


@lru_cache(256)
def unfinished(
    kinds: tuple[int, ...], key: st.SearchStrategy[bytes | None], top: int
) -> st.SearchStrategy[Frame]:
    """Generates legal data frames of these opcodes after which their message goes on."""
    return legal(kinds, key, top).map(lambda frame: replace(frame, fin=False))


@lru_cache(256)
def broken(
    name: str, sender: str, key: st.SearchStrategy[bytes | None]
) -> st.SearchStrategy[Frame]:
    """Generates frames of ``sender`` that break the rule ``name`` while no message is open."""
    if name == "mask":
        swapped = masks() if sender == "server" else st.none()
        return legal((BINARY, TEXT, PING, PONG, CLOSE), swapped, 200)
    return _BREAKING[name](key)


def _legal(kind: int, key: st.SearchStrategy[bytes | None], top: int) -> st.SearchStrategy[Frame]:
    if kind == CLOSE:
        closing = close_payloads(max_reason=min(top, 125) - 2) if top >= 2 else st.just(b"")
        return st.builds(Frame, st.just(kind), closing, mask=key)
    if kind in _CONTROL:
        return st.builds(Frame, st.just(kind), payloads(max_size=min(top, 125)), mask=key)
    data = payloads(max_size=top, text=kind == TEXT)
    return st.builds(Frame, st.just(kind), data, mask=key)


def _labelled(name: str, end: str) -> st.SearchStrategy[InvalidFrame]:
    return broken(name, end, keys((end,))).map(lambda frame: InvalidFrame(frame, end, name))


Keys = st.SearchStrategy[bytes | None]
_ANY_DATA = (BINARY, TEXT)
_STARTS = (BINARY, TEXT, PING, PONG, CLOSE)


def _rsv(key: Keys) -> st.SearchStrategy[Frame]:
    bits = st.integers(1, 7)
    return st.builds(lambda frame, rsv: replace(frame, rsv=rsv), legal(_STARTS, key, 200), bits)


def _opcode(key: Keys) -> st.SearchStrategy[Frame]:
    reserved = any_opcodes(violations={"opcode"})
    return st.builds(Frame, reserved, payloads(max_size=125), fin=_FINS, mask=key)


def _length_form(key: Keys) -> st.SearchStrategy[Frame]:
    def said_longer(frame: Frame, wish: int) -> Frame:
        return replace(frame, length_form=wish if frame.form < wish else 64)

    short = legal(_ANY_DATA, key, 65535)
    return st.builds(said_longer, short, st.sampled_from([16, 64]))


def _reserved_length(key: Keys) -> st.SearchStrategy[Frame]:
    size = st.integers(_TOP_BIT, (1 << 64) - 1)
    return st.builds(
        lambda frame, size: replace(frame, announced=size), legal(_ANY_DATA, key, 20), size
    )


def _fragmented_control(key: Keys) -> st.SearchStrategy[Frame]:
    return legal(_CONTROL, key, 125).map(lambda frame: replace(frame, fin=False))


def _control_length(key: Keys) -> st.SearchStrategy[Frame]:
    data = payloads(min_size=126)
    pings = st.one_of([st.builds(Frame, st.just(kind), data, mask=key) for kind in (PING, PONG)])
    normal = payloads(min_size=124, text=True).map(lambda reason: b"\x03\xe8" + reason)
    return pings | st.builds(Frame, st.just(CLOSE), normal, mask=key)


def _lone_continuation(key: Keys) -> st.SearchStrategy[Frame]:
    return legal((CONTINUATION,), key, 200) | unfinished((CONTINUATION,), key, 200)


def _utf8(key: Keys) -> st.SearchStrategy[Frame]:
    return st.builds(Frame, st.just(TEXT), utf8_boundaries(violations={"utf8"}), mask=key)


def _closing(name: str, key: Keys) -> st.SearchStrategy[Frame]:
    return st.builds(Frame, st.just(CLOSE), close_payloads(violations={name}), mask=key)


_BREAKING: dict[str, Callable[[Keys], st.SearchStrategy[Frame]]] = {
    "rsv": _rsv,
    "opcode": _opcode,
    "length_form": _length_form,
    "reserved_length": _reserved_length,
    "fragmented_control": _fragmented_control,
    "control_length": _control_length,
    "lone_continuation": _lone_continuation,
    "utf8": _utf8,
    "close_length": lambda key: _closing("close_length", key),
    "close_code": lambda key: _closing("close_code", key),
    "close_reason": lambda key: _closing("close_reason", key),
}
