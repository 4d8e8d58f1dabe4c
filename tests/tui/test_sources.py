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
from wskit.events import Ended, Event, Lost, Opened
from wskit.protocol.opcodes import Side
from wskit.taps import Capture
from wskit.testing import ServerPeer, ws_script, ws_server
from wskit.trace import frame_json
from wskit.tui import sources
from wskit.tui.outgoing import NotSent, parsed
from wskit.tui.sources import ClientSource, LineSource, Source

LINES = [capture(float(n)) for n in range(10)]
DATA = "".join(f"{frame_json(each)}\n" for each in LINES).encode()


def everything(source: Source) -> list[Event]:
    return taken(source, lambda found: source.ended)


def taken(source: Source, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Take until that is ``enough``."""
    found: list[Event] = []

    def take() -> bool:
        found.extend(source.take(0.01))
        return enough(found)

    wait_for(take)
    return found


def payload(event: Event) -> bytes:
    assert isinstance(event, Capture)
    return event.frame.payload


def no_thread(name: str) -> bool:
    return name not in {thread.name for thread in threading.enumerate()}


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(DATA)
    source = LineSource.open(str(tmp_path / "a.jsonl"))
    assert everything(source) == LINES
    assert (source.problem, source.take(0)) == ("", [])
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
    wait_for(lambda: len(source._ahead) == 3)
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
        opened, *found = taken(source, lambda found: len(found) == 3)
        assert [payload(each) for each in found] == [b"hello", b"hello"]
        assert isinstance(opened, Opened)
        assert (opened.url, opened.side, opened.status) == (f"{server.url}/", Side.CLIENT, 101)
        assert ("upgrade", "websocket") in opened.request
        assert "sec-websocket-accept" in dict(opened.response)
        assert (source.ended, source.problem) == (False, "")
        source.end()
        assert source.ended
        assert client.close_code == 1001
        *_, last = source.take(0)
        assert isinstance(last, Ended)
        assert (last.connection, last.how) == (opened.connection, "")


def test_a_connection_that_is_lost_says_so() -> None:
    def drops(peer: ServerPeer) -> None:
        peer.accept()
        peer.abort()

    with ws_script(drops) as server:
        source = ClientSource(connect(server.url))
        wait_for(lambda: source.ended)
        *_, last = source.take(0)
        assert isinstance(last, Ended)
        assert last.how == "the connection was lost"
        source.end()


def test_a_client_sends_what_it_is_told() -> None:
    with ws_server(Echo) as server:
        source = ClientSource(connect(server.url))
        source.send("", parsed("hello"))
        _, out, back = taken(source, lambda found: len(found) == 3)
        assert payload(out) == payload(back) == b"hello"
        with pytest.raises(NotSent, match="it sends to the server"):
            source.send("", parsed("/client hello"))
        source.end()
        with pytest.raises(NotSent, match="the connection is closed: "):
            source.send("", parsed("more"))


def test_a_recording_sends_nothing() -> None:
    source = LineSource(io.BytesIO(b""), name="x")
    with pytest.raises(NotSent, match="this is a recording"):
        source.send("a", parsed("hello"))


def test_frames_that_nobody_takes_are_counted() -> None:
    with ws_server(Echo) as server:
        client = connect(server.url)
        source = ClientSource(client)
        for _ in range(5100):
            client.write("x")
        wait_for(lambda: source._feed.lost >= 200)
        assert any(isinstance(event, Lost) for event in source.take(0))
        source.end()
