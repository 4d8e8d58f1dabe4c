"""Frames read back from JSON lines, as ``--json`` writes them.

The law of this file: a file may be damaged, huge, or written by somebody hostile: what is wrong is
said in one line with its number, and no more than one line is in memory.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import BinaryIO, TypeVar

from ..protocol.frames import Direction, FrameRecord
from ..taps import Capture
from ..trace import printable

__all__ = ["LONGEST", "Wrong", "captures"]

LONGEST = 128 << 20
"""Bytes of one line: 64 MiB of payload in base64, and the rest."""

_LATEST = 1e11  # seconds: the year 5138; what prints a time takes no more

T = TypeVar("T")

_KINDS = {str: "a string", int: "an integer", bool: "true or false", float: "a number"}


class Wrong(ValueError):
    """A line that is no frame; the text says which, and why."""


def captures(lines: BinaryIO) -> Iterator[Capture]:
    """Yield the frames among the JSON objects in ``lines``; objects of other kinds pass unseen.

    Raises Wrong for what is not JSON lines or no frame.
    """
    number = 0
    while line := lines.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise Wrong(f"line {number}: has more than {LONGEST} bytes")
        if line.isspace():
            continue
        try:
            found = _capture(_object(line))
        except ValueError as error:
            raise Wrong(f"line {number}: {printable(str(error))}") from None
        if found is not None:
            yield found


def _object(line: bytes) -> dict[str, object]:
    try:
        value = json.loads(str(line, "utf-8"))  # else it would guess at UTF-16, too
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def _capture(fields: dict[str, object]) -> Capture | None:
    if fields.get("event") != "frame":
        return None
    payload = _payload(fields)
    length = _number(fields, "length", 1 << 63)
    if len(payload) > length:
        raise ValueError("length: is less than the payload has")
    frame = FrameRecord(
        _direction(fields),
        _number(fields, "opcode", 15),
        _field(fields, "fin", bool),
        _number(fields, "rsv", 7),
        _field(fields, "masked", bool),
        _number(fields, "wire_length", 1 << 63),
        length,
        payload,
    )
    return Capture(_time(fields), _field(fields, "connection", str), frame)


def _payload(fields: dict[str, object]) -> bytes:
    if "base64" in fields:
        text = _field(fields, "base64", str)
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ValueError(f"base64: {error}") from None
    if "text" in fields:
        return _octets(fields, "text")
    code, reason = _number(fields, "code", 65535), _octets(fields, "reason")
    # 1005 stands for a close frame without a code (RFC 6455 §7.1.5).
    return b"" if code == 1005 else code.to_bytes(2, "big") + reason


def _octets(fields: dict[str, object], name: str) -> bytes:
    try:
        return _field(fields, name, str).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: holds half of a surrogate pair") from None


def _direction(fields: dict[str, object]) -> Direction:
    value = _field(fields, "direction", str)
    try:
        return Direction(value)
    except ValueError:
        raise ValueError('direction: must be "in" or "out"') from None


def _time(fields: dict[str, object]) -> float:
    value = fields.get("time")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("time: must be a number of seconds")
    if not 0 <= value < _LATEST:  # NaN is neither
        raise ValueError("time: must be seconds since 1970")
    return float(value)


def _number(fields: dict[str, object], name: str, most: int) -> int:
    value = _field(fields, name, int)
    if not 0 <= value <= most:
        raise ValueError(f"{name}: must be 0..{most}, not {value}")
    return value


def _field(fields: dict[str, object], name: str, kind: type[T]) -> T:
    value = fields.get(name)
    # A bool is an int in Python, and is none in JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name}: must be {_KINDS[kind]}")
    return value
