"""Guidance: lines of the files named, in every thread, and nothing else."""

from __future__ import annotations

import sys
import threading

import pytest

from wskit.fuzzing.guiding import lines_of, make_guide
from wskit.protocol.frames import frame_bin, frame_text, header

FILES = ("protocol/frames.py",)


def test_lines_of_functions_are_counted() -> None:
    lines = lines_of(FILES)
    assert 20 < len(lines) < 200
    assert {path.rsplit("/", 1)[-1] for path, _ in lines} == {"frames.py"}


def test_what_runs_is_noted_once() -> None:
    guide = make_guide(FILES)
    guide.start()
    try:
        header(0x82, 5)
        first = guide.reached
        header(0x82, 5)
        assert guide.reached == first > 0
        header(0x82, 500)
        assert guide.reached > first
    finally:
        guide.stop()
    reached = guide.reached
    frame_text("x")
    assert guide.reached == reached
    assert guide.lines & lines_of(FILES)


def test_other_files_are_not_watched() -> None:
    guide = make_guide(("protocol/opcodes.py",))
    guide.start()
    try:
        frame_bin(b"x")
    finally:
        guide.stop()
    assert guide.reached == 0


def test_threads_that_start_meanwhile_are_watched() -> None:
    guide = make_guide(FILES)
    guide.start()
    try:
        thread = threading.Thread(target=frame_bin, args=(b"x",))
        thread.start()
        thread.join()
    finally:
        guide.stop()
    assert guide.reached > 0


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_guides_give_their_tool_back() -> None:
    for _ in range(10):
        guide = make_guide(FILES)
        guide.start()
        guide.start()
        guide.stop()
        guide.stop()
    assert not guide.costs
