"""Strategies for whole connections: the opening handshake and the frames of both ends."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import strategies as st

from .arguments import flag, sizes
from .contents import MOST, close_payloads
from .exchanges import Conversation
from .handshakes import agreement_of, requests, responses
from .streaming import Saying, Speaker, masked, sayings
from .values import CLOSE, PING, PONG, SENDERS, Frame

__all__ = ["conversations"]

Turn = tuple[str, Frame]

_TURNS = 8
_ENDS = st.sampled_from(SENDERS)
_CLOSE_PAYLOADS = close_payloads()


def conversations(
    *, deflate: bool | None = None, max_size: int | None = None
) -> st.SearchStrategy[Conversation]:
    """Generates legal connections: a handshake, then messages, pings and pongs of both ends, with
    fragments of one among frames of the other. Every ping is answered, and every close.

    ``deflate`` says whether permessage-deflate is agreed, None leaves it open; messages have up
    to ``max_size`` bytes (65,600). Examples shrink towards a handshake alone, the shortest there
    is, and towards frames of the client, then of the server.
    """
    if deflate is not None:
        flag("deflate", deflate)
    return _conversation(deflate, sizes(0, max_size, MOST)[1])


@st.composite
def _conversation(draw: st.DrawFn, deflate: bool | None, top: int) -> Conversation:
    request = draw(requests(deflate))
    response = draw(responses(request, deflate))
    agreement = agreement_of(request, response)
    speakers = {end: Speaker(agreement, end) for end in SENDERS}
    frames: list[Turn] = []
    for end, saying, held in draw(_turns(top, agreement is not None)):
        said = [(end, frame) for frame in speakers[end].frames(saying)]
        at = _overtaking(frames, end, held)
        frames[at:at] = said
    frames = _answered(_closed(draw, frames))
    keyed = tuple((end, masked(draw, [frame], end)[0]) for end, frame in frames)
    return Conversation(request, response, keyed, agreement=agreement)


@lru_cache(256)
def _turns(top: int, packable: bool) -> st.SearchStrategy[list[tuple[str, Saying, int]]]:
    # What belongs to a turn is drawn together, so that one can be left out without the others.
    held = st.integers(0, 3)
    return st.lists(st.tuples(_ENDS, sayings(top, packable), held), max_size=_TURNS)


def _overtaking(frames: list[Turn], end: str, held: int) -> int:
    """Return where ``end`` may speak so that up to ``held`` frames of the other come later."""
    at = len(frames)
    while at and frames[at - 1][0] != end and len(frames) - at < held:
        at -= 1
    return at


def _answered(frames: list[Turn]) -> list[Turn]:
    """Put a pong after every ping (§5.5.2), unless a close frame was sent already."""
    found, closed = [], set()
    for end, frame in frames:
        found.append((end, frame))
        if frame.opcode == CLOSE:
            closed.add(end)
        if frame.opcode == PING and _other(end) not in closed:
            found.append((_other(end), Frame(PONG, frame.payload)))
    return found


def _closed(draw: st.DrawFn, frames: list[Turn]) -> list[Turn]:
    """Have one end close, perhaps, and the other answer when it has said what it had to say.

    Where the close frame comes is drawn; its sender says nothing more (§5.5.1).
    """
    if not draw(st.booleans()):
        return frames
    end = draw(_ENDS)
    payload = draw(_CLOSE_PAYLOADS)
    at = len(frames) - draw(st.integers(0, len(frames)))
    before, after = frames[:at], frames[at:]
    rest = [(sender, frame) for sender, frame in after if sender != end]
    answer = (_other(end), Frame(CLOSE, payload[:2]))
    return [*before, (end, Frame(CLOSE, payload)), *rest, answer]


def _other(end: str) -> str:
    return "server" if end == "client" else "client"
