"""A recording as it is made: JSON lines, one event each, which `reading` takes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from ..events import Event
from ..trace import event_json

__all__ = ["Recorder"]


class Recorder:
    """Writes events to a file, until that fails; for one thread."""

    def __init__(self, file: BinaryIO | None) -> None:
        """Write to ``file``, which is not closed; None records nothing."""
        self._file = file

    def __call__(self, events: Iterable[Event]) -> str:
        """Write ``events``; return in one line why that failed, once, or ""."""
        if self._file is None:
            return ""
        try:
            self._file.writelines(f"{event_json(event)}\n".encode() for event in events)
            self._file.flush()
        except OSError as error:
            self._file = None
            return f"recording ended: {error.strerror or error}"
        return ""
