"""Text and bytes as Python code: lines of a stated width, quoted as black quotes.

The law of this file: a literal is ASCII letters and escapes, or characters that print; nothing in
it ends the literal or moves a cursor.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..trace import columns

__all__ = ["WIDTH", "Code", "call", "literal", "literals"]

WIDTH = 88
"""Columns of a line: black's own default."""


class Code(str):
    """A piece of code, as it is."""

    __slots__ = ()


def literal(data: str | bytes) -> str:
    """Return ``data`` as one literal."""
    text = repr(data)
    prefix, text = ("b", text[1:]) if isinstance(data, bytes) else ("", text)
    # repr prefers single quotes; black prefers double ones where that takes no more backslashes.
    if text[0] == "'" and text.count('"') <= text.count("\\'"):
        body = text[1:-1].replace("\\'", "'").replace('"', '\\"')
        text = f'"{body}"'
    return prefix + text


def literals(data: str | bytes, room: int) -> list[str]:
    """Return ``data`` as literals of at most ``room`` columns each, to stand below each other."""
    found = []
    while True:
        size = room - 3
        while columns(piece := literal(data[:size])) > room:
            size = max(size * 3 // 4, 1)
        found.append(piece)
        data = data[size:]
        if not data:
            return found


def call(function: str, arguments: Sequence[str | bytes | Code], indent: int = 4) -> list[str]:
    """Return the lines of a call; of the ``arguments`` those that are no Code stand for themselves.

    A literal that is too long goes over several lines.
    """
    margin, inner = " " * indent, " " * (indent + 4)
    words = ", ".join(e if isinstance(e, Code) else literal(e) for e in arguments)
    if columns(line := f"{margin}{function}({words})") <= WIDTH:
        return [line]
    if columns(line := f"{inner}{words}") <= WIDTH:
        return [f"{margin}{function}(", line, f"{margin})"]
    comma = "," if len(arguments) > 1 else ""
    lines = [f"{margin}{function}("]
    for each in arguments:
        parts = [each] if isinstance(each, Code) else literals(each, WIDTH - len(inner) - 1)
        lines += [inner + part for part in parts]
        lines[-1] += comma
    return [*lines, f"{margin})"]
