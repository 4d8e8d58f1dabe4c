"""Entries as rows of a table: text in pieces, each with the kind that a screen gives a colour.

The law of this file: what a peer sent reaches a row only through `trace.printable` and what is
built on it; a row is never wider than it may be.
"""

from __future__ import annotations

import time

from ..protocol.frames import Direction
from ..protocol.opcodes import CLOSE, CONTINUATION, Opcode
from ..trace import preview
from .entries import Entry

__all__ = ["Piece", "Table", "duration"]

Piece = tuple[str, str]
"""A text and its kind: "in", "out", "control", "close", "wrong", "faint" or ""."""

_ARROWS = {Direction.IN: "<-", Direction.OUT: "->"}
_NAMES = {int(opcode): opcode.name.lower() for opcode in Opcode} | {CONTINUATION: "cont"}
_WIDE = 100  # columns from which on there are deltas, ratios and places in messages
_ROOM = 12  # columns that a preview has at the least


class Table:
    """The layout of rows that are ``width`` columns wide, with times from ``start``.

    ``start`` is in ``time.time()`` seconds; None shows the local time of day. With ``deltas`` there
    are no times, but what passed since the frame before on the same connection.
    """

    def __init__(self, width: int, start: float | None, *, deltas: bool = False) -> None:
        """Choose the columns that fit."""
        self.width = width
        self._start = start
        self._wide = width >= _WIDE
        self._times = not deltas
        self._deltas = deltas or self._wide

    def heading(self) -> str:
        """Return the titles of the columns."""
        times = f"{'TIME':>12} " if self._times else ""
        times += f"{'DELTA':>8} " if self._deltas else ""
        more = f"{'RATIO':>6} {'MSG':>7} " if self._wide else ""
        title = f"{times}CONN    FRAME  FLAGS   WIRE   SIZE {more}PAYLOAD"
        return f"{title:<{self.width}.{self.width}}"

    def row(self, entry: Entry) -> list[Piece]:
        """Return one row in pieces."""
        frame = entry.frame
        times = f"{self._time(entry.capture.time)} " if self._times else ""
        before = f"{times}{self._delta(entry)}{f'#{entry.conn}':<5.5} "
        kind = f"{_ARROWS[frame.direction]} {_name(frame.opcode):<6} "
        sizes = f"{_flags(entry)} {size(frame.wire_length):>6} {size(frame.length):>6} "
        pieces = [(before, "faint"), (kind, _kind(entry)), (sizes + self._place(entry), "")]
        note = _note(entry)
        if note:
            pieces.append((f"{note} ", "wrong" if entry.wrong else "control"))
        room = self.width - sum(len(text) for text, _ in pieces)
        if room >= _ROOM:
            pieces.append((preview(frame, room), ""))
        return pieces

    def _time(self, moment: float) -> str:
        if self._start is not None:
            return f"{moment - self._start:12.3f}"
        milliseconds = int(moment * 1000) % 1000
        return f"{time.strftime('%H:%M:%S', time.localtime(moment))}.{milliseconds:03}"

    def _delta(self, entry: Entry) -> str:
        if not self._deltas:
            return ""
        return f"{'' if entry.delta is None else '+' + duration(entry.delta):>8} "

    def _place(self, entry: Entry) -> str:
        if not self._wide:
            return ""
        ratio = "" if entry.ratio is None else f"x{entry.ratio:.1f}"
        several = entry.fragment > 1 or (entry.fragment and not entry.frame.fin)
        place = f"{entry.message}.{entry.fragment}" if several else str(entry.message or "")
        return f"{ratio:>6.6} {place:>7.7} "


def duration(seconds: float) -> str:
    """Return a time in at most 7 characters: "12us", "1.23ms", "4.56s", "12m", "3h"."""
    seconds = round(seconds, 9)
    for limit, factor, unit in ((0.000_999_5, 1e6, "us"), (0.999_5, 1e3, "ms"), (999.5, 1, "s")):
        if abs(seconds) < limit:
            return f"{seconds * factor:.3g}{unit}"
    minutes = seconds / 60
    return f"{minutes:.0f}m" if abs(minutes) < 1000 else f"{min(minutes / 60, 99999):.0f}h"


def size(octets: int) -> str:
    """Return a number of bytes in at most 6 characters."""
    if octets < 1_000_000:
        return str(octets)
    for unit in "MGTPE":
        octets_in_unit = octets / 1_000_000
        if octets_in_unit < 1000:
            return f"{octets_in_unit:.1f}{unit}"
        octets //= 1000
    return "huge"


def _name(opcode: int) -> str:
    return _NAMES.get(opcode, hex(opcode))


def _flags(entry: Entry) -> str:
    """Return FIN, the reserved bits and MASK, each in its place, as "F1--M"."""
    frame = entry.frame
    bits = "".join(str(n) if frame.rsv & 8 >> n else "-" for n in (1, 2, 3))
    return f"{'F' if frame.fin else '-'}{bits}{'M' if frame.masked else '-'}"


def _kind(entry: Entry) -> str:
    frame = entry.frame
    if entry.wrong:
        return "wrong"
    if frame.opcode == CLOSE:
        return "close"
    if not entry.is_data:
        return "control"
    return "in" if frame.direction is Direction.IN else "out"


def _note(entry: Entry) -> str:
    if entry.wrong:
        return f"! {entry.wrong}"
    return "" if entry.rtt is None else f"rtt {duration(entry.rtt)}"
