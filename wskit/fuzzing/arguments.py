"""The words of ``wskit fuzz`` that make a probe, or one attack of it, again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["ATTACK", "words"]

ATTACK = frozenset(("seed", "minutes", "rate", "max_connections", "only"))
"""The fields that mean nothing to an attack made alone."""


def words(config: DataclassInstance, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the arguments that name what ``config`` attacks, and how.

    Fields that are at their default, or ``without``, are left out.
    """
    found: list[str] = []
    for field in dataclasses.fields(config):
        value: object = getattr(config, field.name)
        if field.name not in without and value != field.default:
            found += _words(field.name, value)
    return tuple(found)


def _words(name: str, value: object) -> list[str]:
    if name == "url":
        return [str(value)]
    if name == "headers" and isinstance(value, tuple):
        return [word for field, text in value for word in ("--header", f"{field}: {text}")]
    option = "--client" if name == "command" else "--" + name.replace("_", "-")
    return [option] if value is True else [option, str(value)]
