"""HAR files as frames: lossless where wskit wrote them, messages elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.testing.conversing import Echo
from wskit import Compression
from wskit.events import Event, Opened
from wskit.protocol.frames import Direction
from wskit.protocol.opcodes import Side
from wskit.taps import Capture
from wskit.testing import har_text, ws_server
from wskit.testing.transcripts import Transcript, transcribing
from wskit.tui import har_files
from wskit.tui.har_files import HarSource
from wskit.tui.outgoing import NotSent, parsed


def events(source: HarSource) -> list[Event]:
    found: list[Event] = []
    while not source.ended:
        found += source.take(0)
    return found


def everything(source: HarSource) -> list[Capture]:
    return [event for event in events(source) if isinstance(event, Capture)]


MESSAGE: dict[str, object] = {"type": "send", "time": 1767225601.0, "opcode": 1, "data": "x"}


def entry(url: str, start: str, messages: list[dict[str, object]], **more: object) -> object:
    return {
        "startedDateTime": start,
        "request": {"url": url, "headers": []},
        "response": {"status": 101, "headers": []},
        "_webSocketMessages": messages,
        **more,
    }


def written(tmp_path: Path, *entries: object) -> str:
    path = tmp_path / "a.har"
    path.write_text(json.dumps({"log": {"entries": entries}}))
    return str(path)


def test_frames_of_wskit_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    with transcribing(Transcript(keep_all=True)) as transcript, ws_server(Echo) as server:
        with server.connect(compression=Compression()) as peer:
            peer.send_fragments(["one ", "two"])
            peer.ping(b"p")
            peer.expect_pong(b"p")
            peer.expect_text("one two")
            peer.send_frame(3, b"\xff")
            peer.expect_close(1002)
        [wire] = [each for each in transcript.wires if each.name.startswith("client")]
    path.write_text(har_text([wire]))
    found = everything(HarSource.open(str(path)))
    assert [each.frame for each in found] == [each.frame for each in wire.captures]
    assert found[0].connection == f"1 {server.url}/"


def test_the_handshake_comes_before_its_frames(tmp_path: Path) -> None:
    browsed = entry("wss://a/b", "2026-01-01T00:00:10Z", [MESSAGE])
    refused = entry("ws://c/", "2026-01-01T00:00:20Z", [])
    assert isinstance(refused, dict)
    refused["response"] = {"status": 403, "headers": [{"name": "X", "value": "y"}]}
    first, message, second = events(HarSource.open(written(tmp_path, browsed, refused)))
    assert isinstance(message, Capture)
    assert isinstance(first, Opened)
    assert first == Opened(first.time, message.connection, Side.CLIENT, "wss://a/b")
    assert isinstance(second, Opened)
    assert (second.url, second.status, second.response) == ("ws://c/", 403, (("X", "y"),))


def test_nothing_can_be_sent_to_it(tmp_path: Path) -> None:
    source = HarSource.open(written(tmp_path, entry("ws://a/", "2026-01-01T00:00:00Z", [MESSAGE])))
    with pytest.raises(NotSent, match="this is a recording"):
        source.send("a", parsed("x"))


def test_messages_of_browsers_are_a_frame_each(tmp_path: Path) -> None:
    one = [
        {"type": "send", "time": 1000.5, "opcode": 1, "data": "hé"},
        {"type": "receive", "time": 1002.0, "opcode": 2, "data": "/w=="},
    ]
    other = [{"type": "receive", "time": 1001.0, "opcode": 1, "data": "x"}]
    path = written(
        tmp_path,
        entry("wss://a/", "1970-01-01T00:16:40Z", one),
        entry("https://b/", "nonsense", other),
    )
    found = [
        (c.time, c.connection, c.frame.direction, c.frame.opcode, c.frame.payload, c.frame.masked)
        for c in everything(HarSource.open(path))
    ]
    assert found == [
        (1000.5, "1 wss://a/", Direction.OUT, 1, "hé".encode(), True),
        (1001.0, "2 wss://b/", Direction.IN, 1, b"x", False),
        (1002.0, "1 wss://a/", Direction.IN, 2, b"\xff", False),
    ]


@pytest.mark.parametrize(
    ("code", "reason", "by", "payload"),
    [
        (4001, "bye", "client", b"\x0f\xa1bye"),
        (1005, "", "server", b""),
        (1004, "x", "server", b"\x03\xec"),
        (1006, "", "client", None),
        (1000, "", None, None),
    ],
)
def test_a_close_is_a_frame_if_somebody_sent_it(
    tmp_path: Path, code: int, reason: str, by: str | None, payload: bytes | None
) -> None:
    close = {"code": code, "reason": reason, "initiatedBy": by, "clean": True}
    path = written(tmp_path, entry("ws://a/", "", [], _wskitClose=close))
    found = [(each.frame.opcode, each.frame.payload) for each in everything(HarSource.open(path))]
    assert found == ([] if payload is None else [(8, payload)])


def test_files_without_a_conversation_or_too_large_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    with pytest.raises(ValueError, match=r"a\.har: has no WebSocket conversation"):
        HarSource.open(path)
    monkeypatch.setattr(har_files, "LARGEST", 10)
    with pytest.raises(ValueError, match=r"a\.har: has \d+ bytes, more than 10"):
        HarSource.open(path)
    with pytest.raises(FileNotFoundError):
        HarSource.open(str(tmp_path / "b.har"))
