"""A figure that got worse than its tolerance, or is gone, fails the check; nothing else does."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    return import_module("check")


@pytest.mark.parametrize(
    ("value", "known", "judged"),
    [
        (103.0, 100.0, ""),
        (103.1, 100.0, "WORSE"),
        (97.0, 100.0, ""),
        (96.9, 100.0, "better"),
        (1.0, None, "new"),
        (None, 100.0, "gone"),
    ],
)
def test_one_figure(
    check: ModuleType, value: float | None, known: float | None, judged: str
) -> None:
    assert check.verdict(value, known, 0.03) == judged


@pytest.mark.parametrize(
    ("found", "good"),
    [
        ({"parse": 1.0, "idle_bytes": 2000.0}, True),
        ({"parse": 1.02, "idle_bytes": 2100.0, "more": 1.0}, True),
        ({"parse": 0.5, "idle_bytes": 2000.0}, True),
        ({"parse": 1.04, "idle_bytes": 2000.0}, False),
        ({"parse": 1.0, "idle_bytes": 2200.0}, False),
        ({"parse": 1.0}, False),
    ],
)
def test_one_build(check: ModuleType, found: dict[str, float], good: bool) -> None:
    known, tolerances = {"parse": 1.0, "idle_bytes": 2000.0}, {"*": 0.03, "idle_bytes": 0.08}
    assert check.compare(found, known, tolerances, check.new_table("pure")) is good


def test_a_python_without_baseline_is_told_so(
    check: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.conclude({"pure": {"parse": 1.0}}, None, {"*": 0.03}) == 2
    assert "RECORD=1" in capsys.readouterr().err


def test_instructions_and_calls_are_read_for_each_process(
    check: ModuleType, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text(
        "SYSCALL[7,2](232) sys_epoll_wait ( 3 ) --> Success(0x1)\n"
        "SYSCALL[7,1]( 45) sys_recvfrom ( 6 )[sync] --> Success(0x26)\n"
        "SYSCALL[7,1](202) sys_futex ( 0x1 )[sync] --> Success(0x0)\n"
        "SYSCALL[8,1](228) sys_clock_gettime( 1 )[sync] --> Success(0x0)\n"
        "==7== I   refs:      1,234,567\n"
        "==8== I   refs:      1,000\n"
    )
    counted = check.counted
    assert counted.read(log) == {7: counted.Counts(1234567, 2), 8: counted.Counts(1000, 0)}


def test_the_baseline_allows_little(check: ModuleType) -> None:
    tolerances = json.loads(check.BASELINE.read_text())["tolerances"]
    assert "*" in tolerances
    assert max(tolerances.values()) <= 0.1
