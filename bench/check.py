"""No regression passes unnoticed: `make bench-check` compares with `baseline.json`.

Law: nothing here is a time. Instructions are told as multiples of a piece of plain Python that is
counted beside them, system calls a message as they are, memory in bytes a connection.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import counted
from environment import (
    BENCH,
    COMPILED,
    MissingTool,
    compile_tool,
    has_library,
    peers_python,
    raise_file_limit,
)
from measure import Settings, measure
from peers import NATIVE_ECHO, PEERS, Build
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from works import WORKS

__all__ = ["Judged", "main", "verdict"]

Figures = dict[str, float]
"""By name: multiples of the reference; `*_calls` a message; `idle_bytes` a connection."""

Judged = Literal["", "WORSE", "gone", "better", "new"]

BASELINE = BENCH / "baseline.json"
IDLE = 2000  # connections


def figures_of(build: Build) -> Figures:
    """Return all that is compared of one build."""
    core, server = counted.of_core(build), counted.of_server(build)
    reference = core.pop("reference").instructions
    found = {name: counts.instructions / reference for name, counts in core.items()}
    found["client_calls"] = core["client_round_trip"].calls
    found["server_echo"] = server.instructions / reference
    found["server_calls"] = server.calls
    found["idle_bytes"] = idle_bytes(build)
    return {name: float(f"{value:.5g}") for name, value in found.items()}


def idle_bytes(build: Build) -> float:
    """Return the memory of an idle connection of a server with a small pool."""
    peer = PEERS["wskit_compiled_small_pool" if build == "compiled" else "wskit_small_pool"]
    return measure(peer, WORKS["idle"], Settings(most_idle=IDLE))["idle_bytes"]


def verdict(value: float | None, known: float | None, tolerance: float) -> Judged:
    """Compare one figure, of which less is better, with what is known."""
    if value is None:
        return "gone"
    if known is None:
        return "new"
    if value > known * (1 + tolerance):
        return "WORSE"
    return "better" if value < known * (1 - tolerance) else ""


def compare(found: Figures, known: Figures, tolerances: Figures, table: Table) -> bool:
    """Fill ``table``; return whether nothing is worse, or gone."""
    good = True
    for name in {**found, **known}:
        value, before = found.get(name), known.get(name)
        tolerance = tolerances.get(name, tolerances["*"])
        judged = verdict(value, before, tolerance)
        change = f"{value / before - 1:+.1%}" if value and before else ""
        numbers = ("–" if each is None else f"{each:,.5g}" for each in (before, value))
        table.add_row(name, *numbers, change, f"±{tolerance:.0%}", judged)
        good = good and judged not in ("WORSE", "gone")
    return good


def new_table(build: Build) -> Table:
    """Return the table of one build."""
    table = Table(title=f"the {build} build", title_justify="left", box=SIMPLE)
    table.add_column("less is better")
    for heading in ("baseline", "now", "change", "allowed"):
        table.add_column(heading, justify="right")
    table.add_column("")
    return table


def record(found: dict[Build, Figures]) -> None:
    """Make what was found the baseline of this CPython."""
    known = json.loads(BASELINE.read_text())
    known["figures"].setdefault(version(), {}).update(found)
    BASELINE.write_text(json.dumps(known, indent=1) + "\n")


def version() -> str:
    """Return the version of CPython, whose counts are its own."""
    return ".".join(platform.python_version_tuple()[:2])


def prepare() -> None:
    """Make what is needed; raises MissingTool."""
    if shutil.which("valgrind") is None:
        raise MissingTool("valgrind counts here, and is missing (Debian: valgrind)")
    if not has_library("tls"):
        raise MissingTool("the native echo needs OpenSSL's headers (Debian: libssl-dev)")
    for tool in ("load", NATIVE_ECHO.script):
        compile_tool(tool)
    peers_python()
    raise_file_limit()


def main(arguments: list[str] | None = None) -> int:
    """Count, compare or record; return the exit status."""
    options = argparse.ArgumentParser(prog="bench/check.py", description=__doc__)
    options.add_argument("--record", action="store_true", help="make this the baseline")
    chosen = options.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it started is ended, too
    try:
        prepare()
    except MissingTool as error:
        print(error, file=sys.stderr)
        return 2
    builds: list[Build] = ["pure"]
    if list(COMPILED.glob("wskit/**/*.so")):
        builds.append("compiled")
    else:
        print("the compiled build is not checked: it is not there (make ext)", file=sys.stderr)
    with ThreadPoolExecutor(len(builds)) as pool:
        found = dict(zip(builds, pool.map(figures_of, builds), strict=True))
    if chosen.record:
        record(found)
    baseline = json.loads(BASELINE.read_text())
    return conclude(found, baseline["figures"].get(version()), baseline["tolerances"])


def conclude(
    found: dict[Build, Figures], known: dict[str, Figures] | None, tolerances: Figures
) -> int:
    """Print what was found beside what is known; return the exit status."""
    if known is None:
        print(f"no baseline for CPython {version()}: make bench-check RECORD=1", file=sys.stderr)
        return 2
    console = Console()
    console = console if console.is_terminal else Console(width=100)
    good = True
    for build, figures in found.items():
        table = new_table(build)
        good &= compare(figures, known.get(build, {}), tolerances, table)
        console.print(table)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
