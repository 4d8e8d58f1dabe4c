"""Whether data is what was expected, and how to say that it is not."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Sequence

from ..errors import ProtocolError
from ..protocol.frames import FrameRecord, parse_close
from ..protocol.opcodes import CLOSE, CONTINUATION, TEXT, Message, Opcode
from ..trace import printable

__all__ = [
    "Matcher",
    "Wanted",
    "closing",
    "difference",
    "frame_words",
    "json_difference",
    "json_matches",
    "matches",
    "message_words",
    "opcode_words",
    "quoted",
]

Matcher = str | bytes | re.Pattern[str] | re.Pattern[bytes] | Callable[..., object]
"""A regular expression that is searched for, or a predicate."""

Wanted = str | bytes

_LONGEST = 200  # characters of a payload in one line of a message
_KINDS = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def matches(matcher: Matcher, data: str | bytes) -> bool:
    """Whether ``matcher`` finds its pattern in ``data`` or says yes to it.

    A pattern of the other kind (str for binary data) does not match.
    """
    if callable(matcher):
        return bool(matcher(data))
    pattern = re.compile(matcher) if isinstance(matcher, str | bytes) else matcher
    if isinstance(pattern.pattern, str) != isinstance(data, str):
        return False
    return pattern.search(data) is not None  # type: ignore[arg-type]


def json_matches(wanted: object, found: object) -> bool:
    """Whether ``found`` holds all that is in ``wanted``: objects may have more keys, lists not.

    ``...`` in ``wanted`` stands for any value.
    """
    if wanted is ...:
        return True
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and json_matches(value, found[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(map(json_matches, wanted, found))
        )
    # True == 1 in Python; in JSON they have nothing in common.
    return isinstance(wanted, bool) == isinstance(found, bool) and wanted == found


def quoted(data: str | bytes) -> str:
    """Return ``data`` as a Python literal that is safe to print, cut to about 200 characters."""
    cut = data[:_LONGEST]
    more = f"… ({len(data)} {'characters' if isinstance(data, str) else 'bytes'})"
    return printable(repr(cut)) + (more if len(cut) < len(data) else "")


def closing(payload: bytes) -> str:
    """Return code and reason of a close frame's payload in words."""
    try:
        code, reason = parse_close(payload)
    except ProtocolError as error:
        return f"{quoted(payload)} ({error})"
    return f"{code} {quoted(reason)}" if reason else str(code)


def message_words(message: Message) -> str:
    """Return ``message`` in words, such as "text 'hello'" or "close 1000 'bye'"."""
    kind, data = _KINDS[message.type], message.data
    if message.type == CLOSE and isinstance(data, bytes):
        return f"close {closing(data)}"
    return f"{kind} {quoted(data)}"


def frame_words(frame: FrameRecord) -> str:
    """Return ``frame`` in words: opcode, flags that are not the usual, payload."""
    kind = _KINDS.get(frame.opcode, f"opcode {frame.opcode}")
    flags = "" if frame.fin else " without FIN"
    flags += f" with RSV {frame.rsv:03b}" if frame.rsv else ""
    payload: str | bytes = frame.payload
    if frame.opcode in (TEXT, CONTINUATION):
        try:
            payload = frame.payload.decode()
        except UnicodeDecodeError:
            payload = frame.payload
    if frame.opcode == CLOSE:
        return f"close{flags} {closing(frame.payload)}"
    return f"{kind}{flags} {quoted(payload)}"


def opcode_words(opcode: int) -> str:
    """Return the name of ``opcode``."""
    return Opcode(opcode).name.lower() if opcode in _KINDS else f"opcode {opcode}"


def difference(wanted: str | bytes, found: str | bytes) -> str:
    """Return a diff of two texts, line by line, or of two binaries by position; "" if of no use."""
    if isinstance(wanted, str) and isinstance(found, str):
        return _diff(wanted.splitlines() or [""], found.splitlines() or [""])
    if isinstance(wanted, bytes) and isinstance(found, bytes):
        return _byte_difference(wanted, found)
    return ""


def json_difference(wanted: object, found: object) -> str:
    """Return a diff of two JSON values, of ``found`` only what ``wanted`` asks about."""
    return _diff(_pretty(wanted), _pretty(_asked(wanted, found)))


def _diff(wanted: Sequence[str], found: Sequence[str]) -> str:
    lines = difflib.ndiff(wanted, found)
    return "\n".join(f"  {printable(line.rstrip())}" for line in lines)


def _byte_difference(wanted: bytes, found: bytes) -> str:
    pairs = zip(wanted, found, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(wanted), len(found)))
    start = max(0, at - 8)
    lines = [
        f"  {sign} {data[start : at + 8].hex(' ')}" for sign, data in (("-", wanted), ("+", found))
    ]
    sizes = (
        ""
        if len(wanted) == len(found)
        else f", of {len(wanted)} bytes expected and {len(found)} seen"
    )
    return "\n".join((f"  they differ at byte {at}{sizes}", *lines))


def _pretty(value: object) -> list[str]:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str).splitlines()


def _asked(wanted: object, found: object) -> object:
    """Return the part of ``found`` that ``wanted`` speaks of, so that a diff shows no more."""
    if wanted is ...:
        return ...
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {key: _asked(wanted[key], found[key]) for key in wanted if key in found}
    if isinstance(wanted, list | tuple) and isinstance(found, list) and len(wanted) == len(found):
        return [_asked(one, other) for one, other in zip(wanted, found, strict=True)]
    return found
