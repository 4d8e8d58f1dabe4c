"""Messages and frames that a test compared and found different, in words."""

from __future__ import annotations

from ..protocol.frames import FrameRecord
from ..protocol.opcodes import Message
from .matching import difference, frame_words, message_words

__all__ = ["comparison"]

_FIELDS = ("direction", "opcode", "fin", "rsv", "masked", "wire_length", "length")


def comparison(left: object, right: object) -> list[str] | None:
    """Return the lines that explain why ``left == right`` does not hold; None for other types."""
    if isinstance(left, Message) and isinstance(right, Message):
        words = [f"{message_words(left)} == {message_words(right)}"]
        if left.type != right.type:
            words.append(f"type: {left.type.name} != {right.type.name}")
        return words + _payloads(left.data, right.data)
    if isinstance(left, FrameRecord) and isinstance(right, FrameRecord):
        words = [f"{frame_words(left)} == {frame_words(right)}"]
        pairs = [(name, getattr(left, name), getattr(right, name)) for name in _FIELDS]
        words += [f"{name}: {_plain(a)} != {_plain(b)}" for name, a, b in pairs if a != b]
        return words + _payloads(left.payload, right.payload)
    return None


def _payloads(left: str | bytes, right: str | bytes) -> list[str]:
    """Return the difference as pytest shows it: "+" is what only the left side has."""
    if left == right:
        return []
    if type(left) is not type(right):
        return [f"data: {type(left).__name__} != {type(right).__name__}"]
    return difference(right, left).splitlines()


def _plain(value: object) -> object:
    return getattr(value, "value", value)
