"""Plants each bug of ``bugs.py`` in a copy of wskit and sees which parts of the suite find it.

Exit code 0: every bug was found; 1: one survived; 2: a part fails without any bug. Each part has
a minute for each bug. Arguments are the parts to run, if not all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table

from tests.mutants.bugs import BUGS, Bug

__all__ = ["main"]

ROOT = Path(__file__).parents[2]
LIMIT = 60.0  # seconds
_COPIED = ("wskit", "tests", "docs", "autobahn", "pyproject.toml")
_PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly")
# One seed, so that the table can be had again.
_HUNTING = ("-p", "tests.mutants.hunting", "--hypothesis-profile=hunting", "--hypothesis-seed=1")
_SEEDED = (*_PYTEST, *_HUNTING)


@dataclass(frozen=True)
class Part:
    """Something that may find a bug: Python's arguments, run where the copy is."""

    name: str
    arguments: tuple[str, ...]
    speaks: bool = False  # what it prints is what it found, so that its end need not be awaited


PARTS = (
    Part("models", (*_SEEDED, "tests/protocol/test_model.py")),
    # Making inputs small is not what finds a bug.
    Part("strategies", (*_SEEDED, "-k", "not shrink", "tests/testing/strategies")),
    Part(
        "fuzzer", ("-m", "wskit", "fuzz", "--self", "--seed", "1", "--minutes", "0.8"), speaks=True
    ),
)


def main() -> int:
    """Hunt every bug, print the table, return the exit code."""
    wanted = sys.argv[1:] or [part.name for part in PARTS]
    parts = [part for part in PARTS if part.name in wanted]
    console = Console()
    for part in parts:
        if (seconds := _hunt(part, None)) is not None:
            console.print(f"{part.name}: fails without any bug, after {seconds:.0f} s")
            return 2
    rows = []
    for bug in BUGS:
        found = [_hunt(part, bug) for part in parts]
        rows.append((bug, found))
        console.print(_line(bug, found), markup=False, highlight=False, soft_wrap=True)
    console.print(_table(parts, rows))
    return int(any(not any(found) for _, found in rows))


def _hunt(part: Part, bug: Bug | None) -> float | None:
    """Return the seconds until ``part`` found ``bug``; None if it did not."""
    with tempfile.TemporaryDirectory(prefix="wskit-mutants-") as folder:
        root = Path(folder)
        _copy(root)
        if bug is not None:
            bug.plant(root)
        started = time.monotonic()
        found = _run(part, root)
        return time.monotonic() - started if found else None


def _copy(root: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__", ".*", "reports")
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=ignore)
        else:
            shutil.copy(source, root / name)


def _run(part: Part, root: Path) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *part.arguments],
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # so that what it starts can be ended with it
        )
        end = threading.Timer(LIMIT, _end, [process.pid])
        end.start()
        try:
            return _has_found(part, process, said)
        finally:
            end.cancel()
            _end(process.pid)
            process.wait()


def _has_found(part: Part, process: subprocess.Popen[str], said: IO[str]) -> bool:
    assert process.stdout is not None
    with process.stdout as lines:
        if part.speaks:
            return lines.readline() != ""
        words = lines.read()
    code = process.wait()
    if code not in (0, 1, -signal.SIGKILL):
        said.seek(0)
        raise RuntimeError(f"{part.name}: exit code {code}\n{words}{said.read()}")
    return code == 1


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _seconds(found: float | None) -> str:
    return f"{found:.1f} s" if found is not None else "–"


def _line(bug: Bug, found: Iterable[float | None]) -> str:
    return f"{bug.name}: {', '.join(map(_seconds, found))}"


def _table(parts: list[Part], rows: list[tuple[Bug, list[float | None]]]) -> Table:
    table = Table("bug", "breaks", *(part.name for part in parts), title="Planted bugs")
    for bug, found in rows:
        style = "" if any(found) else "red"
        table.add_row(bug.name, bug.rule, *map(_seconds, found), style=style)
    return table


if __name__ == "__main__":
    sys.exit(main())
