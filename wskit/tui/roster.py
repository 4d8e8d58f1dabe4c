"""Connections as rows of a table, in an order that a person chooses; and one of them in full.

The law of this file: what a peer sent reaches a row only through ``printable``; a row is never
wider than it may be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..events import Opened
from ..protocol.frames import Direction
from ..trace import columns, printable
from .explaining import close_words, counted
from .handshakes import extensions, handshake_lines, phrase, subprotocol, target
from .history import Connection, Flow
from .rows import Piece, duration, size

__all__ = ["ORDERS", "connection_lines", "heading", "ordered", "row"]

_STATES = ("open", "closing", "closed", "refused", "no answer")

ORDERS: dict[str, Callable[[Connection, float], float]] = {
    "first": lambda c, now: c.number,
    "last": lambda c, now: -c.last,
    "messages": lambda c, now: -(c.inbound.messages + c.outbound.messages),
    "bytes": lambda c, now: -(c.inbound.octets + c.outbound.octets),
    "rtt": lambda c, now: -(c.rtt if c.rtt is not None else -1.0),
    "rate": lambda c, now: -c.rate(now),
    "queue": lambda c, now: -c.queued,
    "state": lambda c, now: _STATES.index(c.state),
}
"""By name, what connections are ordered by, at some Unix time: the first has the least."""

_LEAST = 8  # columns that the URL has before how it ended is shown, too
_CLOSE = 30  # columns of how it ended, at the most


class _Column(NamedTuple):
    """``width`` columns with a blank behind, < or > for the side; in tables ``least`` wide."""

    title: str
    width: int
    side: str
    least: int
    text: Callable[[Connection, float], str]


_COLUMNS = (
    _Column("CONN", 6, "<", 0, lambda c, now: f"#{c.number}"),
    _Column("STATE", 9, "<", 0, lambda c, now: c.state),
    _Column("IN", 6, ">", 0, lambda c, now: size(c.inbound.messages)),
    _Column("OUT", 6, ">", 0, lambda c, now: size(c.outbound.messages)),
    _Column("B IN", 6, ">", 96, lambda c, now: size(c.inbound.octets)),
    _Column("B OUT", 6, ">", 96, lambda c, now: size(c.outbound.octets)),
    _Column("MSG/S", 6, ">", 72, lambda c, now: _rate(c.rate(now))),
    _Column("RTT", 7, ">", 56, lambda c, now: "" if c.rtt is None else duration(c.rtt)),
    _Column("QUEUE", 6, ">", 104, lambda c, now: size(c.queued) if c.queued else ""),
    _Column("LAST", 7, ">", 64, lambda c, now: duration(max(now - c.last, 0.0))),
    _Column("PEER", 21, "<", 126, lambda c, now: _opening(c, lambda o: o.peer)),
    _Column("PROTOCOL", 12, "<", 140, lambda c, now: _opening(c, subprotocol)),
    _Column("EXTENSIONS", 13, "<", 154, lambda c, now: _opening(c, extensions)),
)
_REST = "URL / CLOSE"


def ordered(connections: Iterable[Connection], order: str, now: float = 0.0) -> list[Connection]:
    """Return ``connections`` by ``order``, a name in ORDERS; those alike as they came.

    ``now`` is the Unix time at which rates are compared.
    """
    value = ORDERS[order]
    return sorted(connections, key=lambda connection: value(connection, now))


def heading(width: int) -> str:
    """Return the titles of the columns, ``width`` columns wide."""
    titles = (f"{each.title:{each.side}{each.width}} " for each in _fitting(width))
    return f"{''.join(titles) + _REST:<{width}.{width}}"


def row(connection: Connection, now: float, width: int) -> list[Piece]:
    """Return one row in pieces; ``now`` is the Unix time from which LAST counts."""
    cells = "".join(
        f"{_fitted(each.text(connection, now), each.width, each.side)} " for each in _fitting(width)
    )[: max(width, 0)]
    room = width - columns(cells)
    ended = _ended(connection)
    kind = _kind(connection) if ended else ""
    ended = _cut(f" {ended}", min(_CLOSE, room - _LEAST)) if ended else ""
    return [(cells, ""), (_place(connection, room - columns(ended)), kind), (ended, kind)]


def connection_lines(
    connection: Connection, now: float, *, width: int = 100, secrets: bool = False
) -> list[str]:
    """Return everything that is known of ``connection`` at the Unix time ``now``.

    No line is wider than ``width`` or has anything but printable characters; ``secrets`` is as in
    ``handshake_lines``.
    """
    lines = [_cut(line, width) for line in _facts(connection, now)]
    if connection.opening is not None:
        lines += ["", "handshake"]
        lines += handshake_lines(connection.opening, width=width, secrets=secrets)
    return lines


# -- what a row says ---------------------------------------------------------------------------


def _fitting(width: int) -> Iterator[_Column]:
    return (column for column in _COLUMNS if column.least <= width)


def _opening(connection: Connection, text: Callable[[Opened], str]) -> str:
    return printable(text(connection.opening)) if connection.opening is not None else ""


def _place(connection: Connection, room: int) -> str:
    """Return the URL where there is room for it, else its path; the name where there is none."""
    opening = connection.opening
    if opening is None or not opening.url:
        return _cut(printable(connection.name), room)
    url = printable(opening.url)
    return url if columns(url) <= room else _cut(printable(target(opening)), room)


def _rate(rate: float) -> str:
    return "" if not rate else f"{rate:.1f}" if rate < 1000 else size(round(rate))


def _ended(connection: Connection) -> str:
    """Say how it ended: the close frame, an answer that refuses, or what no frame shows."""
    opening = connection.opening
    if opening is not None and opening.status not in (0, 101):
        return f"{opening.status} {phrase(opening.status)}".rstrip()
    if connection.close is not None:
        direction, code, reason = connection.close
        arrow = "<-" if direction is Direction.IN else "->"
        return f"{arrow} {code} {printable(reason)}".rstrip()
    return "" if connection.ended is None else printable(connection.ended.how)


def _kind(connection: Connection) -> str:
    return "close" if connection.close is not None else "wrong"


def _fitted(text: str, width: int, side: str) -> str:
    text = _cut(text, width)
    blanks = " " * (width - columns(text))
    return text + blanks if side == "<" else blanks + text


def _cut(text: str, room: int) -> str:
    """Return ``text`` in at most ``room`` columns."""
    if columns(text) <= room:
        return text
    text = text[: max(room, 0)]
    while text and columns(text) > room - 1:
        text = text[:-1]
    return f"{text}…" if room > 0 else ""


# -- one connection in full --------------------------------------------------------------------


def _facts(connection: Connection, now: float) -> Iterator[str]:
    opening = connection.opening
    yield f"connection #{connection.number}: {printable(connection.name)}"
    yield f"state       {connection.state}"
    if opening is not None:
        yield f"URL         {printable(opening.url)}"
        yield f"watched     the {opening.side.value}; in is from the {opening.side.peer.value}"
        if opening.peer:
            yield f"peer        {printable(opening.peer)}"
    yield f"began       {_moment(connection.first)}"
    yield f"last frame  {_last(connection, now)}"
    yield f"in          {_flow(connection.inbound)}"
    yield f"out         {_flow(connection.outbound)}"
    yield f"rate        {connection.rate(now):.1f} messages/s"
    rtt = "no ping was answered" if connection.rtt is None else duration(connection.rtt)
    yield f"round trip  {rtt}"
    yield f"queue       {counted(connection.queued, 'byte')} to be sent"
    yield from _closing(connection)


def _closing(connection: Connection) -> Iterator[str]:
    if connection.close is not None:
        direction, code, reason = connection.close
        way = "came in" if direction is Direction.IN else "was sent"
        name, meaning = close_words(code)
        yield f"close       {way} first: {code} {name}"
        if reason:
            yield f"reason      {printable(reason)}"
        yield f"            {meaning}"
    if connection.ended is not None:
        how = f": {printable(connection.ended.how)}" if connection.ended.how else ""
        yield f"ended       {_moment(connection.ended.time)}{how}"


def _flow(flow: Flow) -> str:
    words = (
        f"{counted(flow.messages, 'message')}, {counted(flow.frames, 'frame')}, "
        f"{counted(flow.octets, 'byte')} of payload"
    )
    return f"{words}; a message is unfinished" if flow.fragment else words


def _moment(moment: float) -> str:
    day = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    return f"{day}.{int(moment * 1000) % 1000:03}"


def _last(connection: Connection, now: float) -> str:
    if not (connection.inbound.frames or connection.outbound.frames):
        return "none so far"
    ago = duration(max(now - connection.last, 0.0))
    return f"{_moment(connection.last)}, {ago} ago"
