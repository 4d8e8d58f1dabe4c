"""Runs that compute without end are ended, and said where."""

from __future__ import annotations

import signal
import threading

import pytest

from wskit.fuzzing import overdue
from wskit.fuzzing.checks import ENDS, Violation
from wskit.fuzzing.overdue import ends_in_time


def loop() -> None:
    while True:
        pass


def test_a_loop_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "SECONDS", 0.05)
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(Violation) as caught, ends_in_time():
        loop()
    assert caught.value.check is ENDS
    assert caught.value.fault == "an unknown place"
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_its_place_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from wskit.protocol.headers import request_fields

    class Endless(dict[str, str]):
        def items(self) -> object:  # type: ignore[override]
            while True:
                pass

    monkeypatch.setattr(overdue, "SECONDS", 0.05)
    with pytest.raises(Violation, match=r"protocol/headers.py request_fields"), ends_in_time():
        request_fields(Endless())


def test_other_threads_run_as_they_are() -> None:
    done: list[int] = []

    def run() -> None:
        with ends_in_time():
            done.append(1)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done == [1]
