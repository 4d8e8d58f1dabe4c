"""Strategies for all that one end says after the handshake: messages and control frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from hypothesis import strategies as st

from .arguments import flag, instance, sender_or_any, sizes
from .contents import MOST, close_payloads, payloads
from .deflating import Compressor
from .fragmenting import fragmented
from .framing import legal
from .numbers import masks
from .values import BINARY, CLOSE, PING, PONG, SENDERS, TEXT, Agreement, Frame, Stream

__all__ = ["Saying", "Speaker", "masked", "sayings", "streams"]

_SAYINGS = 5
_KEYS = masks()
_CLOSES = st.booleans()
_CLOSE_PAYLOADS = close_payloads()


class Saying(NamedTuple):
    """The plain frames of one message with control frames between, or one control frame."""

    frames: list[Frame]
    packed: bool = False


def streams(
    *,
    sender: str | None = None,
    agreement: Agreement | None = None,
    max_size: int | None = None,
    close: bool | None = None,
) -> st.SearchStrategy[Stream]:
    """Generates legal streams of ``sender`` (None: either end): messages, whole and in fragments,
    with pings and pongs around and between; at the end a close frame if ``close`` says so, or
    perhaps for None.

    Messages have up to ``max_size`` bytes (65,600); some are compressed where there is an
    ``agreement``. Examples shrink towards no frames, of the server if that may be.
    """
    ends = sender_or_any(sender)
    instance("agreement", agreement, (Agreement, type(None)))
    top = sizes(0, max_size, MOST)[1]
    if close is not None:
        flag("close", close)
    order = [end for end in reversed(SENDERS) if end in ends]
    return st.one_of([_stream(end, agreement, top, close) for end in order])


@lru_cache(256)
def sayings(top: int, packable: bool) -> st.SearchStrategy[Saying]:
    """Generates messages and control frames before a close frame, with up to ``top`` bytes."""
    alone = legal((BINARY, TEXT), st.none(), top) | legal((PING, PONG), st.none(), 125)
    made = alone.map(lambda frame: Saying([frame]))
    binary = st.tuples(st.just(BINARY), payloads(max_size=top))
    text = st.tuples(st.just(TEXT), payloads(max_size=top, text=True))
    places = st.lists(st.integers(0, 8) | st.integers(0, top), max_size=4)
    between = st.lists(legal((PING, PONG), st.none(), 125), max_size=2)
    made |= st.builds(_spoken, binary | text, places, between, st.just(False))
    if packable:
        packed = legal((BINARY, TEXT), st.none(), top).map(lambda frame: Saying([frame], True))
        made |= packed | st.builds(_spoken, binary | text, places, between, st.just(True))
    return made


class Speaker:
    """Turns what one end says into frames, compressed where they are to be."""

    def __init__(self, agreement: Agreement | None, sender: str) -> None:
        """Start with an empty window."""
        self._compressor = Compressor(agreement, sender) if agreement is not None else None

    def frames(self, saying: Saying) -> list[Frame]:
        """Return the frames of ``saying``, without masks."""
        if saying.packed and self._compressor is not None:
            return self._compressor.message(saying.frames)
        return saying.frames

    def all_frames(self, said: Iterable[Saying]) -> list[Frame]:
        """Return the frames of several sayings in their order."""
        return [frame for saying in said for frame in self.frames(saying)]


def masked(draw: st.DrawFn, frames: Sequence[Frame], sender: str) -> tuple[Frame, ...]:
    """Return ``frames`` with keys if ``sender`` has to mask (§5.1)."""
    if sender == "server":
        return tuple(frames)
    return tuple(replace(frame, mask=draw(_KEYS)) for frame in frames)


@st.composite
def _stream(
    draw: st.DrawFn, sender: str, agreement: Agreement | None, top: int, close: bool | None
) -> Stream:
    said = draw(st.lists(sayings(top, agreement is not None), max_size=_SAYINGS))
    found = Speaker(agreement, sender).all_frames(said)
    if draw(_CLOSES) if close is None else close:
        found.append(Frame(CLOSE, draw(_CLOSE_PAYLOADS)))
    return Stream(sender, masked(draw, found, sender), agreement=agreement)


def _spoken(
    message: tuple[int, bytes], places: list[int], between: list[Frame], packed: bool
) -> Saying:
    opcode, data = message
    frames = fragmented(opcode, data, [min(place, len(data)) for place in places])
    for number, control in enumerate(between if places else ()):
        frames.insert(1 + number % (len(frames) - 1), control)
    return Saying(frames, packed)
