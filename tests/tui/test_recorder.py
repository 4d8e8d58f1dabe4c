"""A recording while it is made: what is there can be read, and a full disk is said once."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterable

from tests.tui.frames import capture, frame
from wskit.events import Event, Lost
from wskit.tui.reading import events
from wskit.tui.recorder import Recorder


class Full(io.BytesIO):
    def writelines(self, lines: Iterable[object]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_recorded_can_be_read_at_once() -> None:
    file = io.BytesIO()
    record = Recorder(file)
    frames: list[Event] = [capture(1.0), Lost(3), capture(2.0, frame(2, b"\x00"))]
    assert record(frames[:1]) == record(frames[1:]) == record([]) == ""
    assert list(events(io.BytesIO(file.getvalue()))) == frames


def test_a_failure_is_said_once() -> None:
    record = Recorder(Full())
    assert record([capture(1.0)]) == "recording ended: No space left on device"
    assert record([capture(1.0)]) == ""


def test_without_a_file_nothing_is_recorded() -> None:
    assert Recorder(None)([capture(1.0)]) == ""
