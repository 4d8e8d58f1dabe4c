"""Time the core of each build of wskit that is here, and compare: `make bench-micro`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

__all__ = ["main"]

MICRO = Path(__file__).resolve().parent
ROOT = MICRO.parents[1]
BUILDS = {"pure": ROOT, "compiled": ROOT / "build" / "compiled"}


def main() -> int:
    """Run pytest-benchmark once for each build; return the exit status."""
    found: dict[str, dict[str, float]] = {}
    for build, root in BUILDS.items():
        if build == "compiled" and not list(root.glob("wskit/**/*.so")):
            print("the compiled build is not measured: it is not there (make ext)", file=sys.stderr)
            continue
        file = MICRO.parent / "results" / f"micro-{build}.json"
        file.parent.mkdir(exist_ok=True)
        if (status := timed(root, file)) != 0:
            return status
        found[build] = medians(file)
    Console(width=100).print(comparison(found))
    return 0


def timed(root: Path, file: Path) -> int:
    """Run the tests with the build in ``root``; the figures go to ``file``."""
    options = ["-q", "-c", str(MICRO / "pytest.ini"), "--rootdir", str(MICRO)]
    command = [sys.executable, "-P", "-m", "pytest", *options, f"--benchmark-json={file}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root), str(MICRO.parent)))}
    done = subprocess.run(
        [*command, str(MICRO)], env=environment, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        print(done.stdout)
    return done.returncode


def medians(file: Path) -> dict[str, float]:
    """Return the median seconds of each operation."""
    found = json.loads(file.read_text())["benchmarks"]
    return {one["params"]["name"]: one["stats"]["median"] for one in found}


def comparison(found: dict[str, dict[str, float]]) -> Table:
    """Return a row for each operation, with its ratio where two builds were timed."""
    table = Table(title="the protocol core, medians", title_justify="left", box=SIMPLE)
    table.add_column("operation")
    for build in found:
        table.add_column(f"{build} µs", justify="right")
    if len(found) == len(BUILDS):
        table.add_column("× compiled", justify="right")
    for name in next(iter(found.values())):
        times = [each[name] for each in found.values()]
        ratio = [f"{times[0] / times[1]:.2f}"] if len(times) > 1 else []
        table.add_row(name, *(f"{each * 1e6:.2f}" for each in times), *ratio)
    return table


if __name__ == "__main__":
    sys.exit(main())
