"""Strategies for streams that are legal up to their last frame, which breaks one rule."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from .arguments import instance, named, sender_or_any, sizes
from .contents import CUT_SHORT, MOST, WRONG, payloads, utf8_boundaries
from .deflating import Compressor, deflate_streams
from .framing import broken, keys, legal, unfinished
from .rules import VIOLATIONS
from .streaming import Speaker, masked, sayings
from .values import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    SENDERS,
    TEXT,
    Agreement,
    Frame,
    Stream,
)

__all__ = ["bad_streams"]

_BEFORE = 3  # legal messages and control frames
# Rules that frames break which may also come inside a fragmented message.
_ANYWHERE = frozenset(
    ("opcode", "fragmented_control", "control_length", "close_length", "close_code", "close_reason")
)


def bad_streams(
    *,
    sender: str | None = None,
    agreement: Agreement | None = None,
    violations: Collection[str] | None = None,
    max_size: int | None = None,
) -> st.SearchStrategy[Stream]:
    """Generates streams of ``sender`` (None: either end) whose last frame breaks one rule.

    ``violations`` names the rules, None means all that ``agreement`` lets a stream break; those
    about compression need one. Legal messages have up to ``max_size`` bytes (65,600). Examples
    shrink towards the smallest frames that break the first of the rules, with none before.
    """
    ends = sender_or_any(sender)
    instance("agreement", agreement, (Agreement, type(None)))
    known = [name for name, rule in VIOLATIONS.items() if agreement is not None or not rule.deflate]
    names = named("violations", known if violations is None else violations, VIOLATIONS)
    if not names:
        raise InvalidArgument("violations: must name a rule")
    missing = [name for name in names if name not in known]
    if missing:
        raise InvalidArgument(f"agreement: {missing[0]!r} takes one to be broken")
    top = sizes(0, max_size, MOST)[1]
    order = [end for end in reversed(SENDERS) if end in ends]
    return st.one_of([_stream(name, end, agreement, top) for name in names for end in order])


@st.composite
def _stream(
    draw: st.DrawFn, name: str, sender: str, agreement: Agreement | None, top: int
) -> Stream:
    said = draw(st.lists(sayings(top, agreement is not None), max_size=_BEFORE))
    legal_frames = Speaker(agreement, sender).all_frames(said)
    if name in _BREAKING:
        *more, offence = draw(_BREAKING[name](agreement, sender))
        key = draw(keys((sender,)))
        frames = (*masked(draw, [*legal_frames, *more], sender), replace(offence, mask=key))
    else:
        opener = draw(_openers()) if name in _ANYWHERE else []
        frames = masked(draw, [*legal_frames, *opener], sender)
        frames += (_unambiguous(draw(broken(name, sender, keys((sender,)))), name, agreement),)
    return Stream(sender, frames, agreement=agreement, violation=name)


def _unambiguous(frame: Frame, name: str, agreement: Agreement | None) -> Frame:
    """RSV1 alone says "compressed" where deflate was agreed; then another bit is wrong."""
    return replace(frame, rsv=2) if name == "rsv" and agreement and frame.rsv == RSV1 else frame


Frames = st.SearchStrategy[list[Frame]]
_PLAIN: st.SearchStrategy[bytes | None] = st.none()


@lru_cache(256)
def _opener() -> st.SearchStrategy[Frame]:
    return unfinished((BINARY, TEXT), _PLAIN, 200)


@lru_cache(256)
def _openers() -> Frames:
    return st.just([]) | _opener().map(lambda frame: [frame])


@lru_cache(256)
def _between() -> Frames:
    return st.lists(legal((PING, PONG), _PLAIN, 125), max_size=2)


@lru_cache(256)
def _nested_message(agreement: Agreement | None, sender: str) -> Frames:
    new = legal((BINARY, TEXT), _PLAIN, 200)
    return st.builds(lambda start, more, end: [start, *more, end], _opener(), _between(), new)


@lru_cache(256)
def _compressed_continuation(agreement: Agreement | None, sender: str) -> Frames:
    def made(start: Frame, more: list[Frame], end: Frame) -> list[Frame]:
        return [start, *more, replace(end, rsv=RSV1)]

    whole, partial = (kind((CONTINUATION,), _PLAIN, 200) for kind in (legal, unfinished))
    return st.builds(made, _opener(), _between(), whole | partial)


@lru_cache(256)
def _compressed_control(agreement: Agreement | None, sender: str) -> Frames:
    control = legal((PING, PONG, CLOSE), _PLAIN, 125)
    return control.map(lambda frame: [replace(frame, rsv=RSV1)])


@lru_cache(256)
def _corrupt(agreement: Agreement | None, sender: str) -> Frames:
    assert agreement is not None
    bits = agreement.window_bits(sender)
    payload = deflate_streams(window_bits=bits, violations={"deflate"}).map(bytes)
    kinds = st.sampled_from([BINARY, TEXT])
    return st.builds(lambda kind, data: [Frame(kind, data, rsv=RSV1)], kinds, payload)


@lru_cache(256)
def _not_utf8(agreement: Agreement | None, sender: str) -> Frames:
    whole = utf8_boundaries(violations={"utf8"}).map(lambda data: [Frame(TEXT, data)])
    made = whole | _split_late() | _split_early()
    if agreement is None:
        return made
    return made | whole.map(lambda frames: Compressor(agreement, sender).message(frames))


def _split_early() -> Frames:
    """Generates texts whose first bad byte is in the second of two fragments."""
    pairs = [(data, at) for data, first in WRONG.items() for at in range(first, -1, -1)]
    after = payloads(max_size=8, text=True)
    return _split(st.sampled_from(pairs), after)


def _split_late() -> Frames:
    """Generates texts that end inside a character, which only their end shows."""
    pairs = [(data, at) for data in CUT_SHORT for at in range(len(data), -1, -1)]
    return _split(st.sampled_from(pairs), st.just(b""))


def _split(pairs: st.SearchStrategy[tuple[bytes, int]], after: st.SearchStrategy[bytes]) -> Frames:
    def made(before: bytes, pair: tuple[bytes, int], more: list[Frame], end: bytes) -> list[Frame]:
        data, at = pair
        start = Frame(TEXT, before + data[:at], fin=False)
        return [start, *more, Frame(CONTINUATION, data[at:] + end)]

    return st.builds(made, payloads(max_size=8, text=True), pairs, _between(), after)


_BREAKING: dict[str, Callable[[Agreement | None, str], Frames]] = {
    "nested_message": _nested_message,
    "compressed_control": _compressed_control,
    "compressed_continuation": _compressed_continuation,
    "deflate": _corrupt,
    "utf8": _not_utf8,
}
