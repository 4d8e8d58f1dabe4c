"""Child processes that print the URL they listen on and end when their standard input does.

Every child is bounded in time and ended by its own id; none outlives this process, because the
pipe that is its standard input closes with it.
"""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

__all__ = ["Child", "ChildError", "Children"]

# Seconds that a child gets to end by itself, and then to end on SIGTERM.
GRACE = 5.0


class ChildError(Exception):
    """A child ended early, or did not do in time what was waited for."""


class Child:
    """A running command; as a context manager it is ended on leaving."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start ``command`` in ``directory``, its output copied to ``log``."""
        self.log = log
        self.urls: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # A session of its own: Ctrl-C in the terminal reaches the runner alone, which ends it.
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.copier = threading.Thread(target=self.copy_output, name=f"copy to {log.name}")
        self.copier.start()

    def __enter__(self) -> Child:
        """Return the running child."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the child."""
        self.end()

    def copy_output(self) -> None:
        """Copy what the child prints to its log until it ends, and note the lines that are URLs."""
        assert self.process.stdout is not None
        with self.process.stdout as output, self.log.open("wb", buffering=0) as log:
            for line in output:
                log.write(line)
                if line.startswith(b"ws://"):
                    self.urls.put(line.decode("ascii", "replace").strip())
        self.urls.put(None)

    def url(self, timeout: float) -> str:
        """Return the URL the child prints within ``timeout`` seconds, else raise ChildError."""
        try:
            url = self.urls.get(timeout=timeout)
        except queue.Empty:
            raise ChildError(f"does not listen after {timeout:.0f} s, see {self.log}") from None
        if url is None:
            raise ChildError(f"ended before it listened, see {self.log}")
        return url

    def wait(self, timeout: float) -> None:
        """Wait for the child to end; ChildError after ``timeout`` seconds or an exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ChildError(f"still runs after {timeout:.0f} s, see {self.log}") from None
        if code != 0:
            raise ChildError(f"ended with exit code {code}, see {self.log}")

    def end_input(self) -> None:
        """End the standard input of the child, which asks it to end."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> None:
        """End the child: by the end of its input, else by SIGTERM, else by SIGKILL. Idempotent."""
        self.end_input()
        for insist in (self.process.terminate, self.process.kill):
            try:
                self.process.wait(GRACE)
                break
            except subprocess.TimeoutExpired:
                insist()
        self.process.wait()
        self.copier.join()


class Children:
    """The children of one run, started from several threads and ended together."""

    def __init__(self) -> None:
        """Begin without children."""
        self.lock = threading.Lock()  # guards the two below
        self.started: list[Child] = []
        self.ended = False

    def start(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a child as ``Child`` does; raises ChildError once ``end`` was called."""
        with self.lock:
            if self.ended:
                raise ChildError("not started, the run is over")
            child = Child(command, directory=directory, log=log, environment=environment)
            self.started.append(child)
            return child

    def end(self) -> None:
        """End all children, and let no other start. From any thread."""
        with self.lock:
            self.ended = True
        for child in self.started:
            child.end_input()
        for child in self.started:
            child.end()
