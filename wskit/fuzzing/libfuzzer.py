"""Feeds a target by libFuzzer, where atheris is installed: it follows branches and comparisons.

The law of this file: libFuzzer owns the process it runs in, so it gets one, which is ended by its
id, whatever happens.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from .campaign import MOST_FINDINGS, Campaign, Limits
from .findings import Finding, Report
from .libfuzzer_process import Order
from .targets import Target

__all__ = ["MISSING", "fed", "installed"]

MISSING = (
    "guided by lines; for libFuzzer's guidance by branches and comparisons: pip install atheris"
)
"""What is said where it is not installed."""

_PATIENCE = 60.0  # seconds for starting, and for making what was found small


def installed() -> bool:
    """Whether atheris can be imported here."""
    return find_spec("atheris") is not None


def fed(
    target: Target,
    inputs: list[bytes],
    limits: Limits,
    *,
    seed: int,
    found: Callable[[Finding], None] = lambda finding: None,
    kept: Callable[[bytes], None] = lambda data: None,
) -> Report:
    """Feed ``target`` as a ``Campaign`` does; its lines are counted after the run, without hurry.

    Ctrl-C ends it early, with what was found. ``Report.problem`` says why libFuzzer failed.
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wskit-fuzz-") as folder:
        for number, data in enumerate(inputs):
            Path(folder, f"seed-{number}").write_bytes(data)
        order = Order(
            target=target.name,
            files=target.files,
            corpus=folder,
            seed=seed,
            seconds=limits.seconds,
            executions=limits.executions,
            most_findings=MOST_FINDINGS,
        )
        report = _Run(order, found).report()
        seconds = time.monotonic() - start
        corpus = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    again = Campaign(target, corpus, seed=seed, kept=kept, watched=1.0)
    lines = again.run(Limits(_PATIENCE + limits.seconds, len(corpus))).coverage
    return dataclasses.replace(report, coverage=lines, seconds=seconds)


class _Run:
    """One process and what it says."""

    def __init__(self, order: Order, found: Callable[[Finding], None]) -> None:
        self._order, self._found = order, found
        self._findings: list[Finding] = []
        self._executions, self._over = 0, False

    def report(self) -> Report:
        interrupted = False
        with tempfile.TemporaryFile() as errors:
            process = _started(errors)
            # A last resort: what a target computes is ended by the process itself.
            last = threading.Timer(self._order.seconds + _PATIENCE, process.kill)
            last.start()
            try:
                self._listen(process)
            except KeyboardInterrupt:
                interrupted = True
            finally:
                last.cancel()
                process.kill()
                process.wait()
                last.join()
            problem = "" if interrupted or self._over else _last_line(errors)
        return Report(
            findings=tuple(self._findings),
            executions=self._executions,
            interrupted=interrupted,
            problem=problem,
        )

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            process.stdin.write(json.dumps(dataclasses.asdict(self._order)).encode())
            process.stdin.close()
            for line in process.stdout:
                self._take(json.loads(line))

    def _take(self, line: dict[str, dict[str, str] | int]) -> None:
        match line:
            case {"finding": dict(told)}:
                self._findings.append(finding := _finding(told))
                self._found(finding)
            case {"executions": int(count)}:
                self._executions, self._over = count, "over" in line


def _finding(told: dict[str, str]) -> Finding:
    """What the process has said; the arguments that replay it go by the target."""
    return Finding(
        check=told["check"],
        target=told["target"],
        detail=told["detail"],
        data=bytes.fromhex(told["data"]),
        source=told["source"],
        fault=told["fault"],
    )


def _started(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    package = str(Path(__file__).parents[2])
    paths = [package, os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "wskit.fuzzing.libfuzzer_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").split()
    return f"libFuzzer ended early; its last words: {' '.join(lines[-30:])}"
