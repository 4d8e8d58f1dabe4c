"""What a tool that watches is told: frames, how connections began and ended, how a server is."""

from __future__ import annotations

from dataclasses import dataclass, field

from .protocol.opcodes import Side
from .stats import ServerStats
from .taps import Capture

__all__ = ["Ended", "Event", "Lost", "Opened", "Sample"]

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """An opening handshake: ``status`` 101 opened ``connection``, 0 got no answer, others refused.

    ``side`` is the end that is watched: by it frames go in or out. ``url`` is the whole one where
    it is known, else the request target; ``peer`` is the other end's address as text. Headers are
    pairs of name and value in order; ``body`` is that of a refusal. Times are ``time.time()``.
    """

    time: float
    connection: str
    side: Side
    url: str = ""
    peer: str = ""
    request: Fields = ()
    status: int = 101
    response: Fields = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Ended:
    """``connection`` is over; ``how`` says in words what no frame shows, "" for nothing."""

    time: float
    connection: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """The counters of one server, named by its address, at one moment.

    ``queues`` has the bytes that wait to be sent, by connection, where there are any.
    """

    time: float
    server: str
    stats: ServerStats
    queues: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lost:
    """``count`` frames passed at this place that could not be kept."""

    count: int


Event = Capture | Opened | Ended | Sample | Lost
"""In the order in which it happened on each connection."""
