"""A client as a command: started with a URL, ended by its id, and how it ended by itself."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess

__all__ = ["Command", "arguments"]

_PATIENCE = 1.0  # seconds between asking it to end and ending it


def arguments(command: str, url: str) -> list[str]:
    """Return the words of ``command`` with ``url`` in place of {url}, or at the end.

    Raises ValueError for a command that no shell would read.
    """
    words = shlex.split(command)
    if not words:
        raise ValueError("command: must not be empty")
    if any("{url}" in word for word in words):
        return [word.replace("{url}", url) for word in words]
    return [*words, url]


class Command:
    """Runs one process at a time; for one thread. Its output is dropped, its input stays open."""

    def __init__(self, command: str, url: str) -> None:
        """Nothing runs yet; raises ValueError as ``arguments`` does."""
        self._words = arguments(command, url)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs."""
        return self._process.pid if self.running and self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def killed_by(self) -> str:
        """The signal that has ended it, such as "SIGSEGV"; "" where none has."""
        code = self._process.poll() if self._process is not None else None
        return signal.Signals(-code).name if code is not None and code < 0 else ""

    def start(self) -> None:
        """Run it; OSError where that cannot be. What ran before is ended."""
        self.end()
        self._process = subprocess.Popen(
            self._words,
            stdin=subprocess.PIPE,  # one that reads its input must not find the end of it
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what it starts can be ended with it
        )

    def end(self) -> None:
        """End it, and what it has started; may be called again."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.poll() is None:
                _signal(process.pid, signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_PATIENCE)
            _signal(process.pid, signal.SIGKILL)
        finally:
            process.wait()
            assert process.stdin is not None
            process.stdin.close()


def _signal(pid: int, number: signal.Signals) -> None:
    """Send it to the process and its group, whose number is the same."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
