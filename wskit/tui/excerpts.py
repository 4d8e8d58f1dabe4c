"""What of a history is exported: connections with their openings, frames and ends.

The law of this file: messages are taken whole; with one frame of a message go its others.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate

from ..events import Ended, Event, Lost, Opened, Sample
from ..protocol.frames import Direction
from ..protocol.opcodes import Side
from ..taps import Capture
from .entries import Entry
from .history import Connection, History

__all__ = ["Conversation", "Excerpt", "excerpt"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection with the frames that are exported; ``total`` is how many passed.

    ``opening`` is None where it is not known, ``ended`` while the connection is open.
    """

    number: int
    name: str
    opening: Opened | None
    entries: tuple[Entry, ...]
    ended: Ended | None
    total: int

    @property
    def opened(self) -> Opened:
        """The opening handshake, one without headers where it is not known."""
        if self.opening is not None:
            return self.opening
        ended = self.ended.time if self.ended is not None else 0.0
        start = self.entries[0].capture.time if self.entries else ended
        return Opened(start, self.name, self._side(), "ws://localhost/")

    @property
    def captures(self) -> list[Capture]:
        """The frames."""
        return [entry.capture for entry in self.entries]

    @property
    def left_out(self) -> int:
        """How many frames are not exported."""
        return max(self.total - len(self.entries), 0)

    def by_client(self, entry: Entry) -> bool:
        """Whether the client sent this frame."""
        return (entry.frame.direction is Direction.OUT) == (self.opened.side is Side.CLIENT)

    def _side(self) -> Side:
        """Tell the end that was watched by the masks: the client has to mask (RFC 6455 §5.1)."""
        if not self.entries:
            return Side.CLIENT
        frame = self.entries[0].frame
        return Side.CLIENT if frame.masked == (frame.direction is Direction.OUT) else Side.SERVER


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is exported, for any thread; ``lost`` counts frames that are no longer known."""

    conversations: tuple[Conversation, ...]
    entries: tuple[Entry, ...]
    samples: tuple[Sample, ...]
    lost: int

    def events(self) -> Iterator[Event]:
        """Yield all of it as it happened; each connection's events in their own order."""
        if self.lost:
            yield Lost(self.lost)
        others = iter(self._placed())
        place, other = next(others, (len(self.entries), None))
        for index, entry in enumerate(self.entries):
            while other is not None and place <= index:
                yield other
                place, other = next(others, (len(self.entries), None))
            yield entry.capture
        if other is not None:
            yield other
        yield from (event for _, event in others)

    def _placed(self) -> list[tuple[int, Opened | Ended | Sample]]:
        """Return what is no frame, with how many frames come before it."""
        # Clocks may be set back; a maximum is not.
        clock = list(accumulate((entry.capture.time for entry in self.entries), max))
        at = {entry.number: index for index, entry in enumerate(self.entries)}
        placed: list[tuple[int, float, Opened | Ended | Sample]] = []
        for each in self.conversations:
            place, time, end = 0, 0.0, len(at)
            if (opening := each.opening) is not None:
                first = at[each.entries[0].number] if each.entries else end
                place, time = min(bisect_left(clock, opening.time), first), opening.time
                placed.append((place, time, opening))
            if (ended := each.ended) is not None:
                last = at[each.entries[-1].number] + 1 if each.entries else place
                after = max(bisect_right(clock, ended.time), last)
                placed.append((after, max(ended.time, time), ended))
        placed += [(bisect_right(clock, each.time), each.time, each) for each in self.samples]
        placed.sort(key=lambda item: item[:2])
        return [(place, event) for place, _, event in placed]


def excerpt(
    history: History, *, numbers: Collection[int] | None = None, connection: int | None = None
) -> Excerpt:
    """Return what is to be exported of ``history``: all of it, or less.

    ``numbers`` are those of entries, ``connection`` is that of a connection; ValueError where
    there is nothing.
    """
    entries = tuple(_wanted(history, numbers, connection))
    conversations = tuple(_conversations(history, entries, numbers is None, connection))
    if not conversations:
        raise ValueError("there is nothing to export")
    everything = numbers is None and connection is None
    samples = [sample for each in history.servers.values() for sample in each] if everything else ()
    lost = history.dropped + history.lost if everything else 0
    if connection is not None and numbers is None:
        lost = conversations[0].left_out
    return Excerpt(conversations, entries, tuple(samples), lost)


def _wanted(
    history: History, numbers: Collection[int] | None, connection: int | None
) -> Iterator[Entry]:
    entries = (entry for entry in history if connection in (None, entry.conn))
    if numbers is None:
        yield from entries
        return
    chosen = set(numbers)
    messages = {_message(entry) for entry in history if entry.number in chosen and entry.message}
    yield from (e for e in entries if e.number in chosen or (e.message and _message(e) in messages))


def _message(entry: Entry) -> tuple[int, Direction, int]:
    return entry.conn, entry.frame.direction, entry.message


def _conversations(
    history: History, entries: tuple[Entry, ...], empty_too: bool, connection: int | None
) -> Iterator[Conversation]:
    own: dict[int, list[Entry]] = {}
    for entry in entries:
        own.setdefault(entry.conn, []).append(entry)
    for known in history.connections:
        if connection not in (None, known.number):
            continue
        found = own.pop(known.number, [])
        said = known.opening is not None or known.ended is not None
        if found or (empty_too and said):
            yield _conversation(known, tuple(found))
    # Frames of connections that are forgotten.
    for number, found in own.items():
        name = found[0].capture.connection
        yield Conversation(number, name, None, tuple(found), None, len(found))


def _conversation(known: Connection, entries: tuple[Entry, ...]) -> Conversation:
    total = known.inbound.frames + known.outbound.frames
    return Conversation(known.number, known.name, known.opening, entries, known.ended, total)
