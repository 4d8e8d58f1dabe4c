"""Frames and events as text: an aligned line for a person, a JSON object for a program.

The law of this file: what a peer sent reaches a line only through ``printable``, so that no payload
moves the cursor, changes a colour or turns the direction of the text around.
"""

from __future__ import annotations

import base64
import codecs
import json
import time
import unicodedata
from dataclasses import asdict

from .errors import ProtocolError
from .events import Ended, Event, Lost, Opened
from .protocol.frames import Direction, FrameRecord, parse_close
from .protocol.opcodes import Opcode
from .taps import Capture

__all__ = [
    "LineFormat",
    "columns",
    "event_json",
    "frame_json",
    "json_line",
    "payload_fields",
    "preview",
    "printable",
]

_ARROWS = {Direction.IN: "<-", Direction.OUT: "->"}
_OPCODES = {0: "cont", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_RSV = {0: "    ", 4: "RSV1", 2: "RSV2", 1: "RSV3", 6: "R12 ", 5: "R13 ", 3: "R23 ", 7: "R123"}

# SGR parameters: what a person looks for first, the direction and what is not plain data.
_IN, _OUT, _CONTROL, _CLOSE, _RESERVED, _FAINT = "32", "36", "33", "35", "31", "2"

_LEAST_PREVIEW = 12  # columns, however narrow the terminal is


class LineFormat:
    """How frames are written as lines of at most ``width`` columns.

    Times count from ``start`` (``time.time()`` seconds), or are the local time of day. ``names`` is
    the width of the column of connections, 0 leaves it out. ``colour`` allows terminal escapes.
    """

    def __init__(
        self,
        *,
        start: float | None = None,
        width: int = 80,
        names: int = 0,
        colour: bool = False,
    ) -> None:
        """Lines that are wider than ``width`` are cut in the payload, which comes last."""
        self._start = start
        self._width = width
        self._names = names
        self._colour = colour

    def heading(self) -> str:
        """Return the titles of the columns; DATA is the size of what was inflated, in bytes."""
        time_width = 12 if self._start is None else 8
        names = f" {'CONN':<{self._names}.{self._names}}" if self._names else ""
        title = f"{'TIME':>{time_width}}{names}    FRAME  {'FLAGS':<13}   WIRE   DATA"
        return self._painted(f"{title} PAYLOAD", _FAINT)

    def line(self, capture: Capture) -> str:
        """Return the line of one frame, without a line end."""
        frame = capture.frame
        name = f" {_fitted(printable(capture.connection), self._names)}" if self._names else ""
        kind = f"{_ARROWS[frame.direction]} {_OPCODES.get(frame.opcode, hex(frame.opcode)):<6}"
        inflated = _size(frame.length) if frame.length != frame.wire_length else ""
        before = f"{self._time(capture.time)}{name} "
        after = f" {_flags(frame)} {_size(frame.wire_length):>6} {inflated:>6} "
        room = max(self._width - len(before) - len(kind) - len(after), _LEAST_PREVIEW)
        painted = self._painted(kind, _shade(frame))
        return f"{before}{painted}{after}{preview(frame, room)}".rstrip()

    def _time(self, moment: float) -> str:
        if self._start is not None:
            return f"{moment - self._start:8.3f}"
        milliseconds = int(moment * 1000) % 1000
        return f"{time.strftime('%H:%M:%S', time.localtime(moment))}.{milliseconds:03}"

    def _painted(self, text: str, sgr: str) -> str:
        return f"\x1b[{sgr}m{text}\x1b[0m" if self._colour else text


def frame_json(capture: Capture, **context: object) -> str:
    """Return one frame as a JSON object on one line, in ASCII; times are Unix seconds.

    The payload is in ``text``, or in ``base64`` where it is binary or no UTF-8; of a close frame
    it is ``code`` and ``reason``. It has ended early where it is shorter than ``length``.
    ``context`` is what else to say of it.
    """
    frame = capture.frame
    return json_line(
        "frame",
        time=capture.time,
        connection=capture.connection,
        direction=frame.direction.value,
        opcode=frame.opcode,
        name=_OPCODES.get(frame.opcode, "reserved"),
        fin=frame.fin,
        rsv=frame.rsv,
        masked=frame.masked,
        wire_length=frame.wire_length,
        length=frame.length,
        **_frame_payload(frame),
        **context,
    )


def event_json(event: Event) -> str:
    """Return any event as a JSON object on one line, in ASCII; times are Unix seconds."""
    if isinstance(event, Capture):
        return frame_json(event)
    if isinstance(event, Lost):
        return json_line("lost", frames=event.count)
    fields = {"time": event.time}
    if isinstance(event, Opened):
        return json_line("opened", **fields, **_opening_fields(event))
    if isinstance(event, Ended):
        return json_line("ended", **fields, connection=event.connection, how=event.how)
    return json_line(
        "sample", **fields, server=event.server, **asdict(event.stats), queues=event.queues
    )


def _opening_fields(opened: Opened) -> dict[str, object]:
    body = {"body": base64.b64encode(opened.body).decode()} if opened.body else {}
    return {
        "connection": opened.connection,
        "side": opened.side.value,
        "url": opened.url,
        "peer": opened.peer,
        "request": opened.request,
        "status": opened.status,
        "response": opened.response,
        **body,
    }


def json_line(event: str, **fields: object) -> str:
    """Return a JSON object in ASCII on one line; ``event`` says what the other fields are about."""
    return json.dumps({"event": event, **fields})


def payload_fields(data: str | bytes) -> dict[str, object]:
    """Return what holds ``data`` in a JSON object: ``text`` for str, ``base64`` for bytes."""
    if isinstance(data, str):
        return {"text": data}
    return {"base64": base64.b64encode(data).decode()}


def printable(text: str, keep: str = "") -> str:
    r"""Return ``text`` with what a terminal must not get written as escapes, such as ``\x1b``.

    That is control and format characters (bidirectional ones too) and separators but the blank;
    not what is in ``keep``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, by way of "surrogateescape"
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _flags(frame: FrameRecord) -> str:
    fin = "FIN" if frame.fin else "   "
    mask = "MASK" if frame.masked else "    "
    return f"{fin} {_RSV[frame.rsv]} {mask}"


def _size(octets: int) -> str:
    return str(octets) if octets < 1_000_000 else f"{octets / 1_000_000:.1f}M"


def _shade(frame: FrameRecord) -> str:
    if frame.opcode not in _OPCODES:
        return _RESERVED
    if frame.opcode == Opcode.CLOSE:
        return _CLOSE
    if frame.opcode > Opcode.BINARY:
        return _CONTROL
    return _IN if frame.direction is Direction.IN else _OUT


def _frame_payload(frame: FrameRecord) -> dict[str, object]:
    payload = frame.payload
    if frame.opcode == Opcode.CLOSE:
        try:
            code, reason = parse_close(payload)
        except ProtocolError:
            return payload_fields(payload)
        return {"code": code, "reason": reason}
    text = None if frame.opcode == Opcode.BINARY else _text(payload, _is_cut(frame))
    return payload_fields(payload if text is None else text)


def _text(payload: bytes, cut: bool) -> str | None:
    """Return ``payload`` as text if it is UTF-8; the end of one that was ``cut`` may be missing."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(payload, final=not cut)
    except UnicodeDecodeError:
        return None


def _is_cut(frame: FrameRecord) -> bool:
    return len(frame.payload) < frame.length


def preview(frame: FrameRecord, room: int) -> str:
    """Return the start of the payload for a person, in at most ``room`` columns (12 or more)."""
    if not frame.length:
        return '""' if frame.opcode == Opcode.TEXT else ""
    if frame.opcode == Opcode.CLOSE:
        return _close_preview(frame, room)
    start = frame.payload[: room * 4]  # no character takes more than 4 bytes
    cut = len(start) < frame.length
    if frame.opcode == Opcode.TEXT:
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        return _quoted(decoder.decode(start, final=not cut), cut, room)
    # What a fragment belongs to is not in the frame, nor what a ping's payload is: so guess.
    text = None if frame.opcode == Opcode.BINARY else _text(start, cut)
    if text is None or not text.isprintable():
        return _hexadecimal(start, cut, room)
    return _quoted(text, cut, room)


def _close_preview(frame: FrameRecord, room: int) -> str:
    try:
        code, reason = parse_close(frame.payload)
    except ProtocolError:
        return _hexadecimal(frame.payload, False, room)
    return f"{code} {_quoted(reason, False, room - 5)}" if reason else str(code)


def _quoted(text: str, cut: bool, room: int) -> str:
    shown, used = ['"'], 2  # columns: the quotes, or one and the ellipsis
    for character in text:
        piece = "\\\\" if character == "\\" else printable(character)
        used += columns(piece)
        if used > room:
            return "".join((*shown, "…"))
        shown.append(piece)
    return "".join((*shown, "…" if cut else '"'))


def _hexadecimal(data: bytes, cut: bool, room: int) -> str:
    most = (room - 1) // 3
    more = cut or len(data) > most
    return data[:most].hex(" ") + (" …" if more else "")


def columns(text: str) -> int:
    """Return the columns that ``text`` takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _fitted(text: str, width: int) -> str:
    return f"{text:<{width}}" if len(text) <= width else f"{text[: width - 1]}…"
