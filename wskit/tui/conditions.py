"""What can be asked of an entry: conditions as closures, made once and called for every frame.

The law of this file: a condition never raises, whatever a peer sent or a file holds; and what
compares is false of what the frame has not, such as the round trip of a frame that is no pong.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple, TypeGuard

from ..protocol.frames import Direction, FrameRecord
from ..protocol.opcodes import BINARY, CLOSE, TEXT, CloseCode
from .entries import Entry

__all__ = [
    "COMPARISONS",
    "DIRECTIONS",
    "FLAGS",
    "NUMBERS",
    "OPCODES",
    "UNITS",
    "Condition",
    "JsonPayloads",
    "JsonTest",
    "Step",
    "all_of",
    "any_of",
    "bytes_contain",
    "compared",
    "connection_contains",
    "connection_is",
    "connection_numbered",
    "direction_in",
    "inverted",
    "json_found",
    "json_test",
    "opcode_in",
    "text_contains",
    "text_matches",
]

Condition = Callable[[Entry], bool]

JsonTest = Callable[[object], bool]
"""What is asked of a value inside of JSON."""

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

DIRECTIONS: Mapping[str, Set[Direction]] = {"in": {Direction.IN}, "out": {Direction.OUT}}

OPCODES: Mapping[str, Set[int]] = {
    "cont": {0},
    "continuation": {0},
    "text": {1},
    "binary": {2},
    "close": {8},
    "ping": {9},
    "pong": {10},
    "data": {0, 1, 2},
    "control": {*range(8, 16)},  # the highest bit says so, of reserved ones too (§5.5)
    "reserved": {3, 4, 5, 6, 7, 11, 12, 13, 14, 15},
    **{str(number): {number} for number in range(16)},
    **{hex(number): {number} for number in range(16)},
}


def _is_fragmented(entry: Entry) -> bool:
    return entry.is_data and (entry.fragment > 1 or not entry.capture.frame.fin)


def _is_compressed(entry: Entry) -> bool:
    # RSV1 is on the first frame of a message only (RFC 7692 §6); the others have two sizes.
    frame = entry.capture.frame
    return entry.is_data and (frame.rsv & 4 != 0 or frame.length != frame.wire_length)


FLAGS: Mapping[str, Condition] = {
    "compressed": _is_compressed,
    "fin": lambda entry: entry.capture.frame.fin,
    "fragmented": _is_fragmented,
    "masked": lambda entry: entry.capture.frame.masked,
    "rsv1": lambda entry: entry.capture.frame.rsv & 4 != 0,
    "rsv2": lambda entry: entry.capture.frame.rsv & 2 != 0,
    "rsv3": lambda entry: entry.capture.frame.rsv & 1 != 0,
    "wrong": lambda entry: entry.wrong != "",
}


def _close_code(entry: Entry) -> int | None:
    """Return what is on the wire, also where no peer may send it."""
    frame = entry.capture.frame
    if frame.opcode != CLOSE:
        return None
    if not frame.length:
        return CloseCode.NO_STATUS
    return int.from_bytes(frame.payload[:2], "big") if len(frame.payload) > 1 else None


def _ratio(entry: Entry) -> float | None:
    try:
        return entry.ratio
    except OverflowError:  # a file may give a length of a thousand digits
        return None


# A control frame is no fragment of a message: it has 0, which is no number of one.
NUMBERS: Mapping[str, Callable[[Entry], float | None]] = {
    "close": _close_code,
    "delta": lambda entry: entry.delta,
    "fragment": lambda entry: entry.fragment or None,
    "message": lambda entry: entry.message or None,
    "number": lambda entry: entry.number,
    "ratio": _ratio,
    "rtt": lambda entry: entry.rtt,
    "size": lambda entry: entry.capture.frame.length,
    "wire": lambda entry: entry.capture.frame.wire_length,
}

_BYTES = {
    "": 1,
    "b": 1,
    **dict.fromkeys(("k", "kb", "kib"), 1 << 10),
    **dict.fromkeys(("m", "mb", "mib"), 1 << 20),
    **dict.fromkeys(("g", "gb", "gib"), 1 << 30),
}
_SECONDS = {"": 1, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}

UNITS: Mapping[str, Mapping[str, float]] = {
    "delta": _SECONDS,
    "rtt": _SECONDS,
    "size": _BYTES,
    "wire": _BYTES,
}


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that all of ``conditions`` hold; there must be one."""
    # By halves, so that a thousand terms are ten calls deep; all() would take three times as long.
    half = len(conditions) // 2
    if not half:
        return conditions[0]
    first, second = all_of(conditions[:half]), all_of(conditions[half:])
    return lambda entry: first(entry) and second(entry)


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that one of ``conditions`` holds; there must be one."""
    half = len(conditions) // 2
    if not half:
        return conditions[0]
    first, second = any_of(conditions[:half]), any_of(conditions[half:])
    return lambda entry: first(entry) or second(entry)


def inverted(condition: Condition) -> Condition:
    """Return the opposite."""
    return lambda entry: not condition(entry)


def compared(name: str, sign: str, wanted: float) -> Condition:
    """Return the condition that ``name`` of NUMBERS is less, equal… than ``wanted``.

    ``sign`` is one of COMPARISONS.
    """
    read, compare = NUMBERS[name], COMPARISONS[sign]

    def condition(entry: Entry) -> bool:
        value = read(entry)
        return value is not None and compare(value, wanted)

    return condition


def opcode_in(opcodes: Set[int]) -> Condition:
    """Return the condition that the opcode is one of ``opcodes``."""
    return lambda entry: entry.capture.frame.opcode in opcodes


def direction_in(directions: Set[Direction]) -> Condition:
    """Return the condition that the frame goes one of these ways."""
    ways = tuple(directions)  # Python hashes a member of an enum slowly
    return lambda entry: entry.capture.frame.direction in ways


def connection_numbered(number: float) -> Condition:
    """Return the condition that the connection has this number."""
    return lambda entry: entry.conn == number


def connection_is(name: str) -> Condition:
    """Return the condition that the connection has this name."""
    return lambda entry: entry.capture.connection == name


def connection_contains(part: str) -> Condition:
    """Return the condition that ``part`` is in the connection's name, in any case."""
    folded = part.casefold()
    return lambda entry: folded in entry.capture.connection.casefold()


def text_contains(part: str) -> Condition:
    """Return the condition that ``part`` is in the payload as UTF-8, in any case."""
    folded = part.casefold()
    return lambda entry: folded in entry.capture.frame.payload.decode("utf-8", "replace").casefold()


def text_matches(pattern: re.Pattern[str]) -> Condition:
    """Return the condition that ``pattern`` is found in the payload.

    A binary frame is searched with one character a byte, what else there is as UTF-8.
    """
    search = pattern.search

    def condition(entry: Entry) -> bool:
        frame = entry.capture.frame
        encoding = "latin-1" if frame.opcode == BINARY else "utf-8"
        return search(frame.payload.decode(encoding, "replace")) is not None

    return condition


def bytes_contain(part: bytes) -> Condition:
    """Return the condition that ``part`` is in the payload."""
    return lambda entry: part in entry.capture.frame.payload


class Step(NamedTuple):
    """One step down into JSON: to ``name`` in an object, to ``place`` in a list.

    Both None: to every item of either.
    """

    name: str | None
    place: int | None = None


class JsonPayloads:
    """Frames as JSON; the last one is kept, so that conditions which share this parse it once.

    May be used from any thread.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._last: tuple[FrameRecord | None, Sequence[object]] = (None, ())

    def values(self, frame: FrameRecord) -> Sequence[object]:
        """Return the value that ``frame`` holds, alone; nothing where it is no JSON.

        JSON is a text message in one frame of which all was kept.
        """
        last = self._last  # one tuple: another thread cannot come between its halves
        if last[0] is not frame:
            last = self._last = (frame, _json(frame))
        return last[1]


def json_found(payloads: JsonPayloads, path: Sequence[Step], test: JsonTest) -> Condition:
    """Return the condition that one of the values at the end of ``path`` passes ``test``."""

    def condition(entry: Entry) -> bool:
        values: Iterable[object] = payloads.values(entry.capture.frame)
        for step in path:  # not recursive: paths and payloads are as deep as they like
            values = [item for value in values for item in _items(value, step)]
        return any(map(test, values))

    return condition


def json_test(sign: str, text: str, wanted: object) -> JsonTest:
    """Return the test that a value compares with ``wanted``: None, a bool, a number or a string.

    ``sign`` is one of COMPARISONS; ":" finds ``text`` in strings, in any case. Raises ValueError
    for the order of what is no number.
    """
    match sign:
        case ":":
            return _json_contains(text.casefold(), wanted)
        case "=" | "==":
            return _json_equal(wanted)
        case "!=":
            equal = _json_equal(wanted)
            return lambda value: not equal(value)
    if not _is_number(wanted):
        raise ValueError(f"{sign} needs a number")
    return _json_ordered(sign, wanted)


def _json_contains(folded: str, wanted: object) -> JsonTest:
    equal = _json_equal(wanted)
    return lambda value: folded in value.casefold() if isinstance(value, str) else equal(value)


def _json_equal(wanted: object) -> JsonTest:
    # True == 1 in Python; in JSON they have nothing in common.
    is_bool = isinstance(wanted, bool)
    return lambda value: value == wanted and isinstance(value, bool) is is_bool


def _json_ordered(sign: str, wanted: float) -> JsonTest:
    compare = COMPARISONS[sign]
    return lambda value: _is_number(value) and compare(value, wanted)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json(frame: FrameRecord) -> Sequence[object]:
    if frame.opcode != TEXT or not frame.fin or len(frame.payload) < frame.length:
        return ()
    try:
        return (json.loads(frame.payload.decode()),)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, a number too long; lists too deep
        return ()


def _items(value: object, step: Step) -> Iterable[object]:
    name, place = step
    if isinstance(value, dict):
        if name is None:
            return value.values()
        return (value[name],) if name in value else ()
    if isinstance(value, list):
        if name is None:
            return value
        return value[place : place + 1] if place is not None else ()
    return ()
