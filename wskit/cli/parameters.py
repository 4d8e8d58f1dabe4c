"""What values on the command line mean: sizes, seconds, header fields."""

from __future__ import annotations

import re

import click

__all__ = ["SECONDS", "header", "size"]

SECONDS = click.FloatRange(min=0, min_open=True)
"""The type of a time; ``inf`` is one."""

_SIZE = re.compile(r"([0-9]+)([kmg]?)(?:i?b)?", re.IGNORECASE)
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}


def size(text: str) -> int:
    """Return the bytes of ``65536``, ``64k``, ``64KiB`` or ``1M``; k, M and G count by 1024."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no size such as 65536, 64k or 1M")
    return int(match[1]) << _SHIFT[match[2].lower()]


def header(text: str) -> tuple[str, str]:
    """Return name and value of ``Name: value``."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.BadParameter(f"{text!r} is no header such as 'Name: value'")
    return name.strip(), value.strip()
