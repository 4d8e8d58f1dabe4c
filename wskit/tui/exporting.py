"""What was seen, for other tools: HAR, JSON lines, pcapng, pytest code and command lines.

The law of this file: what is there already is never written over, and what could not be written as
a whole is not left behind.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..archiving import archive, conversation_entry
from ..trace import event_json, printable
from .command_lines import as_connect, as_curl
from .excerpts import Conversation, Excerpt, excerpt
from .history import History
from .packets import capture_file
from .pytest_code import as_pytest, pytest_code

__all__ = ["FORMATS", "Exported", "as_connect", "as_curl", "as_pytest", "check", "export", "write"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; as text a line to show."""

    path: str
    frames: int
    connections: int

    def __str__(self) -> str:
        """Say it."""
        frames, connections = _count(self.frames, "frame"), _count(self.connections, "connection")
        return f"{frames} of {connections} in {printable(self.path)}"


def export(
    path: str | Path,
    history: History,
    numbers: Collection[int] | None = None,
    *,
    connection: int | None = None,
) -> Exported:
    """Write ``history``, or of it entries or a connection by number, to a new file at ``path``.

    The end of its name says the format: one of FORMATS. JSON lines have everything; elsewhere
    headers with secrets have no values. ValueError says what cannot be written, OSError why not.
    """
    return write(path, excerpt(history, numbers=numbers, connection=connection))


def check(path: str | Path) -> None:
    """Raise ValueError or OSError, as ``export`` would, where no file can be made at ``path``."""
    file = Path(path).expanduser()
    if file.suffix.lower() not in FORMATS:
        raise ValueError(f"must end with one of {', '.join(FORMATS)}")
    with file.open("xb"):
        pass
    file.unlink()


def write(path: str | Path, chosen: Excerpt) -> Exported:
    """Write ``chosen`` as ``export`` does; from any thread."""
    file = Path(path).expanduser()
    pieces = FORMATS.get(file.suffix.lower())
    if pieces is None:
        raise ValueError(f"{path}: must end with one of {', '.join(FORMATS)}")
    found = pieces(chosen)
    with file.open("xb") as output:
        try:
            output.writelines(found)
        except BaseException:
            os.unlink(file)
            raise
    return Exported(str(path), len(chosen.entries), len(chosen.conversations))


def _har(chosen: Excerpt) -> Iterator[bytes]:
    entries = map(_har_entry, chosen.conversations)
    return (piece.encode() for piece in archive(entries))


def _har_entry(conversation: Conversation) -> dict[str, object]:
    ended = conversation.ended.how if conversation.ended is not None else None
    opened, captures = conversation.opened, conversation.captures
    return conversation_entry(opened, captures, ended, left_out=conversation.left_out)


def _lines(chosen: Excerpt) -> Iterator[bytes]:
    return (f"{event_json(event)}\n".encode() for event in chosen.events())


def _packets(chosen: Excerpt) -> Iterator[bytes]:
    return capture_file(chosen.conversations)


def _test(chosen: Excerpt) -> Iterable[bytes]:
    return [pytest_code(chosen.conversations).encode()]


FORMATS: dict[str, Callable[[Excerpt], Iterable[bytes]]] = {
    ".har": _har,
    ".jsonl": _lines,
    ".pcapng": _packets,
    ".py": _test,
}
"""How each kind of file is written, by the end of its name."""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")
