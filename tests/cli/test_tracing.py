"""The tracer: every frame in order, the drops counted, a reader that is gone told to its owner."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from typing import TextIO

import pytest

from tests.deadlines import scaled
from wskit.cli.exits import Failure, NobodyReads
from wskit.cli.streams import Output
from wskit.cli.tracing import Tracer
from wskit.feeds import Feed
from wskit.protocol.frames import Direction, FrameRecord
from wskit.trace import LineFormat


@pytest.fixture
def written(tmp_path_factory: pytest.TempPathFactory) -> TextIO:
    return (tmp_path_factory.mktemp("trace") / "out").open("w+")


def lines_of(stream: TextIO) -> list[str]:
    stream.seek(0)
    with stream:
        return stream.read().splitlines()


def put(feed: Feed, *payloads: bytes) -> None:
    for payload in payloads:
        size = len(payload)
        feed.tap("#1")(FrameRecord(Direction.IN, 1, True, 0, True, size, size, payload))


def unused() -> None:
    raise AssertionError("writing works")


def test_writes_every_frame_below_one_heading(written: TextIO) -> None:
    feed, layout = Feed(), LineFormat(start=0.0)
    with Tracer(feed, Output(written, needed=True), layout, on_failure=unused):
        for number in range(50):
            put(feed, b"%d" % number)
    heading, *lines = lines_of(written)
    assert heading == layout.heading()
    assert [line.split('"')[1] for line in lines] == [str(number) for number in range(50)]


def test_writes_nothing_where_nothing_came(written: TextIO) -> None:
    with Tracer(Feed(), Output(written, needed=True), LineFormat(), on_failure=unused):
        pass
    assert lines_of(written) == []


def test_writes_json_without_a_layout(written: TextIO) -> None:
    feed = Feed()
    with Tracer(feed, Output(written, needed=True), None, on_failure=unused):
        put(feed, b"hello")
    assert [json.loads(line)["text"] for line in lines_of(written)] == ["hello"]


@pytest.mark.parametrize("layout", [None, LineFormat()])
def test_says_how_many_frames_the_feed_dropped(written: TextIO, layout: LineFormat | None) -> None:
    feed = Feed(size=2)
    put(feed, b"1", b"2", b"3", b"4", b"5")
    with Tracer(feed, Output(written, needed=True), layout, on_failure=unused):
        pass
    *_, last = lines_of(written)
    if layout is None:
        assert json.loads(last) == {"event": "lost", "frames": 3}
    else:
        assert last == "... 3 frames were not shown"


def test_a_reader_that_is_gone_is_told_to_the_owner_and_raised_at_the_end() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    feed, told = Feed(), threading.Event()
    with os.fdopen(writer, "w") as stream:
        tracer = Tracer(feed, Output(stream, needed=True), None, on_failure=told.set)
        put(feed, b"x")
        with pytest.raises(NobodyReads), tracer:
            assert told.wait(scaled(5))


def test_an_error_of_the_block_comes_first() -> None:
    feed, told = Feed(), threading.Event()
    with open("/dev/full", "w") as full:
        tracer = Tracer(feed, Output(full, needed=True), None, on_failure=told.set)
        put(feed, b"x")
        with contextlib.suppress(KeyError), tracer:
            assert told.wait(scaled(5))
            raise KeyError
        tracer = Tracer(Feed(), Output(full, needed=True), None, on_failure=unused)
        with tracer:
            pass


def test_a_full_disk_is_a_failure() -> None:
    feed = Feed()
    with open("/dev/full", "w") as full:
        tracer = Tracer(feed, Output(full, needed=True), None, on_failure=lambda: None)
        put(feed, b"x")
        with pytest.raises(Failure, match="No space left"), tracer:
            pass
