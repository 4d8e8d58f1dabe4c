"""Events read back from JSON lines, as ``--json`` writes them.

The law of this file: a file may be damaged, huge, or written by somebody hostile: what is wrong is
said in one line with its number, and no more than one line is in memory.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, TypeVar

from ..buffers import PoolStats
from ..events import Ended, Event, Lost, Opened, Sample
from ..protocol.frames import Direction, FrameRecord
from ..protocol.opcodes import Side
from ..stats import ServerStats
from ..taps import Capture
from ..trace import printable

__all__ = ["LONGEST", "Wrong", "event", "events"]

LONGEST = 128 << 20
"""Bytes of one line: 64 MiB of payload in base64, and the rest."""

_LATEST = 1e11  # seconds: the year 5138; what prints a time takes no more
_MOST = 1 << 63  # of whatever is counted

_POOL = [field.name for field in dataclasses.fields(PoolStats)]
_POOLS = ("small_buffers", "large_buffers")
_COUNTS = [
    field.name
    for field in dataclasses.fields(ServerStats)
    if field.name not in ("handshake_failures", *_POOLS)
]

Fields = Mapping[str, object]
T = TypeVar("T")

_KINDS = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    float: "a number",
    list: "an array",
    dict: "an object",
}


class Wrong(ValueError):
    """A line that is no event; the text says which, and why."""


def events(lines: BinaryIO) -> Iterator[Event]:
    """Yield the events among the JSON objects in ``lines``; objects of other kinds pass unseen.

    Raises Wrong for what is not JSON lines or no event.
    """
    number = 0
    while line := lines.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise Wrong(f"line {number}: has more than {LONGEST} bytes")
        if line.isspace():
            continue
        try:
            found = event(line)
        except ValueError as error:
            raise Wrong(f"line {number}: {printable(str(error))}") from None
        if found is not None:
            yield found


def event(line: str | bytes) -> Event | None:
    """Return the event in one line, None for an object of another kind; raises ValueError."""
    fields = _object(line)
    kind = fields.get("event")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    return reader(fields) if reader is not None else None


def _object(line: str | bytes) -> Fields:
    try:
        # json.loads itself would guess at UTF-16, too.
        value = json.loads(line if isinstance(line, str) else str(line, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


# -- each kind of event ------------------------------------------------------------------------


def _capture(fields: Fields) -> Capture:
    payload = _payload(fields)
    length = _number(fields, "length", _MOST)
    if len(payload) > length:
        raise ValueError("length: is less than the payload has")
    frame = FrameRecord(
        _direction(fields),
        _number(fields, "opcode", 15),
        _field(fields, "fin", bool),
        _number(fields, "rsv", 7),
        _field(fields, "masked", bool),
        _number(fields, "wire_length", _MOST),
        length,
        payload,
    )
    return Capture(_time(fields), _field(fields, "connection", str), frame)


def _opened(fields: Fields) -> Opened:
    return Opened(
        _time(fields),
        _field(fields, "connection", str),
        _side(fields),
        _field(fields, "url", str),
        _field(fields, "peer", str),
        _headers(fields, "request"),
        _number(fields, "status", 999),
        _headers(fields, "response"),
        _base64(fields, "body") if "body" in fields else b"",
    )


def _ended(fields: Fields) -> Ended:
    return Ended(_time(fields), _field(fields, "connection", str), _field(fields, "how", str))


def _lost(fields: Fields) -> Lost:
    return Lost(_number(fields, "frames", _MOST))


def _sample(fields: Fields) -> Sample:
    failures = _field(fields, "handshake_failures", dict)
    counts = {_status(text): _number(failures, text, _MOST) for text in failures}
    values: dict[str, Any] = dict(_numbers(fields, _COUNTS), handshake_failures=counts)
    for name in _POOLS:
        values[name] = PoolStats(**_numbers(_field(fields, name, dict), _POOL))
    stats = ServerStats(**values)
    queues = _field(fields, "queues", dict)
    sizes = {name: _number(queues, name, _MOST) for name in queues}
    return Sample(_time(fields), _field(fields, "server", str), stats, sizes)


_READERS: dict[str, Callable[[Fields], Event]] = {
    "frame": _capture,
    "opened": _opened,
    "ended": _ended,
    "lost": _lost,
    "sample": _sample,
}


# -- fields ------------------------------------------------------------------------------------


def _payload(fields: Fields) -> bytes:
    if "base64" in fields:
        return _base64(fields, "base64")
    if "text" in fields:
        return _octets(fields, "text")
    code, reason = _number(fields, "code", 65535), _octets(fields, "reason")
    # 1005 stands for a close frame without a code (RFC 6455 §7.1.5).
    return b"" if code == 1005 else code.to_bytes(2, "big") + reason


def _base64(fields: Fields, name: str) -> bytes:
    try:
        return base64.b64decode(_field(fields, name, str), validate=True)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _octets(fields: Fields, name: str) -> bytes:
    try:
        return _field(fields, name, str).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: holds half of a surrogate pair") from None


def _headers(fields: Fields, name: str) -> tuple[tuple[str, str], ...]:
    pairs = _field(fields, name, list)
    for pair in pairs:
        if not (
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(part, str) for part in pair)
        ):
            raise ValueError(f"{name}: must hold pairs of strings")
    return tuple((pair[0], pair[1]) for pair in pairs)


def _numbers(fields: Fields, names: Iterable[str]) -> dict[str, int]:
    return {name: _number(fields, name, _MOST) for name in names}


def _status(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise ValueError(f"handshake_failures: {text!r} is no status")
    return int(text)


def _direction(fields: Fields) -> Direction:
    value = _field(fields, "direction", str)
    try:
        return Direction(value)
    except ValueError:
        raise ValueError('direction: must be "in" or "out"') from None


def _side(fields: Fields) -> Side:
    value = _field(fields, "side", str)
    try:
        return Side(value)
    except ValueError:
        raise ValueError('side: must be "client" or "server"') from None


def _time(fields: Fields) -> float:
    value = fields.get("time")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("time: must be a number of seconds")
    if not 0 <= value < _LATEST:  # NaN is neither
        raise ValueError("time: must be seconds since 1970")
    return float(value)


def _number(fields: Fields, name: str, most: int) -> int:
    value = _field(fields, name, int)
    if not 0 <= value <= most:
        raise ValueError(f"{name}: must be 0..{most}, not {value}")
    return value


def _field(fields: Fields, name: str, kind: type[T]) -> T:
    value = fields.get(name)
    # A bool is an int in Python, and is none in JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name}: must be {_KINDS[kind]}")
    return value
