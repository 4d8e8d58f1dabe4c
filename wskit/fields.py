"""Checks of configuration fields: each error begins with the field's name."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["boolean", "inspection", "instance", "integer", "seconds", "sequence"]


def integer(name: str, value: object, low: int, high: int | None = None) -> None:
    """Raise unless ``value`` is an int of at least ``low`` and at most ``high``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: must be an int, not {type(value).__name__}")
    if value < low or (high is not None and value > high):
        bounds = f"{low}..{high}" if high is not None else f"at least {low}"
        raise ValueError(f"{name}: must be {bounds}, not {value}")


def seconds(name: str, value: object, *, optional: bool = False, zero: bool = False) -> None:
    """Raise unless ``value`` is finite and above 0; or is 0, or None, where that is allowed."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        wanted = "a number of seconds or None" if optional else "a number of seconds"
        raise TypeError(f"{name}: must be {wanted}, not {type(value).__name__}")
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        bound = "at least" if zero else "more than"
        raise ValueError(f"{name}: must be {bound} 0 seconds, not {value}")


def boolean(name: str, value: object) -> None:
    """Raise unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: must be True or False, not {value!r}")


def inspection(value: object) -> None:
    """Raise unless ``value`` is what ``inspect`` may be: True, False or "tcp"."""
    if not isinstance(value, bool | str):
        raise TypeError(f'inspect: must be True, False or "tcp", not {type(value).__name__}')
    if isinstance(value, str) and value != "tcp":
        raise ValueError(f'inspect: must be True, False or "tcp", not {value!r}')


def instance(name: str, value: object, kind: type) -> None:
    """Raise unless ``value`` is a ``kind``."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: must be a {kind.__name__}, not {type(value).__name__}")


def sequence(name: str, value: object) -> None:
    """Raise unless ``value`` is a sequence; one str, which is a sequence too, is a mistake."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{name}: must be a sequence, not {type(value).__name__}")
