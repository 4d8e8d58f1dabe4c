"""The servers under test, and how one is started and ended.

Law: every server is a process of its own, started from its own script, on a port the kernel chose,
and is gone before the next one starts. Scripts print their port as their first line on stdout.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from environment import BENCH, ROOT, compile_tool, peers_python

__all__ = ["PEERS", "Peer", "RunningServer", "ServerFailed"]

START_SECONDS = 20.0


class ServerFailed(Exception):
    """The server did not start; the text is the last line it wrote."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One server: its script in ``servers/`` (or its C program), and what it cannot be asked."""

    name: str
    script: str
    options: tuple[str, ...] = ()
    raw: bool = False  # speaks no WebSocket: only echoes can be measured, without handshakes
    idle_connections: int = 5000  # fewer where a thread or more a connection makes it slow to fill

    def command(self) -> list[str]:
        """Return the command line that starts it."""
        if self.script.endswith(".py"):
            return [str(peers_python()), str(BENCH / "servers" / self.script), *self.options]
        return [str(compile_tool(self.script)), *self.options]


PEERS = {
    peer.name: peer
    for peer in (
        Peer(name="wskit_event", script="wskit_echo.py"),
        Peer(name="wskit_small_pool", script="wskit_echo.py", options=("--small-pool", "64")),
        Peer(
            name="wskit_blocking",
            script="wskit_echo.py",
            options=("--blocking",),
            idle_connections=1000,
        ),
        Peer(name="websockets_sync", script="websockets_sync.py", idle_connections=1000),
        Peer(name="websockets_asyncio", script="websockets_asyncio.py"),
        Peer(name="aiohttp_uvloop", script="aiohttp_uvloop.py"),
        Peer(name="picows_uvloop", script="picows_uvloop.py"),
        Peer(name="raw_tcp", script="raw_echo", raw=True),
    )
}


class RunningServer:
    """A started peer: ``with RunningServer(peer, cores) as server`` gives ``pid`` and ``port``.

    ``cores`` confines it to those cores (empty: to none). Raises ServerFailed when no port comes.
    """

    def __init__(self, peer: Peer, cores: frozenset[int] = frozenset()) -> None:
        """Start the process and wait for its port."""
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self.process = subprocess.Popen(
            peer.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.pid = self.process.pid
        try:
            if cores:
                os.sched_setaffinity(self.pid, cores)  # before it has threads: they inherit it
            self.port = self.read_port()
        except BaseException:
            self.end()
            raise

    def read_port(self) -> int:
        """Wait for the first line, which is the port."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline().strip() if ready else b""
        if not line.isdigit():
            raise ServerFailed(self.last_words() or f"no port within {START_SECONDS:g} s")
        return int(line)

    def last_words(self) -> str:
        """Return the last line on stderr."""
        self.complaints.seek(0)
        lines = self.complaints.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def resident_bytes(self) -> int:
        """Return the resident memory. ``smaps_rollup`` counts pages; statm may lag behind."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        line = next(line for line in rollup.splitlines() if line.startswith("Rss:"))
        return int(line.split()[1]) * 1024

    def end(self) -> None:
        """End the process: by SIGTERM, and where that is not enough by SIGKILL."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.complaints.close()

    def __enter__(self) -> RunningServer:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self.end()
