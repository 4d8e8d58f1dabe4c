"""Whether data is what was expected, and how to say that it is not."""

from __future__ import annotations

import bisect
import difflib
import json
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..errors import ProtocolError
from ..protocol.frames import FrameRecord, parse_close
from ..protocol.opcodes import CLOSE, CONTINUATION, TEXT, Message, Opcode
from ..trace import printable

__all__ = [
    "Matcher",
    "Wanted",
    "check_matcher",
    "closing",
    "difference",
    "frame_words",
    "json_difference",
    "json_matches",
    "json_text",
    "matcher_words",
    "matches",
    "message_words",
    "opcode_words",
    "quoted",
]

Matcher = str | bytes | re.Pattern[str] | re.Pattern[bytes] | Callable[..., object]
"""A regular expression that is searched for, or a predicate."""

Wanted = str | bytes

Data = TypeVar("Data", str, bytes)

_LONGEST = 200  # characters (or bytes) of a payload in one line of a message
_DIFFED = 4000  # characters of two texts together; difflib takes cubic time
_LINES = 60  # of a diff
_KINDS = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def check_matcher(matcher: Matcher | None) -> None:
    """Raise ValueError or TypeError for what is neither a regular expression nor a predicate."""
    if matcher is None or callable(matcher) or isinstance(matcher, re.Pattern):
        return
    if not isinstance(matcher, str | bytes):
        raise TypeError(
            f"matches: must be a regular expression or a predicate, not {type(matcher).__name__}"
        )
    try:
        re.compile(matcher)
    except re.error as error:
        raise ValueError(f"matches: {error} in {matcher!r}") from None


def matcher_words(matcher: Matcher) -> str:
    """Return ``matcher`` in words: the pattern as a literal, or the predicate's name."""
    if isinstance(matcher, re.Pattern):
        return repr(matcher.pattern)
    return getattr(matcher, "__name__", repr(matcher)) if callable(matcher) else repr(matcher)


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
    """Return ``data`` as a Python literal that is safe to print, cut to 200 characters or bytes."""
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
    """Return a diff of two texts, or where long ones and binaries differ first; "" if no use."""
    if isinstance(wanted, str) and isinstance(found, str):
        if len(wanted) + len(found) > _DIFFED:
            return _first_difference(wanted, found, "character", 30, quoted)
        # Not splitlines(), which makes "\r\n" and "\n" the same.
        return _diff(wanted.split("\n"), found.split("\n"))
    if isinstance(wanted, bytes) and isinstance(found, bytes):
        return _first_difference(wanted, found, "byte", 8, lambda data: data.hex(" "))
    return ""


def json_difference(wanted: object, found: object) -> str:
    """Return a diff of two JSON values, of ``found`` only what ``wanted`` asks about."""
    return _diff(_pretty(wanted), _pretty(_asked(wanted, found)))


def _diff(wanted: Sequence[str], found: Sequence[str]) -> str:
    if sum(map(len, wanted)) + sum(map(len, found)) > _DIFFED:
        lines = list(difflib.unified_diff(wanted, found, lineterm=""))[2:]
    else:
        lines = [line.rstrip("\n") for line in difflib.ndiff(wanted, found)]
    shown = [f"  {_fitted(printable(line))}" for line in lines[:_LINES]]
    if len(lines) > _LINES:
        shown.append(f"  … {len(lines) - _LINES} more lines")
    return "\n".join(shown)


def _fitted(line: str) -> str:
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def _first_difference(
    wanted: Data, found: Data, unit: str, margin: int, show: Callable[[Data], str]
) -> str:
    """Say where two payloads differ first, with ``margin`` units around that place."""
    shorter = min(len(wanted), len(found))
    # The prefixes are equal up to there and nowhere behind it.
    at = bisect.bisect_left(range(shorter), True, key=lambda i: wanted[: i + 1] != found[: i + 1])
    sizes = ""
    if len(wanted) != len(found):
        sizes = f", of {len(wanted)} {unit}s expected and {len(found)} seen"
    around = slice(max(0, at - margin), at + margin)
    minus, plus = (f"  {sign} {show(data[around])}" for sign, data in (("-", wanted), ("+", found)))
    return f"  they differ at {unit} {at}{sizes}\n{minus.rstrip()}\n{plus.rstrip()}"


def json_text(value: object, indent: int | None = None) -> str:
    """Return ``value`` as JSON for a person; what JSON has not stands there as in Python."""
    return json.dumps(value, indent=indent, ensure_ascii=False, default=_as_text)


def _as_text(value: object) -> str:
    return "..." if value is ... else str(value)


def _pretty(value: object) -> list[str]:
    return json_text(value, indent=2).split("\n")


def _asked(wanted: object, found: object) -> object:
    """Return the part of ``found`` that ``wanted`` speaks of, so that a diff shows no more."""
    if wanted is ...:
        return ...
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {key: _asked(wanted[key], found[key]) for key in wanted if key in found}
    if isinstance(wanted, list | tuple) and isinstance(found, list) and len(wanted) == len(found):
        return [_asked(one, other) for one, other in zip(wanted, found, strict=True)]
    return found
