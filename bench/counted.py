"""Instructions and system calls of one build of wskit, as valgrind counts them.

Whatever else the machine does, the core's operations come out the same to the last digit, and a
server with its threads within a few per cent.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from environment import BENCH, COMPILED, ROOT, compile_tool
from peers import NATIVE_ECHO, Build, RunningServer

__all__ = ["Counts", "of_core", "of_server"]

VALGRIND = (
    "valgrind",
    "--tool=cachegrind",
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
    "--trace-syscalls=yes",
)
INSTRUCTIONS = re.compile(r"^==(\d+)== I +refs: +([\d,]+)$", re.MULTILINE)
# Outside valgrind the clock is read without a call, and futexes are a matter of chance.
CALLS = re.compile(r"SYSCALL\[(\d+),\d+\]\( *\d+\) sys_(?!clock_gettime|futex)")
MESSAGES = (1500, 6000)  # to a server: the difference is what is counted


@dataclass(frozen=True)
class Counts:
    """What was executed: in a whole process, or for one time of something."""

    instructions: float
    calls: float


def slope(few: tuple[int, Counts], many: tuple[int, Counts]) -> Counts:
    """Return what one time more costs, of two processes with so many times each."""
    times, less, more = many[0] - few[0], few[1], many[1]
    instructions = (more.instructions - less.instructions) / times
    return Counts(instructions, (more.calls - less.calls) / times)


def of_core(build: Build) -> dict[str, Counts]:
    """Return what each operation of `micro/` takes, and the reference."""
    with RunningServer(NATIVE_ECHO) as echo, tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        done = subprocess.run(
            command(log, BENCH / "micro" / "counting.py"),
            env=environment_of(build, WSKIT_BENCH_ECHO=str(echo.port)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        counted = read(log)
    forks: dict[str, list[tuple[int, Counts]]] = {}
    for line in done.stdout.splitlines():
        pid, name, times = line.split()
        forks.setdefault(name, []).append((int(times), counted[int(pid)]))
    return {name: slope(few, many) for name, (few, many) in forks.items()}


def of_server(build: Build) -> Counts:
    """Return what a server needs for one echo on one connection, all threads together."""
    few, many = ((messages, whole_life(build, messages)) for messages in MESSAGES)
    return slope(few, many)


def whole_life(build: Build, messages: int) -> Counts:
    """Return what a server does that echoes so many messages and is ended."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        script = command(log, BENCH / "servers" / "wskit_echo.py")
        environment = environment_of(build)
        with subprocess.Popen(script, stdout=subprocess.PIPE, env=environment) as server:
            try:
                assert server.stdout is not None
                load(int(server.stdout.readline()), messages)
            finally:
                server.terminate()
        return read(log)[server.pid]


def load(port: int, messages: int) -> None:
    """Have so many messages echoed, one after the other."""
    options = ["--messages", str(messages), "--warmup", "0", "--stall", "60"]
    generator = [str(compile_tool("load")), "--port", str(port), *options]
    subprocess.run(generator, stdout=subprocess.DEVNULL, check=True)


def command(log: Path, script: Path) -> list[str]:
    """Return the command that runs ``script`` in valgrind, whose words go to ``log``."""
    return [*VALGRIND, f"--log-file={log}", sys.executable, "-P", str(script)]


def environment_of(build: Build, **more: str) -> dict[str, str]:
    """Return the variables with which a script finds that build of wskit, and hashes alike."""
    root = COMPILED if build == "compiled" else ROOT
    paths = os.pathsep.join((str(root), str(BENCH)))
    return {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", **more}


def read(log: Path) -> dict[int, Counts]:
    """Return what valgrind wrote of each process."""
    text = log.read_text(errors="replace")
    calls = Counter(int(pid) for pid in CALLS.findall(text))
    found = {int(pid): int(count.replace(",", "")) for pid, count in INSTRUCTIONS.findall(text)}
    return {pid: Counts(count, calls[pid]) for pid, count in found.items()}
