"""What a test may wish for, judged and put in words; and what it is given for an end."""

from __future__ import annotations

import json as json_module
from dataclasses import dataclass

from ..protocol.opcodes import BINARY, TEXT, Message, MessageType, Opcode
from .arrivals import Arrival
from .matching import (
    Matcher,
    Wanted,
    check_matcher,
    difference,
    frame_words,
    json_difference,
    json_matches,
    json_text,
    matcher_words,
    matches,
    message_words,
    opcode_words,
    quoted,
)

__all__ = [
    "KIND",
    "Closed",
    "MessageWish",
    "Rejection",
    "arrival_words",
    "check_data",
    "close_wish",
    "frame_wish",
    "message_type",
]

_OPCODES = frozenset(int(opcode) for opcode in Opcode)

KIND = {TEXT: "text", BINARY: "binary"}
"""Data opcodes in words."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended.

    ``code`` is 1005 for a close frame without one and 1006 where no close frame came.
    ``initiated_by`` is "server" or "client", None if no close frame was sent; ``clean`` whether
    both ends sent theirs.
    """

    code: int
    reason: str
    initiated_by: str | None
    clean: bool


@dataclass(frozen=True, slots=True)
class Rejection:
    """The HTTP response that refused the handshake; names of ``headers`` are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MessageWish:
    """What a data message should be."""

    def __init__(
        self,
        type: MessageType | None,
        data: Wanted | None,
        json: object,
        matcher: Matcher | None,
        *,
        is_json: bool = False,
    ) -> None:
        """``is_json`` wants JSON even where ``json`` is ``...``, which stands for any value.

        Raises TypeError and ValueError for what no message can be.
        """
        check_data(data, type)
        check_matcher(matcher)
        self.type = type
        self.data = data
        self.json = json
        self.matcher = matcher
        self.is_json = is_json or json is not ...
        if self.is_json and self.type is None:
            self.type = MessageType.TEXT

    def __str__(self) -> str:
        """Say it in words."""
        kind = KIND[self.type] if self.type is not None else "a message"
        if self.data is not None:
            return f"{kind} {quoted(self.data)}"
        if self.is_json:
            return "JSON" if self.json is ... else f"JSON with {quoted(json_text(self.json))}"
        if self.matcher is not None:
            return f"{kind} that matches {matcher_words(self.matcher)}"
        return kind

    def problem(self, message: Message) -> str | None:
        """Return None if ``message`` is it, else what makes the difference plain, perhaps ""."""
        type, data = message
        if self.type not in (None, type):
            return "" if self.data is None else difference(self.data, data)
        if self.data is not None and self.data != data:
            return difference(self.data, data)
        if self.is_json and (problem := self._json_problem(data)) is not None:
            return problem
        if self.matcher is not None and not matches(self.matcher, data):
            return ""
        return None

    def _json_problem(self, data: str | bytes) -> str | None:
        try:
            found = json_module.loads(data)
        except (ValueError, RecursionError) as error:
            return f"  it is not JSON: {error}"
        return None if json_matches(self.json, found) else json_difference(self.json, found)


def message_type(type: object) -> MessageType:
    """Return ``type`` as a MessageType; ValueError if it is none."""
    try:
        return MessageType(type)  # type: ignore[arg-type]
    except ValueError:
        raise ValueError(f"type: must be a MessageType, not {type!r}") from None


def check_data(data: object, type: MessageType | None) -> None:
    """Raise TypeError unless ``data`` may be that of a message of ``type``, or is None."""
    if data is None:
        return
    if not isinstance(data, str | bytes):
        raise TypeError(f"data: must be str or bytes, not {data.__class__.__name__}")
    if type == TEXT and isinstance(data, bytes):
        raise TypeError("data: must be str for a text message, not bytes")
    if type == BINARY and isinstance(data, str):
        raise TypeError("data: must be bytes for a binary message, not str")


def frame_wish(opcode: int | None, payload: Wanted | None, flags: dict[str, bool | None]) -> str:
    """Say which frame is wished for."""
    said = [f"{name} {int(value)}" for name, value in flags.items() if value is not None]
    words = "a frame"
    if opcode is not None and opcode in _OPCODES:
        words = f"a {opcode_words(opcode)} frame"
    elif opcode is not None:
        said.insert(0, opcode_words(opcode))
    if said:
        words += " with " + ", ".join(said)
    return words if payload is None else f"{words} {quoted(payload)}"


def close_wish(code: int | None, reason: str | None, by: str | None, clean: bool | None) -> str:
    """Say which end is wished for."""
    if code == 1006:
        return "the end of the connection without a close frame"
    if code is None and reason is None and clean is False:
        words = "the end of the connection"
    else:
        words = "a close" if code is None else f"close {code}"
    words += f" {quoted(reason)}" if reason is not None else ""
    words += f" initiated by the {by}" if by is not None else ""
    return words + ("" if clean is not False else " without a closing handshake")


def arrival_words(arrival: Arrival) -> str:
    """Say what came, whole or not."""
    if arrival.message is not None:
        return message_words(arrival.message)
    if arrival.frames[0].opcode not in KIND:
        return frame_words(arrival.frames[0])  # one that breaks the protocol
    frames = len(arrival.frames)
    return f"{frames} frame{'s' * (frames > 1)} of an unfinished {KIND[arrival.frames[0].opcode]}"
