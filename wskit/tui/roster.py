"""Connections as rows of a table, in an order that a person chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..protocol.frames import Direction
from ..trace import columns, printable
from .history import Connection
from .rows import Piece, duration, size

__all__ = ["ORDERS", "heading", "ordered", "row"]

ORDERS: dict[str, Callable[[Connection], float]] = {
    "first": lambda c: c.number,
    "last": lambda c: -c.last,
    "messages": lambda c: -(c.inbound.messages + c.outbound.messages),
    "bytes": lambda c: -(c.inbound.octets + c.outbound.octets),
    "rtt": lambda c: -(c.rtt if c.rtt is not None else -1.0),
}
"""By name, what connections are ordered by: the first of a table has the least."""

_TITLES = "CONN   MESSAGES IN      OUT BYTES IN    OUT     RTT    LAST "
_NAME_AND_CLOSE = "NAME / CLOSE"


def ordered(connections: Iterable[Connection], order: str) -> list[Connection]:
    """Return ``connections`` by ``order``, a name in ORDERS; those alike as they came."""
    return sorted(connections, key=ORDERS[order])


def heading(width: int) -> str:
    """Return the titles of the columns, ``width`` columns wide."""
    return f"{_TITLES + _NAME_AND_CLOSE:<{width}.{width}}"


def row(connection: Connection, now: float, width: int) -> list[Piece]:
    """Return one row in pieces; ``now`` is the Unix time from which LAST counts."""
    inbound, outbound = connection.inbound, connection.outbound
    rtt = "" if connection.rtt is None else duration(connection.rtt)
    numbers = (
        f"{f'#{connection.number}':<6.6} {inbound.messages:>11} {outbound.messages:>8} "
        f"{size(inbound.octets):>8} {size(outbound.octets):>6} {rtt:>7} "
        f"{duration(max(now - connection.last, 0.0)):>7} "
    )
    closed = _closing(connection)
    room = max(width - len(numbers) - columns(closed), 0)
    kind = "close" if closed else ""
    return [
        (numbers[:width], ""),
        (_fitted(printable(connection.name), room), kind),
        (closed, kind),
    ]


def _closing(connection: Connection) -> str:
    if connection.close is None:
        return ""
    direction, code, reason = connection.close
    arrow = "<-" if direction is Direction.IN else "->"
    return f" {arrow} {code} {_fitted(printable(reason), 20)}".rstrip()


def _fitted(text: str, room: int) -> str:
    if columns(text) <= room:
        return text
    while text and columns(text) > room - 1:
        text = text[:-1]
    return f"{text}…" if room > 0 else ""
