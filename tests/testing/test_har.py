"""HAR files: what is written of frames, messages, handshakes and ends."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.testing.conversing import Echo, Refusing
from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import Side
from wskit.testing import har_text, read_har, ws_client, ws_server
from wskit.testing.wires import Exchange, Wire

IN, OUT = Direction.IN, Direction.OUT


def frame(
    direction: Direction,
    opcode: int,
    payload: bytes,
    *,
    fin: bool = True,
    length: int | None = None,
) -> FrameRecord:
    size = len(payload) if length is None else length
    return FrameRecord(direction, opcode, fin, 0, direction is OUT, size, size, payload)


def wire_of(*frames: FrameRecord, side: Side = Side.CLIENT, keep_all: bool = True) -> Wire:
    wire = Wire("a", side, keep_all=keep_all)
    wire.exchange = Exchange("ws://h/x?q=1&e=", (("Host", "h"),), 101, ())
    for each in frames:
        wire.record(each)
    return wire


def entry_of(wire: Wire, **options: Any) -> dict[str, Any]:
    (entry,) = json.loads(har_text([wire], **options))["log"]["entries"]
    assert isinstance(entry, dict)
    return entry


def said(entry: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(m["type"], m["opcode"], m["data"]) for m in entry["_webSocketMessages"]]


def test_an_entry_has_the_fields_that_readers_need() -> None:
    wire = wire_of(frame(OUT, 1, b"hi"))
    wire.start = 1767225600.25
    entry = entry_of(wire)
    assert entry["startedDateTime"] == "2026-01-01T00:00:00.250Z"
    assert entry["_resourceType"] == "websocket"
    assert entry["request"]["url"] == "ws://h/x?q=1&e="
    assert entry["request"]["queryString"] == [
        {"name": "q", "value": "1"},
        {"name": "e", "value": ""},
    ]
    assert entry["response"]["statusText"] == "Switching Protocols"
    assert isinstance(entry["_webSocketMessages"][0]["time"], float)
    assert "_wskitClose" not in entry
    assert entry["_wskitFrames"][0] | {"time": 0} == {
        "direction": "send",
        "time": 0,
        "opcode": 1,
        "fin": True,
        "rsv": 0,
        "masked": True,
        "wireLength": 2,
        "length": 2,
        "data": "hi",
    }


def test_messages_are_whole_and_pure() -> None:
    frames = [
        frame(OUT, 1, "é".encode()[:1], fin=False),
        frame(IN, 2, b"\0", fin=False),
        frame(OUT, 9, b"p"),
        frame(OUT, 0, "é".encode()[1:]),
        frame(IN, 0, b"\1"),
        frame(IN, 0, b"no message"),
        frame(IN, 1, b"\xff"),
        frame(OUT, 1, b""),
    ]
    entry = entry_of(wire_of(*frames))
    error = ("receive", -1, "text that is not UTF-8")
    assert said(entry) == [("send", 1, "é"), ("receive", 2, "AAE="), error, ("send", 1, "")]
    assert [f["opcode"] for f in entry["_wskitFrames"]] == [1, 2, 9, 0, 0, 0, 1, 1]
    first = entry["_wskitFrames"][0]
    assert (first["data"], first["encoding"], first["fin"]) == ("ww==", "base64", False)


def test_a_server_sees_it_the_other_way_round() -> None:
    wire = wire_of(frame(IN, 1, b"q"), frame(OUT, 1, b"a"), side=Side.SERVER)
    wire.exchange = Exchange("/chat", (("host", "h:1"),), 101, ())
    entry = entry_of(wire)
    assert said(entry) == [("send", 1, "q"), ("receive", 1, "a")]
    assert entry["request"]["url"] == "ws://h:1/chat"


def test_what_was_cut_or_dropped_is_marked() -> None:
    wire = wire_of(frame(OUT, 1, "a👋".encode()[:3], length=5), frame(IN, 2, b"x", length=9))
    entry = entry_of(wire)
    assert said(entry) == [("send", 1, "a"), ("receive", 2, "eA==")]
    assert all(message["_truncated"] for message in entry["_webSocketMessages"])
    many = wire_of(frame(OUT, 1, b"never ends", fin=False), keep_all=False)
    for number in range(700):
        many.record(frame(OUT, 9, b"%d" % number))
    many.record(frame(OUT, 0, b"whose end?"))
    entry = entry_of(many)
    kept = len(entry["_wskitFrames"])
    assert entry["_wskitFramesLeftOut"] == 702 - kept
    assert kept < 702
    assert said(entry) == []


@pytest.mark.parametrize(
    ("frames", "ending", "close"),
    [
        ([(OUT, b"\x03\xe8bye"), (IN, b"\x03\xe8")], "", (1000, "bye", "client", True)),
        ([(IN, b"")], "", (1005, "", "server", False)),
        ([(IN, b"\x03\xedx")], "", (1005, "(close code 1005 may not", "server", False)),
        ([], "dropped by the server: reset", (1006, "", "server", False)),
        ([], "the server broke the protocol: x", (1006, "", None, False)),
    ],
)
def test_the_end_is_told(
    frames: list[tuple[Direction, bytes]], ending: str, close: tuple[object, ...]
) -> None:
    wire = wire_of(*(frame(direction, 8, payload) for direction, payload in frames))
    wire.ending = ending
    found = entry_of(wire)["_wskitClose"]
    assert (found["code"], found["initiatedBy"], found["clean"]) == (close[0], *close[2:])
    assert found["reason"].startswith(close[1])
    assert found["ending"] == ending


def test_secrets_are_not_written_unless_asked_for() -> None:
    wire = wire_of()
    fields = (("AUTHORIZATION", "s3cret"), ("X-Own", "s3cret"))
    wire.exchange = Exchange("wss://me:s3cret@h/", fields, 101, (("set-cookie", "s3cret"),))
    assert har_text([wire]).count("s3cret") == 1
    assert har_text([wire], redact=["X-OWN"]).count("s3cret") == 3
    assert har_text([wire], redact=()).count("s3cret") == 4


def test_an_unknown_handshake_and_an_odd_status_can_be_written() -> None:
    wire = wire_of()
    wire.exchange = None
    assert entry_of(wire)["request"]["url"] == "ws://localhost/"
    wire.exchange = Exchange("ws://h/", (), 799, ())
    assert entry_of(wire)["response"]["statusText"] == ""


def test_live_conversations_are_written(tmp_path: Path) -> None:
    with ws_server(Echo) as server, ws_server(Refusing) as other, server.connect() as client:
        client.send("hi")
        client.expect_text("hi")
        client.close(4000, "x")
        client.expect_close()
        refused = ws_client(other.url)
        text = har_text([client._stream.wire, refused._stream.wire])
    (path := tmp_path / "a.har").write_text(text)
    first, second = read_har(path)
    assert [message.message.data for message in first.messages] == ["hi", "hi"]
    assert first.close is not None
    assert (first.close.code, first.close.reason, first.close.clean) == (4000, "x", True)
    assert (second.status, second.close) == (401, None)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.text() | st.binary(), st.integers(1, 3)),
        max_size=8,
    )
)
def test_what_is_written_is_read(messages: list[tuple[bool, str | bytes, int]]) -> None:
    wire = wire_of()
    for sent, data, count in messages:
        payload = data.encode() if isinstance(data, str) else data
        size = len(payload) // count + 1
        parts = [payload[i * size : (i + 1) * size] for i in range(count)]
        for number, part in enumerate(parts):
            opcode = 0 if number else 1 if isinstance(data, str) else 2
            wire.record(frame(OUT if sent else IN, opcode, part, fin=number + 1 == count))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.har"
        path.write_text(har_text([wire]))
        (recording,) = read_har(path)
    found = [(m.sender is Side.CLIENT, m.message.data) for m in recording.messages]
    assert found == [(sent, data) for sent, data, _ in messages]
    assert all(m.whole and m.time >= 0 for m in recording.messages)
