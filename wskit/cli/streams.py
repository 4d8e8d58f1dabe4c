"""stdout and stderr as the commands use them: whole lines from any thread, written at once."""

from __future__ import annotations

import os
import sys
import threading
from typing import TextIO

from .exits import Failure, NobodyReads

__all__ = ["Output", "standard_error", "standard_output"]

_PAGE = 100  # columns where there is no terminal


class Output:
    """One of the standard streams. Every method may be called from any thread.

    Where it is ``needed``, writing raises NobodyReads once its reader is gone and Failure if it
    fails otherwise; else what cannot be written is dropped.
    """

    def __init__(self, stream: TextIO | None, *, needed: bool) -> None:
        """``stream`` is None where the process was started without it."""
        self._lock = threading.Lock()  # keeps lines whole
        # Around Python's buffers: what is left in them when the reader goes is an error at exit.
        self._fd = stream.fileno() if stream is not None else None
        self._encoding = stream.encoding if stream is not None else "utf-8"
        self._needed = needed

    def line(self, text: str) -> None:
        """Write ``text`` and a line end; characters that the encoding lacks become escapes."""
        self.octets(f"{text}\n".encode(self._encoding, "backslashreplace"))

    def octets(self, data: bytes) -> None:
        """Write ``data`` as it is."""
        if self._fd is None:
            return
        try:
            with self._lock:
                while data:
                    data = data[os.write(self._fd, data) :]
        except OSError as error:
            if self._needed:
                raise _failure(error) from None

    @property
    def is_terminal(self) -> bool:
        """Whether a person may be looking."""
        return self._fd is not None and os.isatty(self._fd)

    @property
    def colour(self) -> bool:
        """Whether to use colours: NO_COLOR and FORCE_COLOR decide, then what the terminal is."""
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return self.is_terminal and os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """The columns of the terminal, or of a page where there is none; COLUMNS overrides both."""
        columns = os.environ.get("COLUMNS", "")
        if columns.isdecimal() and int(columns):
            return int(columns)
        if self._fd is None or not self.is_terminal:
            return _PAGE
        return os.get_terminal_size(self._fd).columns or _PAGE


def standard_output() -> Output:
    """Return stdout, for data."""
    return Output(sys.stdout, needed=True)


def standard_error() -> Output:
    """Return stderr, for narration."""
    return Output(sys.stderr, needed=False)


def _failure(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return NobodyReads()
    return Failure(f"cannot write to stdout: {error.strerror}")
