"""How long expectations wait, and that no time passes while somebody debugs."""

from __future__ import annotations

import bdb
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.deadlines import scaled
from wskit.testing.timeouts import Patience, defaults, under_debugger


@pytest.fixture(autouse=True)
def trace_is_put_back() -> Iterator[None]:
    trace = sys.gettrace()
    yield
    sys.settrace(trace)


class Debugger(bdb.Bdb):
    """Traces and never stops."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()


def test_the_default_is_that_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "timeout", 7.0)
    assert 6 < Patience(None).left <= 7
    assert str(Patience(None)) == "7 s"
    assert 2 < Patience(3).left <= 3
    assert str(Patience(0.25)) == "0.25 s"


def test_it_is_over_at_some_time_and_stays_so() -> None:
    patience = Patience(0.001)
    assert not patience.passed
    start = time.monotonic()
    while patience.left:
        assert time.monotonic() - start < scaled(1)
    assert patience.left == 0.0
    while not patience.passed:
        assert time.monotonic() - start < scaled(1)
    patience.restart()
    assert not patience.passed


def test_zero_is_over_at_once() -> None:
    assert Patience(0).left == 0.0


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), True, "1"])
def test_other_times_are_refused(seconds: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^timeout: must be "):
        Patience(seconds)  # type: ignore[arg-type]


class TestDebuggers:
    def test_there_is_none(self) -> None:
        sys.settrace(None)
        assert not under_debugger()

    def test_a_bdb_is_one(self) -> None:
        sys.settrace(Debugger().trace_dispatch)
        found = under_debugger()
        sys.settrace(None)
        assert found

    @pytest.mark.parametrize("kind", ["function", "method", "other"])
    def test_what_measures_coverage_is_none(self, kind: str) -> None:
        class Tracer:
            def trace(self, *args: object) -> None: ...

            def __call__(self, *args: object) -> None: ...

        tracer = Tracer()
        traces: dict[str, Callable[..., None]] = {
            "function": lambda *args: None,
            "method": tracer.trace,
            "other": tracer,
        }
        sys.settrace(traces[kind])
        found = under_debugger()
        sys.settrace(None)
        assert not found

    def test_the_trace_of_another_thread_is_its_own(self) -> None:
        found: list[bool] = []
        sys.settrace(Debugger().trace_dispatch)
        thread = threading.Thread(target=lambda: found.append(under_debugger()))
        thread.start()
        thread.join()
        sys.settrace(None)
        assert found == [False]

    def test_somebody_at_a_prompt_counts_in_every_thread(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(defaults, "debugging", True)
        assert under_debugger()

    def test_pydevd_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pydevd", sys)
        assert under_debugger()

    def test_a_tool_of_sys_monitoring_may_be_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Monitoring:
            DEBUGGER_ID = 0
            tool: str | None = None

            def get_tool(self, number: int) -> str | None:
                return self.tool if number == self.DEBUGGER_ID else "coverage"

        sys.settrace(None)
        monitoring = Monitoring()
        monkeypatch.setattr(sys, "monitoring", monitoring, raising=False)
        assert not under_debugger()
        monitoring.tool = "debugger"
        assert under_debugger()

    def test_no_time_passes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(defaults, "debugging", True)
        patience, zero, firm = Patience(0.001), Patience(0), Patience(0.001, firm=True)
        start = time.monotonic()
        while time.monotonic() - start < 0.003:
            assert patience.left
        assert zero.left == 0.0, "who does not want to wait does not"
        assert firm.left == 0.0, "nor who wants to wait for nothing"
        assert not patience.passed

    def test_afterwards_all_the_time_is_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        patience = Patience(0.005)
        while patience.left:
            pass
        monkeypatch.setattr(defaults, "resumed", time.monotonic())
        assert patience.left
