"""The repr of values: short, without defaults, and ready to be pasted into a test."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Protocol

__all__ = ["Pasted", "literal"]

_LONGEST_PERIOD = 16
_WORTH_IT = 24  # bytes; shorter literals are clearer written out


class Printer(Protocol):
    """What Hypothesis' pretty printer offers."""

    def text(self, obj: str, /) -> None:
        """Write."""


class Pasted:
    """A frozen dataclass whose repr is the call that makes it; Hypothesis shows that, too."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Give the call, without what has its default."""
        parts = []
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.default is MISSING:
                parts.append(literal(value) if not field.kw_only else _named(field.name, value))
            elif value != field.default:
                parts.append(_named(field.name, value))
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(repr(self))


def literal(value: object) -> str:
    """Return source that gives ``value``; bytes that repeat themselves are multiplied."""
    if isinstance(value, bytes) and len(value) >= _WORTH_IT:
        return _multiplied(value)
    return repr(value)


def _named(name: str, value: object) -> str:
    return f"{name}={literal(value)}"


def _multiplied(data: bytes) -> str:
    if not any(data):
        return f"bytes({len(data)})"
    for period in range(1, _LONGEST_PERIOD + 1):
        times, rest = divmod(len(data), period)
        unit = data[:period]
        if data == unit * times + unit[:rest]:
            whole = f"{unit!r} * {times}"
            return f"{whole} + {unit[:rest]!r}" if rest else whole
        if data == unit * times + b"0" * rest:  # how texts are filled up
            return f"{unit!r} * {times} + {b'0' * rest!r}"
    return repr(data)
