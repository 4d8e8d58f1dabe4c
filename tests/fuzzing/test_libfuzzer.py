"""libFuzzer in a process of its own: it feeds, it finds, it ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deadlines import scaled
from tests.mutants.bugs import BUGS
from wskit.fuzzing import libfuzzer
from wskit.fuzzing.campaign import Limits
from wskit.fuzzing.findings import Exit
from wskit.fuzzing.libfuzzer import fed, installed
from wskit.fuzzing.running import SelfConfig, fuzz
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.targets import make_target

ROOT = Path(__file__).parents[2]
SEEDS = list(seeds("parser").values())

needs_atheris = pytest.mark.skipif(not installed(), reason="atheris has no build for this Python")


@needs_atheris
def test_a_target_is_fed(tmp_path: Path) -> None:
    config = SelfConfig(
        targets=("parser",), executions=400, corpus=tmp_path, grow=True, guide="atheris"
    )
    report = fuzz(config)
    assert (report.problem, report.exit_code, report.executions) == ("", Exit.NOTHING_FOUND, 400)
    assert report.coverage is not None
    assert 0 < report.coverage[0] <= report.coverage[1]
    assert list((tmp_path / "parser").iterdir())


@needs_atheris
def test_it_finds_a_bug_in_the_wskit_that_it_imports(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "wskit", tmp_path / "wskit", ignore=shutil.ignore_patterns("__pycache__")
    )
    BUGS[0].plant(tmp_path)
    where = ("--guide", "atheris", "--executions", "3000", "--corpus", str(tmp_path / "corpus"))
    done = subprocess.run(
        [sys.executable, "-m", "wskit", "fuzz", "--self", "--target", "parser", *where],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )
    assert done.returncode == Exit.FINDINGS, done.stderr
    assert "replay: wskit fuzz --self --target parser --replay " in done.stdout


@needs_atheris
def test_what_it_died_of_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    target = make_target("parser")
    monkeypatch.setattr(target, "name", "no_target")
    report = fed(target, SEEDS[:1], Limits(5.0, 10), seed=1)
    assert report.exit_code == Exit.INTERNAL
    assert report.problem.startswith("libFuzzer ended early; its last words: ")
    assert "no_target" in report.problem


@needs_atheris
def test_ctrl_c_leaves_what_was_done_until_then() -> None:
    take = libfuzzer._Run._take

    def interrupted(run: libfuzzer._Run, line: dict[str, dict[str, str] | int]) -> None:
        take(run, line)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as fault:
        fault.setattr(libfuzzer._Run, "_take", interrupted)
        report = fed(make_target("parser"), SEEDS, Limits(60.0), seed=1)
    assert (report.exit_code, report.executions) == (Exit.INTERRUPTED, 100)


def test_ctrl_c_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def interrupted(self: object, process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("wskit.fuzzing.libfuzzer._Run._listen", interrupted)
    report = fed(make_target("parser"), SEEDS[:1], Limits(5.0, 10), seed=1)
    assert report.exit_code == Exit.INTERRUPTED
    assert processes[0].returncode is not None
