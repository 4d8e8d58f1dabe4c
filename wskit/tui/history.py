"""What has happened: the last frames in their context, every connection, how servers are.

The law of this file: memory is bounded by ``limit`` whatever comes; what had to go is counted, and
a connection that is forgotten is, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from ..errors import ProtocolError
from ..events import Ended, Event, Lost, Opened, Sample
from ..protocol.frames import Direction, FrameRecord, parse_close
from ..protocol.opcodes import BINARY, CLOSE, CONTINUATION, PING, PONG
from ..taps import Capture
from .entries import Entry
from .judging import violation

__all__ = ["Connection", "Flow", "History"]

LIMIT = 64 << 20
"""Bytes that the kept frames may take, about."""

_OVERHEAD = 600  # bytes of an entry besides its payload, measured
_CONNECTIONS = 10_000  # that are remembered
_PINGS = 64  # a connection's unanswered ones that are remembered
_SAMPLES = 600  # of each server
_SERVERS = 100
_TURN = 2.0  # seconds over which a rate is taken


@dataclass(slots=True)
class Flow:
    """One direction of a connection, so far; bytes are of payloads on the wire.

    ``gaps`` is how often frames had been lost, of whatever connection, when the last one came.
    """

    frames: int = 0
    messages: int = 0
    octets: int = 0
    fragment: int = 0  # of the unfinished message; 0: there is none
    gaps: int = 0
    pings: dict[bytes, float] = field(default_factory=dict)  # when each was sent, by its payload


@dataclass(slots=True)
class Connection:
    """One connection, so far. ``close`` is the first close frame: who sent it, code and reason.

    Times are ``time.time()`` seconds, ``rtt`` is in seconds, ``queued`` in bytes. ``opening`` is
    None where it is not known, or was long ago; ``ended`` while the connection is open.
    """

    number: int
    name: str
    first: float
    last: float
    inbound: Flow = field(default_factory=Flow)
    outbound: Flow = field(default_factory=Flow)
    rtt: float | None = None
    close: tuple[Direction, int, str] | None = None
    opening: Opened | None = None
    ended: Ended | None = None
    queued: int = 0
    turn: float = 0.0  # when the messages in ``recent`` began; ``before`` had its turn before
    recent: int = 0
    before: int = 0

    @property
    def state(self) -> str:
        """What it is doing: "open", "closing", "closed", "refused" or "no answer"."""
        if self.opening is not None and self.opening.status != 101:
            return "refused" if self.opening.status else "no answer"
        if self.ended is not None:
            return "closed"
        return "open" if self.close is None else "closing"

    def flow(self, direction: Direction) -> Flow:
        """Return one direction."""
        return self.inbound if direction is Direction.IN else self.outbound

    def rate(self, now: float) -> float:
        """Return how many messages a second there were in the last seconds before ``now``."""
        turns = max(now - self.turn, 0.0) / _TURN
        if turns < 1:
            return (self.recent + self.before * (1 - turns)) / _TURN
        return self.recent * max(2 - turns, 0.0) / _TURN

    def count(self, moment: float) -> None:
        """Say that a message began."""
        passed = moment - self.turn
        if not -_TURN <= passed < 2 * _TURN:  # a silence, or the clock was set back
            self.turn, self.recent, self.before = moment, 0, 0
        elif passed >= _TURN:
            self.turn, self.recent, self.before = self.turn + _TURN, 0, self.recent
        self.recent += 1


class History:
    """The entries that are kept, oldest first; for one thread.

    ``dropped`` counts those that went since the beginning: captured frames are ``dropped`` plus
    ``len()``. ``lost`` counts frames that a source could not deliver.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        """Keep frames of about ``limit`` bytes; ValueError below 64 KiB."""
        if limit < 1 << 16:
            raise ValueError(f"limit: must be at least 65536 bytes, not {limit}")
        self._limit = limit
        self._entries: deque[Entry] = deque()
        self._connections: dict[str, Connection] = {}
        self._numbers = 0  # of connections
        self._openings: deque[tuple[str, int]] = deque()  # that are kept, and their sizes
        self._gaps = 0  # how often frames were lost
        self.servers: dict[str, deque[Sample]] = {}  # the last samples of each, oldest first
        self.held = 0  # bytes of entries, about
        self.held_openings = 0  # bytes of openings, about
        self.total = 0  # frames that came
        self.lost = 0
        self.forgotten = 0  # connections

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """Go over what is kept."""
        return iter(self._entries)

    @property
    def dropped(self) -> int:
        """How many frames had to go."""
        return self.total - len(self._entries)

    @property
    def connections(self) -> list[Connection]:
        """The connections, in the order in which they were first heard of."""
        return list(self._connections.values())

    def entry(self, number: int) -> Entry | None:
        """Return the entry with this number; None if it is gone or has not come."""
        at = number - self.dropped - 1
        return self._entries[at] if 0 <= at < len(self._entries) else None

    def since(self, number: int) -> Iterator[Entry]:
        """Go over the entries after ``number``."""
        return islice(self._entries, max(number - self.dropped, 0), None)

    def clear(self) -> None:
        """Let all entries go; they count as dropped, and the connections stay."""
        self._entries.clear()
        self.held = 0

    def add(self, events: Iterable[Event]) -> None:
        """Take what happened, in order."""
        for event in events:
            if isinstance(event, Capture):
                self._keep(self._entry(event))
            elif isinstance(event, Opened):
                self._open(event)
            elif isinstance(event, Ended):
                self._end(event)
            elif isinstance(event, Lost):
                self.lost += event.count
                self._gaps += 1
            else:
                self._sample(event)

    def connection(self, number: int) -> Connection | None:
        """Return the connection with this number; None if it is forgotten, or never was."""
        return next((c for c in self._connections.values() if c.number == number), None)

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.held += _OVERHEAD + len(entry.frame.payload)
        while self.held > self._limit and len(self._entries) > 1:
            self.held -= _OVERHEAD + len(self._entries.popleft().frame.payload)

    def _entry(self, capture: Capture) -> Entry:
        connection = self._connection(capture.connection, capture.time)
        frame = capture.frame
        flow = connection.flow(frame.direction)
        first = not (connection.inbound.frames or connection.outbound.frames)
        self.total += 1
        entry = Entry(self.total, connection.number, capture)
        entry.delta = None if first else capture.time - connection.last
        # After a gap nobody knows whether a message is unfinished, until one begins or ends.
        unknown = flow.gaps != self._gaps and frame.opcode <= BINARY
        message_open = frame.opcode == CONTINUATION if unknown else flow.fragment > 0
        entry.wrong = violation(frame, message_open=message_open)
        if unknown:
            flow.gaps = self._gaps
            flow.fragment = flow.fragment if message_open else 0
        connection.last = capture.time
        flow.frames += 1
        flow.octets += frame.wire_length
        if frame.opcode <= BINARY:
            _count(flow, entry)
            if entry.fragment == 1:
                connection.count(capture.time)
        else:
            _control(connection, entry)
        return entry

    def _open(self, opened: Opened) -> None:
        connection = self._connection(opened.connection, opened.time)
        size = _OVERHEAD + len(opened.body) + len(opened.url)
        size += sum(len(name) + len(value) for name, value in opened.request + opened.response)
        connection.opening = opened
        self._openings.append((opened.connection, size))
        self.held_openings += size
        while self.held_openings > self._limit // 4:
            name, size = self._openings.popleft()
            self.held_openings -= size
            if (oldest := self._connections.get(name)) is not None:
                oldest.opening = None

    def _end(self, ended: Ended) -> None:
        connection = self._connection(ended.connection, ended.time)
        connection.ended = ended
        connection.queued = 0

    def _sample(self, sample: Sample) -> None:
        samples = self.servers.get(sample.server)
        if samples is None:
            if len(self.servers) == _SERVERS:
                del self.servers[next(iter(self.servers))]
            samples = self.servers[sample.server] = deque(maxlen=_SAMPLES)
        for name in (samples[-1].queues if samples else {}).keys() | sample.queues.keys():
            if (connection := self._connections.get(name)) is not None:
                connection.queued = sample.queues.get(name, 0)
        samples.append(sample)

    def _connection(self, name: str, moment: float) -> Connection:
        known = self._connections.get(name)
        if known is not None:
            return known
        self._numbers += 1
        made = Connection(self._numbers, name, moment, moment)
        self._connections[name] = made
        if len(self._connections) > _CONNECTIONS:
            self.forgotten += 1
            del self._connections[next(iter(self._connections))]
        return made


def _count(flow: Flow, entry: Entry) -> None:
    """Give the data frame its place in a message."""
    frame = entry.frame
    if frame.opcode != CONTINUATION or not flow.fragment:
        flow.messages += 1
        flow.fragment = 0
    flow.fragment += 1
    entry.message, entry.fragment = flow.messages, flow.fragment
    if frame.fin:
        flow.fragment = 0


def _control(connection: Connection, entry: Entry) -> None:
    frame = entry.frame
    if frame.opcode == PING:
        pings = connection.flow(frame.direction).pings
        pings[frame.payload] = entry.capture.time
        if len(pings) > _PINGS:
            del pings[next(iter(pings))]
    elif frame.opcode == PONG:
        _answer(connection, entry)
    elif frame.opcode == CLOSE and connection.close is None:
        connection.close = (frame.direction, *_closing(frame))


def _answer(connection: Connection, entry: Entry) -> None:
    """Find the ping that this pong answers; one that nobody asked for answers none (§5.5.3)."""
    other = Direction.OUT if entry.frame.direction is Direction.IN else Direction.IN
    pings = connection.flow(other).pings
    asked = pings.pop(entry.frame.payload, None)
    if asked is not None:
        connection.rtt = entry.rtt = entry.capture.time - asked


def _closing(frame: FrameRecord) -> tuple[int, str]:
    try:
        return parse_close(frame.payload)
    except ProtocolError:
        return int.from_bytes(frame.payload[:2], "big"), ""
