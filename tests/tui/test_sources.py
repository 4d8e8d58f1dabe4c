"""Sources: lines from files and pipes, and a client of our own."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from tests.testing.conversing import Echo
from tests.tui.frames import capture
from wskit import connect
from wskit.taps import Capture
from wskit.testing import ws_server
from wskit.trace import frame_json
from wskit.tui import sources
from wskit.tui.sources import ClientSource, LineSource, Source

LINES = [capture(float(n)) for n in range(10)]
DATA = "".join(f"{frame_json(each)}\n" for each in LINES).encode()


def everything(source: Source) -> list[Capture]:
    return taken(source, lambda found: source.ended)


def taken(source: Source, enough: Callable[[list[Capture]], bool]) -> list[Capture]:
    """Take until that is ``enough``."""
    found: list[Capture] = []

    def take() -> bool:
        found.extend(source.take(0.01))
        return enough(found)

    wait_for(take)
    return found


def no_thread(name: str) -> bool:
    return name not in {thread.name for thread in threading.enumerate()}


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(DATA)
    source = LineSource.open(str(tmp_path / "a.jsonl"))
    assert everything(source) == LINES
    assert (source.problem, source.lost, source.take(0)) == ("", 0, [])
    wait_for(lambda: no_thread("wskit-lines"))


def test_a_file_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LineSource.open(str(tmp_path / "b"))


def test_what_is_wrong_is_the_end_and_a_problem() -> None:
    source = LineSource(io.BytesIO(DATA + b"\x1b[2J\n"), name="some\x1bfile")
    assert everything(source) == LINES
    assert source.problem.startswith("some\\x1bfile: line 11: is not JSON")


def test_a_pipe_gives_what_has_come() -> None:
    reading, writing = os.pipe()
    source = LineSource(os.fdopen(reading, "rb"), name="stdin")
    assert source.take(0.01) == []
    os.write(writing, DATA[: len(DATA) // 10])
    assert source.take(scaled(5)) == LINES[:1]
    assert not source.ended
    os.close(writing)
    wait_for(lambda: source.ended)


def test_it_is_read_no_faster_than_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_AHEAD", 3)
    lines = io.BytesIO(DATA)
    source = LineSource(lines, name="x")
    wait_for(lambda: len(source._captures) == 3)
    assert lines.tell() < len(DATA)
    assert everything(source) == LINES


def test_its_end_ends_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_AHEAD", 3)
    source = LineSource(io.BytesIO(DATA), name="x")
    source.end()
    source.end()
    wait_for(lambda: no_thread("wskit-lines"))


def test_a_client_is_watched_and_read() -> None:
    with ws_server(Echo) as server:
        client = connect(server.url)
        source = ClientSource(client)
        client.write("hello")
        found = taken(source, lambda found: len(found) == 2)
        assert [each.frame.payload for each in found] == [b"hello", b"hello"]
        assert (source.ended, source.lost, source.problem) == (False, 0, "")
        source.end()
        assert source.ended
        assert client.close_code == 1001


def test_frames_that_nobody_takes_are_counted() -> None:
    with ws_server(Echo) as server:
        client = connect(server.url)
        source = ClientSource(client)
        for _ in range(5100):
            client.write("x")
        wait_for(lambda: source.lost >= 200)
        source.end()
