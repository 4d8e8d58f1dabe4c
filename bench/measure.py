"""One measurement: one server, one work, one set of figures."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from environment import compile_tool
from peers import NATIVE_ECHO, Peer, RunningServer
from works import Kind, Work

__all__ = ["Figures", "MeasurementFailed", "Settings", "measure"]

Figures = dict[str, float]
"""By name. Traffic: cpu_us (a message), rate (a second), p50_us, p99_us, max_us, generator_busy.
Idle: idle_bytes, connections. Both: others_busy, the cores that the rest of the machine used.
"""

OPEN_SECONDS = 120.0
START_SECONDS = 20.0
SETTLE_SECONDS = 2.0


class MeasurementFailed(Exception):
    """The server gave a wrong answer, or none; the text is the generator's first complaint."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How long, with which payload, and on which cores; the same for every peer."""

    seconds: float = 2.0
    warmup: float = 0.5
    payload: Literal["text", "binary"] = "text"
    placement: Literal["free", "split"] = "free"
    most_idle: int = 1 << 20  # idle connections, whatever the work says
    cores: frozenset[int] = field(default_factory=lambda: frozenset(os.sched_getaffinity(0)))

    def described(self) -> dict[str, str | float]:
        """Return what has to be known to measure the same again."""
        return {
            "seconds": self.seconds,
            "warmup": self.warmup,
            "payload": self.payload,
            "placement": self.placement,
        }

    def generator_cores(self) -> frozenset[int]:
        """Return the cores of the generator: in "split" the last one, else no choice (empty)."""
        split = self.placement == "split" and len(self.cores) > 1
        return frozenset({max(self.cores)}) if split else frozenset()

    def server_cores(self) -> frozenset[int]:
        """Return the cores of the server: in "split" those the generator does not have."""
        taken = self.generator_cores()
        return self.cores - taken if taken else frozenset()


def measure(peer: Peer, work: Work, settings: Settings) -> Figures:
    """Start ``peer``, do ``work`` with it, end it, and return the figures.

    Raises ServerFailed when it does not start, MeasurementFailed when an answer is wrong.
    """
    began, foreign = time.monotonic(), foreign_seconds()
    if work.kind is Kind.CLIENT:
        figures = measure_client(peer, work, settings)
    else:
        with RunningServer(peer, settings.server_cores(), work.asks) as server:
            figures = measure_server(server, peer, work, settings)
    # Both children are reaped, so that their time is known and the rest is not theirs.
    figures["others_busy"] = max(0.0, foreign_seconds() - foreign) / (time.monotonic() - began)
    return figures


def measure_server(server: RunningServer, peer: Peer, work: Work, settings: Settings) -> Figures:
    """Return the figures of a server that runs."""
    if work.kind is Kind.IDLE:
        connections = min(work.connections, peer.most_connections, settings.most_idle)
        return measure_idle(server, connections, settings)
    if not work.beside:
        return measure_traffic(server, peer, work, settings)
    with start_generator(server, work.beside, settings) as beside:
        try:
            figures = measure_traffic(server, peer, work, settings)
            if beside.poll() is not None:
                raise MeasurementFailed(f"the second generator ended: {words_of(beside)}")
        finally:
            beside.terminate()
    return figures


def foreign_seconds() -> float:
    """Return the CPU seconds of this machine less those of this process and its ended children."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    idle, waiting = fields[3:5]
    busy = (sum(fields[:8]) - idle - waiting) / os.sysconf("SC_CLK_TCK")
    used = os.times()
    return busy - used.user - used.system - used.children_user - used.children_system


def measure_traffic(server: RunningServer, peer: Peer, work: Work, settings: Settings) -> Figures:
    """Return CPU time a message, rate and latency of echoes or handshakes."""
    seconds, warmup = settings.seconds * work.patience, settings.warmup * work.patience
    timing = ("--seconds", f"{seconds:g}", "--warmup", f"{warmup:g}")
    raw = ("--raw",) if peer.raw else ()
    with start_generator(server, (*work.arguments, *timing, *raw), settings) as generator:
        said = read_result(generator, 10 * (seconds + warmup) + OPEN_SECONDS)
    return {
        "cpu_us": said["server_cpu_seconds"] / said["messages"] * 1e6,
        "rate": said["messages_per_second"],
        "p50_us": said["p50_us"],
        "p99_us": said["p99_us"],
        "max_us": said["max_us"],
        "generator_busy": said["generator_cpu_seconds"] / said["seconds"],
    }


def measure_client(peer: Peer, work: Work, settings: Settings) -> Figures:
    """Return CPU time a message and rate of a client process, against the native echo."""
    depth, size = work.arguments
    with RunningServer(NATIVE_ECHO, settings.generator_cores()) as server:
        timing = (f"{settings.warmup:g}", f"{settings.seconds:g}")
        client = subprocess.Popen(
            [*peer.command(), str(server.port), depth, size, *timing],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=peer.environment(),
        )
        if cores := settings.server_cores():
            os.sched_setaffinity(client.pid, cores)
        try:
            said = read_result(client, settings.warmup + settings.seconds + START_SECONDS)
        finally:
            end_client(client)
    return {
        "cpu_us": said["cpu_seconds"] / said["messages"] * 1e6,
        "rate": said["messages"] / said["seconds"],
    }


def end_client(client: subprocess.Popen[bytes]) -> None:
    """Give a client that has reported a moment to leave, then end it."""
    with client:
        try:
            client.wait(2)
        except subprocess.TimeoutExpired:
            client.kill()


def measure_idle(server: RunningServer, connections: int, settings: Settings) -> Figures:
    """Return the growth of resident memory a connection, each having said one hello."""
    warmup = ("--handshakes", "4", "--messages", "100")  # what loads late is not the connections'
    with start_generator(server, warmup, settings) as generator:
        read_result(generator, OPEN_SECONDS)
    before = settled_bytes(server)
    with start_generator(server, ("--idle", str(connections)), settings) as generator:
        said = read_result(generator, OPEN_SECONDS)
        grown = settled_bytes(server) - before
        assert generator.stdin is not None
        generator.stdin.close()
    return {"idle_bytes": grown / said["messages"], "connections": said["messages"]}


def words_of(process: subprocess.Popen[bytes]) -> str:
    """Return the last line that an ended process wrote on stderr or, without one, on stdout."""
    assert process.stderr is not None
    assert process.stdout is not None
    said = process.stderr.read() or process.stdout.read()
    return said.decode(errors="replace").strip().rpartition("\n")[2]


def settled_bytes(server: RunningServer) -> int:
    """Return the resident memory once two looks 0.2 s apart agree, or the limit is over."""
    deadline = time.monotonic() + SETTLE_SECONDS
    last, now = -1, server.resident_bytes()
    while now != last and time.monotonic() < deadline:
        time.sleep(0.2)
        last, now = now, server.resident_bytes()
    return now


def start_generator(
    server: RunningServer, arguments: tuple[str, ...], settings: Settings
) -> subprocess.Popen[bytes]:
    """Start the load generator against ``server``."""
    options = ["--port", str(server.port), "--pid", str(server.pid)]
    binary = ["--binary"] if settings.payload == "binary" else []
    generator = subprocess.Popen(
        [compile_tool("load"), *options, *arguments, *binary],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if cores := settings.generator_cores():
        os.sched_setaffinity(generator.pid, cores)
    return generator


def read_result(generator: subprocess.Popen[bytes], timeout: float) -> dict[str, float]:
    """Return the numbers of the generator's one line.

    It bounds itself; ``timeout`` seconds is the net below. Raises MeasurementFailed.
    """
    assert generator.stdout is not None
    assert generator.stderr is not None
    ready, _, _ = select.select([generator.stdout], [], [], timeout)
    line = generator.stdout.readline() if ready else b""
    if not line:
        generator.kill()
        raise MeasurementFailed(words_of(generator) or "no result in time")
    said = json.loads(line)
    if said.get("errors") or not said["messages"]:
        raise MeasurementFailed(said.get("error") or "no message came back")
    return {name: value for name, value in said.items() if isinstance(value, int | float)}
