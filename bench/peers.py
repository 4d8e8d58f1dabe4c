"""The servers and clients under test, and how one is started and ended.

Law: every one is a process of its own, started from its own script, on a port the kernel chose, and
is gone before the next one starts. Servers print their port as their first line on stdout.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal

from environment import (
    BENCH,
    COMPILED,
    ROOT,
    certificates,
    compile_tool,
    node_modules,
    peers_python,
)
from works import Kind, Work

__all__ = ["PEERS", "Build", "Peer", "RunningServer", "ServerFailed", "bases"]

START_SECONDS = 20.0
THREADS_IDLE = 1000  # connections, where each has threads of its own
ALL = frozenset({"deflate", "broadcast", "tls"})

Build = Literal["pure", "compiled"]


class ServerFailed(Exception):
    """The server did not start; the text is the last line it wrote."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One server or client: its script (or its C program), and what it can be asked."""

    name: str
    script: str
    options: tuple[str, ...] = ()
    does: frozenset[str] = frozenset()  # beyond echoes without any of it, see Work.asks
    raw: bool = False  # speaks no WebSocket: only echoes can be measured, without handshakes
    client: bool = False
    build: Build | None = None  # which wskit; None: it is another library
    most_connections: int = 10_000  # where a thread or more a connection makes it slow to fill
    idle_only: bool = False  # a variant that differs only in what an idle connection holds
    quick: bool = True  # part of the quick run

    def command(self, asks: str = "") -> list[str]:
        """Return the command line that starts it, asked to do what the work wants."""
        asked = [f"--{asks}"] if asks else []
        asked += [str(certificates())] if asks == "tls" else []
        folder = BENCH / ("clients" if self.client else "servers")
        if self.script.endswith(".js"):
            node = shutil.which("node") or "node"
            return [node, str(folder / self.script), *self.options, *asked]
        if self.script.endswith(".py"):
            return [str(peers_python()), str(folder / self.script), *self.options, *asked]
        return [str(compile_tool(self.script)), *self.options]

    def environment(self) -> dict[str, str]:
        """Return the variables that it is started with: they choose the build of wskit."""
        root = COMPILED if self.build == "compiled" else ROOT
        paths = os.pathsep.join((str(root), str(BENCH)))
        return {**os.environ, "PYTHONPATH": paths, "NODE_PATH": str(node_modules())}

    def can(self, work: Work) -> bool:
        """Say whether it can do ``work``."""
        if self.client or work.kind is Kind.CLIENT:
            return self.client and work.kind is Kind.CLIENT
        if self.idle_only and work.kind is not Kind.IDLE:
            return False
        if self.raw and (work.kind is not Kind.TRAFFIC or work.asks):
            return False
        few = work.kind is not Kind.IDLE and work.connections > self.most_connections
        return not few and (not work.asks or work.asks in self.does)


def wskit(name: str, build: Build) -> Peer:
    """Return a server on wskit in event mode."""
    return Peer(name=name, script="wskit_echo.py", does=ALL | {"sleep"}, build=build)


def pooled(server: Peer) -> Peer:
    """Return a server on wskit with a pool of small buffers."""
    name = server.name.removesuffix("_event") + "_small_pool"
    return replace(server, name=name, options=("--small-pool", "64"), idle_only=True)


PEERS = {
    peer.name: peer
    for peer in (
        wskit("wskit_compiled", "compiled"),
        wskit("wskit_event", "pure"),
        pooled(wskit("wskit_compiled", "compiled")),
        pooled(wskit("wskit_event", "pure")),
        Peer(
            name="wskit_blocking",
            script="wskit_echo.py",
            options=("--blocking",),
            does=ALL,
            build="pure",
            most_connections=THREADS_IDLE,
            quick=False,
        ),
        Peer(
            name="websockets_sync",
            script="websockets_sync.py",
            does=ALL,
            most_connections=THREADS_IDLE,
        ),
        Peer(name="websockets_asyncio", script="websockets_asyncio.py", does=ALL),
        Peer(name="aiohttp_uvloop", script="aiohttp_uvloop.py", does=ALL),
        Peer(name="picows_uvloop", script="picows_uvloop.py", does=ALL - {"deflate"}),
        Peer(name="uvicorn_wsproto", script="uvicorn_wsproto.py", does=ALL, quick=False),
        Peer(name="socketify_native", script="socketify_native.py", does=ALL, quick=False),
        Peer(name="node_ws", script="node_ws.js", does=ALL, quick=False),
        Peer(name="raw_tcp", script="raw_echo", raw=True),
        Peer(name="wskit_compiled_client", script="wskit_client.py", client=True, build="compiled"),
        Peer(name="wskit_client", script="wskit_client.py", client=True, build="pure"),
        Peer(name="picows_client", script="picows_uvloop.py", client=True),
        Peer(name="websocket_client", script="websocket_client.py", client=True),
        Peer(name="websockets_sync_client", script="websockets_sync.py", client=True),
    )
}

NATIVE_ECHO = Peer(name="native_echo", script="ws_echo")


def bases(work: Work) -> list[str]:
    """Return to which peers ratios are taken at ``work``: the first one that was measured."""
    if work.kind is Kind.CLIENT:
        return ["wskit_compiled_client", "wskit_client"]
    if work.small_pool:
        return ["wskit_compiled_small_pool", "wskit_small_pool"]
    return ["wskit_compiled", "wskit_event"]


class RunningServer:
    """A started peer: ``with RunningServer(peer, cores) as server`` gives ``pid`` and ``port``.

    ``asks`` is what the work wants of it; ``cores`` confines it to those cores (empty: to none).
    Raises ServerFailed when no port comes.
    """

    def __init__(self, peer: Peer, cores: frozenset[int] = frozenset(), asks: str = "") -> None:
        """Start the process and wait for its port."""
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self.process = subprocess.Popen(
            peer.command(asks),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            env=peer.environment(),
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
