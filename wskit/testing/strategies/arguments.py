"""Judges the arguments of strategies when they are called; InvalidArgument names the argument."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hypothesis.errors import InvalidArgument

from .values import SENDERS

__all__ = ["chosen", "flag", "instance", "most", "named", "sender_or_any", "sizes"]


def named(name: str, wanted: Collection[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the rules ``wanted`` in the order of ``known``; () for none."""
    order = tuple(known)
    if isinstance(wanted, str) or not isinstance(wanted, Collection):
        raise InvalidArgument(f"{name}: must be a collection of names, not {wanted!r}")
    unknown = sorted({str(each) for each in wanted} - set(order))
    if unknown:
        raise InvalidArgument(f"{name}: {unknown[0]!r} is none of {', '.join(order)}")
    return tuple(each for each in order if each in wanted)


def chosen(name: str, wanted: Collection[int] | None, known: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers ``wanted`` in the order of ``known``; None wants all."""
    order = tuple(known)
    if wanted is None:
        return order
    if not isinstance(wanted, Collection) or not wanted or not set(wanted) <= set(order):
        raise InvalidArgument(f"{name}: must be some of {sorted(order)}, not {wanted!r}")
    return tuple(each for each in order if each in wanted)


def sender_or_any(sender: str | None) -> tuple[str, ...]:
    """Return the ends that may send: ``sender``, or both for None."""
    if sender is None:
        return SENDERS
    if sender not in SENDERS:
        raise InvalidArgument(f"sender: must be 'client', 'server' or None, not {sender!r}")
    return (sender,)


def sizes(low: int, high: int | None, limit: int) -> tuple[int, int]:
    """Return both bounds, in bytes; ``high`` None means ``limit``, or ``low`` if that is more."""
    for name, value in (("min_size", low), ("max_size", high)):
        if value is not None and (type(value) is not int or value < 0):
            raise InvalidArgument(f"{name}: must be an int of at least 0, not {value!r}")
    top = max(low, limit) if high is None else high
    if top < low:
        raise InvalidArgument(f"max_size: must be at least min_size={low}, not {high}")
    return low, top


def most(name: str, value: int | None, limit: int) -> int:
    """Return ``value``, which may be 0 to ``limit`` and is that if it is None."""
    if value is None:
        return limit
    if type(value) is not int or value < 0:
        raise InvalidArgument(f"{name}: must be an int of at least 0, not {value!r}")
    if value > limit:
        raise InvalidArgument(f"{name}: must be at most {limit}, not {value}")
    return value


def flag(name: str, value: bool) -> bool:
    """Return ``value``, which must be True or False."""
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name}: must be True or False, not {value!r}")
    return value


def instance(name: str, value: object, kind: type | tuple[type, ...]) -> None:
    """Refuse a ``value`` of another type."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(each.__name__ for each in kinds)
        raise InvalidArgument(f"{name}: must be {wanted}, not {type(value).__name__}")
