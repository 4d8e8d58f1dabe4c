"""One frame explained: its header bit by bit, its meaning in a sentence, its payload in lines.

The law of this file: what a peer sent reaches a line only through ``printable`` or as hex, and no
line costs more than it is long, however large the payload is.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, zip_longest
from typing import NamedTuple

from ..errors import ProtocolError
from ..protocol.frames import FrameRecord, parse_close
from ..protocol.opcodes import CLOSE, CONTINUATION, PING, PONG
from ..trace import printable
from .entries import Entry

__all__ = [
    "DEEPEST",
    "close_words",
    "counted",
    "header_lines",
    "hex_lines",
    "opcode_words",
    "sentence",
    "value_lines",
]

DEEPEST = 100
"""How many levels of a value are read and listed; what is deeper stays folded."""

_RULER = (
    "  0                   1                   2                   3",
    "  " + " ".join(str(bit % 10) for bit in range(32)),
)
_ROW = 32  # bits in a line of the drawing, as in §5.2
_HEX_ROW = 16  # bytes in a line of a dump
_NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_LEAST_ROOM = 64  # columns for a line of a value, however deep it is
_CONTAINERS = (dict, list, tuple)
_ASCII = bytes(byte if 0x20 <= byte < 0x7F else ord(".") for byte in range(256))

_CODES = {
    1000: ("Normal Closure", "The connection has done what it was made for"),
    1001: ("Going Away", "The sender leaves: a server stops, or a browser shows another page"),
    1002: ("Protocol Error", "The sender was sent what the rules of the protocol forbid"),
    1003: ("Unsupported Data", "The sender takes no data of the kind that came, such as binary"),
    1004: ("Reserved", "Has no meaning yet, so no close frame may carry it"),
    1005: ("No Status Received", "Reports a close frame without a code; it never is in one"),
    1006: ("Abnormal Closure", "Reports an end without a close frame; it never is in one"),
    1007: (
        "Invalid Frame Payload Data",
        "Data did not fit its message: text not in UTF-8, above all",
    ),
    1008: ("Policy Violation", "A message was against the policy of the sender, who says no more"),
    1009: ("Message Too Big", "A message came that was larger than the sender takes"),
    1010: ("Mandatory Extension", "The client needs an extension that the server did not agree to"),
    1011: ("Internal Error", "The server met a condition that it was not prepared for"),
    1012: ("Service Restart", "The service starts anew, and clients may come back in a while"),
    1013: ("Try Again Later", "The service has too much to do; try another address, or later"),
    1014: ("Bad Gateway", "A gateway got an unusable answer from the server behind it"),
    1015: ("TLS Handshake", "Reports that the TLS handshake failed; no close frame carries it"),
    3000: ("Unauthorized", "Whoever asks must log in first, as with status 401 of HTTP"),
    3003: ("Forbidden", "Whoever asks is known and may not, as with status 403 of HTTP"),
    3008: ("Timeout", "The other end took too long, as with status 408 of HTTP"),
}
# By the last code of the range, which starts behind the range before.
_RANGES = {
    999: ("Invalid", "No code is below 1000"),
    2999: ("Unassigned", "Kept for later versions of the protocol and for extensions"),
    3999: ("Registered", "Belongs to the library or framework that registers it with IANA"),
    4999: ("Private Use", "Means what both ends agree it means"),
}
_BEYOND = ("Invalid", "No code is above 4999")


class _Cell(NamedTuple):
    """A field of the header, or the part of it that stands in one row."""

    labels: Sequence[str]
    bits: str

    def text(self, line: str) -> str:
        return line.center(2 * len(self.bits) - 1)


def header_lines(frame: FrameRecord) -> list[str]:
    """Return the header of ``frame`` as RFC 6455 §5.2 draws it, with its bits: ASCII, 66 columns.

    The length has its shortest form for ``wire_length``; the bits of a masking key are "?", as
    nobody kept it.
    """
    rows = _rows(_cells(frame))
    lines = list(_RULER)
    for above, row in zip(([], *rows[:-1]), rows, strict=True):
        lines.append(_border(above, row))
        for labels in zip_longest(*(cell.labels for cell in row), fillvalue=""):
            lines.append(_line(map(_Cell.text, row, labels)))
        lines.append(_line(" ".join(cell.bits) for cell in row))
    return [*lines, _border(rows[-1])]


def close_words(code: int) -> tuple[str, str]:
    """Return the name of a close code and one sentence on its meaning, with the RFC's section.

    Codes that are not in the IANA registry have the name and the meaning of their range.
    """
    words = _CODES.get(code)
    if words is None:
        words = next((words for last, words in _RANGES.items() if code <= last), _BEYOND)
    if 1012 <= code <= 1014 or code in (3000, 3003, 3008):
        source = "IANA, RFC 6455 §11.7"  # registered after the RFC
    else:
        source = "RFC 6455 §7.4.1" if code in _CODES else "RFC 6455 §7.4.2"
    return words[0], f"{words[1]} ({source})."


def opcode_words(opcode: int) -> str:
    """Return the name of ``opcode``; "reserved 0x3" for one without a meaning (§5.2)."""
    return _NAMES.get(opcode, f"reserved 0x{opcode:X}")


def sentence(entry: Entry, kind: int | None = None) -> str:
    """Return one line that says what ``entry`` is, and the rule it breaks, if any.

    ``kind`` is the opcode of the message, for a caller who knows it: a continuation does not say.
    """
    opcode = entry.frame.opcode
    if entry.is_data:
        words = _data_words(entry, kind)
    elif opcode == CLOSE:
        words = _close_sentence(entry)
    elif opcode == PONG:
        words = f"{_pong_words(entry)}, {_size_words(entry)}"
    elif opcode == PING:
        words = f"ping, {_size_words(entry)}"
    else:
        words = f"frame with the reserved opcode 0x{opcode:X}, {_size_words(entry)}"
    return f"{words}; breaks the protocol: {printable(entry.wrong)}" if entry.wrong else words


def counted(number: int, unit: str) -> str:
    """Return "1 key" or "2,000 keys"."""
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def hex_lines(data: bytes, start: int = 0) -> Iterator[str]:
    """Yield lines of ``data`` from byte ``start``: offset, 16 bytes in hex, the same in ASCII.

    They are made one by one: ``islice(hex_lines(data, 16 * top), 40)`` is cheap for any ``data``.
    """
    for offset in range(max(start, 0), len(data), _HEX_ROW):
        row = data[offset : offset + _HEX_ROW]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        shown = row.translate(_ASCII).decode("ascii")
        yield f"{offset:08x}  {left:<23}  {right:<23}  |{shown}|"


def value_lines(value: object, *, depth: int | None = None, width: int = 100) -> Iterator[str]:
    """Yield an indented listing of ``value``, folded below ``depth`` levels: "[… 12 items]".

    What is too long for its line is cut and tells its length; no line has more than ``width``
    columns where the indentation leaves it 64. Lines are made one by one.
    """
    deepest = DEEPEST if depth is None else min(depth, DEEPEST)
    open_: list[Iterator[tuple[str, object]]] = [iter([("", value)])]
    ends: list[str] = []
    while open_:
        indent = "  " * len(ends)
        room = max(width - len(indent), _LEAST_ROOM)
        for label, each in open_[-1]:
            if isinstance(each, _CONTAINERS) and each and len(ends) < deepest:
                yield f"{indent}{label}{'{' if isinstance(each, dict) else '['}"
                open_.append(_children(each, room - 2))
                ends.append("}" if isinstance(each, dict) else "]")
                break
            yield f"{indent}{label}{_leaf(each, room - _columns(label))}"
        else:
            open_.pop()
            if ends:
                yield f"{indent[2:]}{ends.pop()}"


def _cells(frame: FrameRecord) -> list[_Cell]:
    """Return the fields of the header in order, and one for the payload that follows."""
    name = _NAMES.get(frame.opcode, f"0x{frame.opcode:X} ?")
    cells = [
        *map(_flag, ("FIN", "RSV1", "RSV2", "RSV3"), f"{frame.fin:b}{frame.rsv:03b}"),
        _Cell(
            ("opcode", "", "cont" if frame.opcode == CONTINUATION else name), f"{frame.opcode:04b}"
        ),
        _flag("MASK", f"{frame.masked:b}"),
        *_length_cells(frame.wire_length),
    ]
    if frame.masked:
        cells.append(_Cell(("masking key", "4 bytes, not kept"), "?" * 32))
    used = sum(len(cell.bits) for cell in cells) % _ROW
    payload = ["payload data", counted(frame.wire_length, "byte")]
    if not frame.masked:
        payload.append("no masking key")
    return [*cells, _Cell(payload, " " * (_ROW - used))]


def _flag(name: str, bit: str) -> _Cell:
    return _Cell(name, bit)  # a string is a sequence of labels: one letter below the other


def _length_cells(length: int) -> Iterator[_Cell]:
    if length <= 125:
        yield _Cell(("payload len", "", counted(length, "byte")), f"{length:07b}")
        return
    mark, size = (126, 16) if length <= 0xFFFF else (127, 64)
    yield _Cell(("payload len", "", f"{mark}: in the", f"next {size} bits"), f"{mark:07b}")
    yield _Cell(("extended payload length", "", counted(length, "byte")), f"{length:0{size}b}")


def _rows(cells: Iterable[_Cell]) -> list[list[_Cell]]:
    """Return ``cells`` in rows of 32 bits; one that goes beyond its row continues in the next."""
    rows: list[list[_Cell]] = []
    room = 0
    for labels, bits in cells:
        continued = (f"{labels[0].removeprefix('extended ')}, continued",)
        while bits:
            if not room:
                rows.append([])
                room = _ROW
            rows[-1].append(_Cell(labels, bits[:room]))
            room, bits = max(room - len(bits), 0), bits[room:]
            labels = continued
    return rows


def _border(*rows: Sequence[_Cell]) -> str:
    """Return the line between two rows, with a cross wherever a field of either begins or ends."""
    edges = {0} | {edge for row in rows for edge in accumulate(len(cell.bits) for cell in row)}
    return " " + "-".join("+" if bit in edges else "-" for bit in range(_ROW + 1))


def _line(texts: Iterable[str]) -> str:
    return f" |{'|'.join(texts)}|"


def _size_words(entry: Entry) -> str:
    frame = entry.frame
    words = counted(frame.length, "byte")
    # Of a compressed message only the first frame has RSV1 (RFC 7692 §6), so look at sizes too.
    if frame.rsv & 4 or frame.wire_length != frame.length:
        words += f", compressed to {frame.wire_length:,}"
    return f"{words}, of which {len(frame.payload):,} were kept" if entry.is_cut else words


def _data_words(entry: Entry, kind: int | None) -> str:
    frame = entry.frame
    opcode = frame.opcode or kind or CONTINUATION
    message = "message" if opcode == CONTINUATION else f"{opcode_words(opcode)} message"
    if entry.message:
        message += f" {entry.message:,}"
    if frame.fin and frame.opcode != CONTINUATION:
        return f"{message}, {_size_words(entry)}"
    last = ", the last one," if frame.fin else ""
    number = f" {entry.fragment:,}" if entry.fragment else ""
    return f"fragment{number}{last} of {message}, {_size_words(entry)}"


def _pong_words(entry: Entry) -> str:
    if entry.rtt is None:
        return "pong that answers no ping seen"
    milliseconds = entry.rtt * 1000
    ago = f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{entry.rtt:.2f} s"
    return f"pong for a ping {ago} ago"


def _close_sentence(entry: Entry) -> str:
    payload = entry.frame.payload
    if entry.is_cut:
        # A reason that ends within a character is no error of the peer: say no more than the code.
        payload = payload[:2]
        if len(payload) < 2:
            return f"close, {_size_words(entry)}"
    try:
        code, reason = parse_close(payload)
    except ProtocolError as error:
        return f"close with a payload that is wrong: {printable(str(error))}"
    if not payload:
        return "close without a code"
    quoted = f" {printable(repr(reason))}" if reason else ""
    return f"close {code} ({close_words(code)[0]}){quoted}"


def _children(value: object, room: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        return ((f"{_leaf(key, room // 2)}: ", each) for key, each in value.items())
    return (("", each) for each in value) if isinstance(value, list | tuple) else iter(())


def _leaf(value: object, room: int) -> str:
    """Return a value in one line: containers folded, all else cut to ``room`` columns."""
    if isinstance(value, str):
        return _quoted(value, room)
    if isinstance(value, bytes | bytearray):
        return _hexadecimal(value, room)
    if isinstance(value, dict):
        return f"{{… {counted(len(value), 'key')}}}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[… {counted(len(value), 'item')}]" if value else "[]"
    if isinstance(value, int) and value.bit_length() > 64:
        return _fitted(hex(value)[: room + 1], room, "", counted(value.bit_length(), "bit"))
    if value is None or isinstance(value, int | float):
        return json.dumps(value)
    text = _represented(value)
    return _fitted(printable(text[: room + 1]), room, "", counted(len(text), "character"))


def _quoted(text: str, room: int) -> str:
    pieces = ["\\" + c if c in '"\\' else printable(c) for c in text[: room + 1]]
    return _fitted(pieces, room, '"', counted(len(text), "character"))


def _hexadecimal(data: bytes | bytearray, room: int) -> str:
    size = f"({counted(len(data), 'byte')})"
    most = (room - len(size) - 3) // 3
    shown = bytes(data[:most]).hex(" ")
    return f"{shown}{' …' if len(data) > most else ''} {size}".lstrip()


def _represented(value: object) -> str:
    """Return ``repr(value)``; what a decoder of others gives may not even have that."""
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _fitted(pieces: Sequence[str], room: int, quote: str, size: str) -> str:
    """Return ``pieces`` in quotes, as many as fit; where some do not, with the ``size`` of all."""
    if sum(map(_columns, pieces)) + 2 * len(quote) <= room:
        return f"{quote}{''.join(pieces)}{quote}"
    tail = f"…{quote} ({size})"
    ends = accumulate(map(_columns, pieces), initial=len(quote) + len(tail))
    most = sum(end <= room for end in ends) - 1
    return f"{quote}{''.join(pieces[: max(most, 0)])}{tail}"


def _columns(text: str) -> int:
    """Return the columns that ``text`` takes in a terminal, or more: marks count as one here."""
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text)
