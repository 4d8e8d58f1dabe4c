"""Taps: the guard that silences one that raises."""

from __future__ import annotations

import logging

import pytest

from wskit.protocol.frames import Direction, FrameRecord
from wskit.taps import guarded


def record(number: int = 0) -> FrameRecord:
    return FrameRecord(Direction.IN, 1, True, 0, True, 2, 2, b"%d" % number)


class TestGuarded:
    def test_passes_each_frame_on(self) -> None:
        seen: list[FrameRecord] = []
        tap = guarded(seen.append)
        frames = [record(1), record(2)]
        for frame in frames:
            tap(frame)
        assert seen == frames

    def test_one_that_raises_is_logged_once_and_never_called_again(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls: list[FrameRecord] = []

        def fails(frame: FrameRecord) -> None:
            calls.append(frame)
            raise LookupError("broken tap")

        tap = guarded(fails)
        with caplog.at_level(logging.DEBUG, "wskit"):
            tap(record())
            tap(record())
        assert len(calls) == 1
        assert [entry.levelname for entry in caplog.records] == ["ERROR"]
        assert "detached" in caplog.text
        assert "LookupError: broken tap" in caplog.text

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_does_not_swallow_what_ends_the_program(self, error: type[BaseException]) -> None:
        def fails(frame: FrameRecord) -> None:
            raise error

        with pytest.raises(error):
            guarded(fails)(record())
