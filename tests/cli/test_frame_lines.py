"""Frames as lines: those that are wanted, until there are enough."""

from __future__ import annotations

import json
import tempfile

import pytest

from tests.cli.options import inspect_options
from tests.tui.frames import capture, frame
from tests.tui.playing import Given
from wskit.cli.exits import Failure
from wskit.cli.frame_lines import FrameLines
from wskit.cli.streams import Output
from wskit.events import Ended, Event, Lost
from wskit.tui.filters import Filter
from wskit.tui.recorder import Recorder

EVENTS: list[Event] = [
    capture(1.0, frame(1, b"one")),
    Lost(7),
    capture(2.0, frame(1, b"two")),
    Ended(3.0, "a"),
]


def written(*, filter: str = "", **options: object) -> tuple[list[str], FrameLines]:
    source = Given(EVENTS)
    source.ended = True
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stream:
        output = Output(stream, needed=True)
        lines = FrameLines(output, inspect_options(**options), Filter(filter), Recorder(None))
        lines.run(source)
        stream.seek(0)
        return stream.read().splitlines(), lines


def test_what_was_lost_is_told_in_its_place() -> None:
    [_, one, gap, two], _ = written()
    assert '"one"' in one
    assert gap == "... 7 frames were not shown"
    assert '"two"' in two


def test_json_has_frames_and_gaps() -> None:
    lines, _ = written(json=True)
    assert [json.loads(line)["event"] for line in lines] == ["frame", "lost", "frame"]
    assert json.loads(lines[1])["frames"] == 7


def test_it_ends_when_enough_is_written() -> None:
    assert len(written(json=True, count=1)[0]) == 1
    assert written(json=True, seconds=0.0)[0] == []


def test_everything_is_kept_for_an_export_only() -> None:
    _, lines = written(filter="two", export="x.har")
    assert len(lines.history) == 2
    assert lines.history._limit == 64 << 20
    assert written()[1].history._limit == 1 << 16


def test_a_recording_that_fails_ends_it() -> None:
    class Full(Recorder):
        def __call__(self, events: object) -> str:
            return "recording ended: full"

    lines = FrameLines(Output(None, needed=True), inspect_options(), Filter(""), Full(None))
    with pytest.raises(Failure, match="recording ended: full"):
        lines.run(Given(EVENTS))
