"""What others make of generated streams: wskit's core, `websockets` and `wsproto`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from typing import TypeVar

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from tests.protocol.driving import Outcome, end, feed
from tests.protocol.others import Websockets, Wsproto
from wskit.protocol.connection import Event
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side
from wskit.testing.strategies import Agreement, Frame, Stream
from wskit.testing.strategies.values import CLOSE

__all__ = [
    "heard_by_websockets",
    "heard_by_wsproto",
    "is_misheard_by_websockets",
    "is_misheard_by_wsproto",
    "judged",
    "parameters",
    "smallest",
    "some",
]


Value = TypeVar("Value")
SEARCHING = settings(max_examples=5000, database=None, phases=[Phase.generate])
SHRINKING = settings(SEARCHING, phases=[Phase.generate, Phase.shrink])


def receiver(stream: Stream) -> Side:
    return Side.SERVER if stream.sender == "client" else Side.CLIENT


def parameters(agreement: Agreement | None) -> DeflateParameters | None:
    return None if agreement is None else DeflateParameters(*astuple(agreement))


def judged(stream: Stream, pieces: tuple[bytes, ...] | None = None) -> Outcome:
    """Give the stream to wskit's core, whole or in ``pieces``."""
    one = end(receiver(stream), deflate=parameters(stream.agreement))
    return feed(one, [stream.encode()] if pieces is None else pieces)


def heard_by_websockets(stream: Stream) -> list[Event]:
    return Websockets(receiver(stream), parameters(stream.agreement)).hear([stream.encode()])


def heard_by_wsproto(stream: Stream) -> list[Event]:
    return Wsproto(receiver(stream), parameters(stream.agreement)).hear([stream.encode()])


def is_misheard_by_websockets(stream: Stream) -> bool:
    """Tell whether websockets 17 refuses what is legal: a close frame inside a message."""
    return any(frame.opcode == CLOSE and inside for frame, inside, _ in _placed(stream))


def is_misheard_by_wsproto(stream: Stream) -> bool:
    """Tell whether wsproto 1.3 hears what was not said.

    After a control frame it takes the rest of a compressed message for plain, and the close code
    1014, newer than RFC 6455, for wrong.
    """
    return any(
        (frame.control and packed) or (frame.opcode == CLOSE and frame.payload[:2] == b"\x03\xf6")
        for frame, _, packed in _placed(stream)
    )


def _placed(stream: Stream) -> Iterator[tuple[Frame, bool, bool]]:
    """Yield each frame, whether a message is open then, and whether that is compressed."""
    inside = packed = False
    for frame in stream.frames:
        yield frame, inside, packed
        if not frame.control:
            packed = not frame.fin and (packed or frame.rsv != 0)
            inside = not frame.fin


def some(strategy: st.SearchStrategy[Value], condition: Callable[[Value], bool]) -> Value:
    """Find one, as it comes."""
    return find(strategy, condition, settings=SEARCHING)


def smallest(strategy: st.SearchStrategy[Value], condition: Callable[[Value], bool]) -> Value:
    """Shrink as a failing test would."""
    return find(strategy, condition, settings=SHRINKING)
