"""Strategies for messages, and for the frames that one message may come in (RFC 6455 §5.4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from ...protocol.opcodes import Message, MessageType
from .arguments import chosen, flag, instance, sender_or_any, sizes
from .contents import MOST, close_payloads, payloads
from .framing import legal
from .numbers import masks
from .values import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame

__all__ = ["fragmentations", "fragmented", "messages"]

_FRAGMENTS = 6  # at most, unless asked for
_BETWEEN = st.lists(legal((PING, PONG), st.none(), 125), max_size=2)
_KEYS = masks()


def messages(
    *,
    types: Collection[int] = (BINARY, TEXT),
    min_size: int = 0,
    max_size: int | None = None,
) -> st.SearchStrategy[Message]:
    """Generates `wskit.Message` values of these ``types``; control frames count if asked for.

    Data has ``min_size`` to ``max_size`` bytes, 0 to 65,600 by default, that of control frames
    what these may have. Examples shrink towards an empty binary message.
    """
    kinds = chosen("types", types, (BINARY, TEXT, PING, PONG, CLOSE))
    low, high = sizes(min_size, max_size, MOST)
    return st.one_of([_message(MessageType(kind), low, high) for kind in kinds])


def fragmentations(
    message: Message | str | bytes,
    *,
    sender: str | None = None,
    max_fragments: int = _FRAGMENTS,
    controls: bool = True,
) -> st.SearchStrategy[tuple[Frame, ...]]:
    """Generates the frames of one text or binary ``message``: up to ``max_fragments``, cut
    anywhere, also inside a character, some of them empty.

    With ``controls`` there may be pings and pongs between. Each frame is masked as ``sender`` has
    to; None leaves that open. Examples shrink towards one frame, and towards early cuts.
    """
    opcode, data = _opened(message)
    if type(max_fragments) is not int or max_fragments < 1:
        raise InvalidArgument(f"max_fragments: must be an int of at least 1, not {max_fragments!r}")
    flag("controls", controls)
    ends = sender_or_any(sender)
    if sender is None:
        return st.one_of(
            [_masked(opcode, data, max_fragments, controls, end) for end in reversed(ends)]
        )
    return _masked(opcode, data, max_fragments, controls, sender)


def fragmented(opcode: int, data: bytes, places: list[int]) -> list[Frame]:
    """Return the unmasked frames of a message that is cut at ``places``."""
    pieces = [data[start:stop] for start, stop in pairwise([0, *sorted(places), len(data)])]
    last = len(pieces) - 1
    return [
        Frame(CONTINUATION if number else opcode, piece, fin=number == last)
        for number, piece in enumerate(pieces)
    ]


def _message(kind: MessageType, low: int, high: int) -> st.SearchStrategy[Message]:
    data: st.SearchStrategy[str | bytes]
    if kind is MessageType.TEXT:
        data = payloads(min_size=low, max_size=high, text=True).map(bytes.decode)
    elif kind is MessageType.BINARY:
        data = payloads(min_size=low, max_size=high)
    elif kind is MessageType.CLOSE:
        data = close_payloads()
    else:
        data = payloads(max_size=125)
    return st.builds(Message, st.just(kind), data)


def _opened(message: Message | str | bytes) -> tuple[int, bytes]:
    instance("message", message, (Message, str, bytes))
    kind, data = message if isinstance(message, Message) else (None, message)
    if kind not in (None, MessageType.TEXT, MessageType.BINARY):
        raise InvalidArgument(f"message: must be text or binary, not {message!r}")
    return (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)


@st.composite
def _masked(
    draw: st.DrawFn, opcode: int, data: bytes, most: int, controls: bool, sender: str
) -> tuple[Frame, ...]:
    places = draw(_places(len(data), most - 1))
    found = fragmented(opcode, data, places)
    if controls:
        for at in range(len(found) - 1, 0, -1):
            found[at:at] = draw(_BETWEEN)
    if sender == "server":
        return tuple(found)
    return tuple(replace(frame, mask=draw(_KEYS)) for frame in found)


@lru_cache(64)
def _places(size: int, most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, min(size, 8)) | st.integers(0, size), max_size=most)
