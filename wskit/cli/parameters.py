"""Types of command line values that click does not have: sizes, seconds, header fields."""

from __future__ import annotations

import re

import click

__all__ = ["HEADER", "SECONDS", "SIZE", "HeaderField", "Size"]

_SIZE = re.compile(r"(\d+) *([kmg]?)(?:i?b)?", re.IGNORECASE)
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}


class Size(click.ParamType):
    """A number of bytes: ``65536``, ``64k``, ``64KiB`` or ``1M``; k, M and G count by 1024."""

    name = "size"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the bytes."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is no size such as 65536, 64k or 1M", param, ctx)
        return int(match[1]) << _SHIFT[match[2].lower()]


class HeaderField(click.ParamType):
    """A header field, ``Name: value``."""

    name = "name: value"

    def convert(
        self,
        value: str | tuple[str, str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        """Return name and value."""
        if isinstance(value, tuple):
            return value
        name, colon, text = value.partition(":")
        if not colon or not name.strip():
            self.fail(f"{value!r} is no header such as 'Name: value'", param, ctx)
        return name.strip(), text.strip()


SIZE = Size()
HEADER = HeaderField()
SECONDS = click.FloatRange(min=0, min_open=True)
