"""Frames grouped to messages, and messages as rows of a table.

The law of this file: a message goes with its first frame, so there are never more messages than
frames are kept, nor more bytes of them.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ..protocol.frames import Direction, FrameRecord
from ..protocol.opcodes import BINARY, CLOSE, CONTINUATION, TEXT, Opcode
from ..taps import Capture
from ..trace import preview
from .entries import Entry
from .filters import Filter
from .history import History
from .rows import Piece, Table, duration, size
from .selection import Selection

__all__ = ["Gathered", "MessageTable", "Messages"]

_PREVIEW = 4096  # bytes of a payload that are joined
_ROOM = 12  # columns that a preview has at the least
_ARROWS = {Direction.IN: "<-", Direction.OUT: "->"}
_NAMES = {int(opcode): opcode.name.lower() for opcode in Opcode} | {CONTINUATION: "cont"}
_NEVER = "was never finished (§5.4)"
_NO_TEXT = "text is not UTF-8 (§8.1)"


@dataclass(slots=True, eq=False)
class Gathered:
    """One message so far, from entry ``first`` to ``last``; a control frame is one, too.

    ``opcode`` is that of the first frame, a continuation where the beginning is not known.
    ``number`` counts as in Entry; ``wire`` and ``length`` are bytes in sum, ``payload`` is the
    start of all payloads joined. Times are ``time.time()`` seconds; ``wrong`` as in Entry.
    """

    first: int
    last: int
    conn: int
    number: int
    direction: Direction
    opcode: int
    started: float
    ended: float
    fragments: int
    wire: int
    length: int
    compressed: bool
    done: bool
    rtt: float | None
    wrong: str
    payload: bytes
    _text: codecs.IncrementalDecoder | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """What it is, such as "text"; "cont" where its beginning is not known."""
        return _NAMES.get(self.opcode, hex(self.opcode))

    @property
    def state(self) -> str:
        """How it is: "complete", "unfinished", "broken", or "partial" without its beginning."""
        if self.wrong:
            return "broken"
        if self.opcode == CONTINUATION:
            return "partial"
        return "complete" if self.done else "unfinished"

    @property
    def ratio(self) -> float | None:
        """Inflated size over size on the wire; None where nothing was compressed."""
        return self.length / self.wire if self.compressed and self.wire else None

    @property
    def took(self) -> float:
        """Seconds from the first frame to the newest."""
        return self.ended - self.started

    @property
    def frame(self) -> FrameRecord:
        """One frame that would carry all of it."""
        rsv = 4 if self.compressed else 0
        return FrameRecord(
            self.direction, self.opcode, self.done, rsv, False, self.wire, self.length, self.payload
        )


class Messages(Selection):
    """The messages of which the filter takes any frame, as the numbers of their first entries.

    ``changed`` says of the last ``advance`` whether a row became another one, or came between
    rows that were there. For one thread.
    """

    def __init__(self, history: History) -> None:
        """Show all messages in ``history``."""
        super().__init__(history)
        self._messages: dict[int, Gathered] = {}  # that are shown
        # Unfinished ones by connection and direction, in the order of their beginnings.
        self._open: dict[int, Gathered] = {}
        self.changed = False

    def message(self, number: int) -> Gathered | None:
        """Return the message that begins with the entry ``number``; None if none is shown."""
        return self._messages.get(number)

    def entries(self, message: Gathered) -> Iterator[Entry]:
        """Go over the frames of ``message``, as far as they are kept."""
        for entry in self._history.since(message.first - 1):
            if entry.number > message.last:
                return
            same = (entry.conn, entry.message) == (message.conn, message.number)
            if same and entry.frame.direction is message.direction:
                yield entry

    def judged(self, number: int) -> list[Entry]:
        """Return the first frame of a message, and all of it as if it had come in one."""
        found, message = super().judged(number), self.message(number)
        if not found or message is None or message.fragments == 1:
            return found
        whole = Capture(message.started, found[0].capture.connection, message.frame)
        return [*found, Entry(number, message.conn, whole, message=message.number, fragment=1)]

    def choose(self, filter: Filter) -> None:
        """Show the messages of which ``filter`` takes a frame, from the beginning."""
        super().choose(filter)
        self._messages.clear()
        self._open.clear()

    def advance(self, most: int = 5000) -> int:
        """Judge up to ``most`` entries; return how many rows have gone at the beginning."""
        self.changed = False
        gone = self._drop()
        last = self._history.total
        for entry in islice(self._history.since(self._judged), most):
            last = entry.number
            message = self._placed(entry)
            if message.first in self._messages:
                self.changed = True
            elif self.filter(entry):
                self._show(message)
        self._judged = last
        return gone

    def _drop(self) -> int:
        dropped, at = self._history.dropped, self._start
        while at < len(self._numbers) and self._numbers[at] <= dropped:
            del self._messages[self._numbers[at]]
            at += 1
        while self._open and next(iter(self._open.values())).first <= dropped:
            del self._open[next(iter(self._open))]
        return super()._drop()

    def _show(self, message: Gathered) -> None:
        numbers, first = self._numbers, message.first
        self._messages[first] = message
        if not numbers or numbers[-1] < first:
            numbers.append(first)
        else:  # another message began before a frame of this one was wanted
            numbers.insert(bisect_left(numbers, first, self._start), first)
            self.changed = True

    def _placed(self, entry: Entry) -> Gathered:
        """Return the message of ``entry``, which has it now."""
        frame = entry.frame
        # A number, as an Enum takes longer to hash than the rest of this takes.
        where = entry.conn << 1 | (frame.direction is Direction.IN)
        message = self._open.get(where)
        if message is not None:
            if frame.opcode <= BINARY and message.number == entry.message:
                _extend(message, entry)
                if message.done:
                    del self._open[where]
                return message
            if frame.opcode <= BINARY or frame.opcode == CLOSE:
                self._interrupt(where, message)
        message = _begun(entry)
        if not message.done:
            self._open[where] = message
        return message

    def _interrupt(self, where: int, message: Gathered) -> None:
        """Give ``message`` up: another one begins, or a close frame ends them all (§5.5.1)."""
        del self._open[where]
        message.wrong = message.wrong or _NEVER
        self.changed = self.changed or message.first in self._messages


def _begun(entry: Entry) -> Gathered:
    frame, moment = entry.frame, entry.capture.time
    message = Gathered(
        entry.number,
        entry.number,
        entry.conn,
        entry.message,
        frame.direction,
        frame.opcode,
        moment,
        moment,
        1,
        frame.wire_length,
        frame.length,
        frame.rsv & 4 > 0,
        frame.fin or not entry.is_data,
        entry.rtt,
        entry.wrong,
        frame.payload[:_PREVIEW],
    )
    if frame.opcode == TEXT and not frame.fin:
        message._text = codecs.getincrementaldecoder("utf-8")()
        _decode(message, entry)
    return message


def _extend(message: Gathered, entry: Entry) -> None:
    frame = entry.frame
    if len(message.payload) == message.length:  # else what follows does not follow
        message.payload += frame.payload[: _PREVIEW - len(message.payload)]
    message.last, message.ended = entry.number, entry.capture.time
    message.fragments += 1
    message.wire += frame.wire_length
    message.length += frame.length
    message.done = frame.fin
    message.wrong = message.wrong or entry.wrong
    _decode(message, entry)


def _decode(message: Gathered, entry: Entry) -> None:
    """Find what is no UTF-8 in a text of several frames, until one of them was cut."""
    if message._text is None:
        return
    try:
        if not entry.is_cut:
            message._text.decode(entry.frame.payload, final=entry.frame.fin)
    except UnicodeDecodeError:
        message.wrong = message.wrong or _NO_TEXT
    if entry.is_cut or message.wrong or message.done:
        message._text = None


class MessageTable(Table):
    """The layout of rows of messages, ``width`` columns wide; times as in Table."""

    def heading(self) -> str:
        """Return the titles of the columns."""
        more = f"{'RATIO':>6} {'TOOK':>7} " if self._wide else ""
        title = f"{'TIME':>12} CONN    MESSAGE FRAMES   WIRE   SIZE {more}PAYLOAD"
        return f"{title:<{self.width}.{self.width}}"

    def message_row(self, message: Gathered) -> list[Piece]:
        """Return one row in pieces."""
        before = f"{self._time(message.started)} {f'#{message.conn}':<5.5} "
        kind = f"{_ARROWS[message.direction]} {message.kind:<7} "
        sizes = " ".join(
            f"{size(each):>6}" for each in (message.fragments, message.wire, message.length)
        )
        pieces = [(before, "faint"), (kind, _kind(message)), (f"{sizes} {self._more(message)}", "")]
        room = self.width - sum(len(text) for text, _ in pieces)
        if note := _note(message):
            note = f"{note} "[: max(room, 0)]
            pieces.append((note, "wrong" if message.wrong else "control"))
            room -= len(note)
        if room >= _ROOM:
            pieces.append((preview(message.frame, room), ""))
        return pieces

    def _more(self, message: Gathered) -> str:
        if not self._wide:
            return ""
        ratio = "" if message.ratio is None else f"x{message.ratio:.1f}"
        took = duration(message.took) if message.fragments > 1 else ""
        return f"{ratio:>6.6} {took:>7} "


def _kind(message: Gathered) -> str:
    if message.wrong:
        return "wrong"
    if message.opcode == CLOSE:
        return "close"
    if message.opcode > CLOSE:
        return "control"
    return "in" if message.direction is Direction.IN else "out"


def _note(message: Gathered) -> str:
    if message.wrong:
        return f"! {message.wrong}"
    if message.rtt is not None:
        return f"rtt {duration(message.rtt)}"
    return "" if message.state == "complete" else message.state
