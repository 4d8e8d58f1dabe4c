"""Starts the command as a process of its own, with deadlines, and sees to its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import wskit
from tests.deadlines import scaled

__all__ = ["Command", "environment", "ran", "serving"]

TREE = Path(wskit.__file__).parents[1]  # where this build of wskit is
_PATIENCE = 20.0  # seconds before scaling, in which any command here has long ended


def environment(**changes: str) -> dict[str, str]:
    """Give the environment of a command: no colours asked for, 80 columns, no proxy."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
    return {**kept, "PYTHONPATH": str(TREE), "COLUMNS": "80", "TERM": "xterm", **changes}


def ran(
    *args: str, stdin: bytes = b"", cwd: Path | None = None, **changes: str
) -> subprocess.CompletedProcess[bytes]:
    """Run ``wskit`` to its end with ``stdin``; ``changes`` are to its environment."""
    return subprocess.run(
        [sys.executable, "-m", "wskit", *args],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(**changes),
        timeout=scaled(_PATIENCE),
        check=False,
    )


class Command:
    """A running ``wskit``; as a context manager it is killed if it has not ended by itself."""

    def __init__(
        self, *args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Start it with pipes."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wskit", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=dict(env) if env is not None else environment(),
            bufsize=0,
        )

    def __enter__(self) -> Command:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self.process
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def type(self, text: str) -> None:
        """Write ``text`` to its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())

    def end_input(self) -> None:
        """Close its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.stdin = None

    def line(self) -> str:
        """Give the next line of its stdout, without line end; "" at the end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().removesuffix("\n")

    def said(self) -> str:
        """Give the next line of its stderr, without line end; "" at the end."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().decode().removesuffix("\n")

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end; give exit code and what is left of stdout and stderr."""
        out, err = self.process.communicate(timeout=scaled(_PATIENCE))
        return self.process.returncode, out.decode(), err.decode()


@contextlib.contextmanager
def serving(*args: str, cwd: Path | None = None) -> Iterator[tuple[Command, str]]:
    """Run ``wskit serve`` on a free port; give the command and its URL once it listens."""
    where = () if "--unix" in args else ("--port", "0")
    with Command("serve", *where, *args, cwd=cwd) as command:
        first = command.line()
        url = json.loads(first)["url"] if "--json" in args else first
        assert url, command.ended()
        yield command, url
