"""stdout and stderr as the commands use them: whole lines, from any thread, quiet when unread."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from typing import TextIO

from .exits import ExitCode, Failure, NobodyReads

__all__ = ["Output", "narration", "standard_output"]


class Output:
    """One of the standard streams. Every method may be called from any thread.

    ``needed``: writing raises NobodyReads once its reader is gone, and Failure for another reason;
    else what cannot be written is dropped.
    """

    def __init__(self, stream: TextIO | None, *, needed: bool) -> None:
        """``stream`` is None where the process was started without it."""
        self._lock = threading.Lock()  # guards the stream
        self._stream = stream if stream is not None else open(os.devnull, "w")  # noqa: SIM115
        self._needed = needed
        if isinstance(self._stream, io_with_errors):
            # An ellipsis must not be the end of a terminal that speaks Latin-1.
            self._stream.reconfigure(errors="backslashreplace")

    @property
    def is_terminal(self) -> bool:
        """Whether a person may be looking."""
        return self._stream.isatty()

    @property
    def colour(self) -> bool:
        """Whether to use colours; NO_COLOR and FORCE_COLOR decide before the terminal does."""
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return self.is_terminal and os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns of the terminal, or of a page where there is none."""
        return shutil.get_terminal_size((_PAGE, 0)).columns if not self.is_terminal else (
            os.get_terminal_size(self._stream.fileno()).columns or _PAGE
        )

    def line(self, text: str) -> None:
        """Write ``text`` and a line end, at once."""
        self.octets(f"{text}\n".encode(self._stream.encoding, "backslashreplace"))
