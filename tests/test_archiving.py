"""HAR files as Chrome writes them, field by field; `tests/testing/test_har.py` has the frames."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wskit import __version__
from wskit.archives import read_har
from wskit.archiving import archive, conversation_entry, shown_url, whole_url
from wskit.events import Opened
from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import Side
from wskit.taps import Capture

IN, OUT = Direction.IN, Direction.OUT
START = 1767225600.25

OPENED = Opened(
    START,
    "a",
    Side.CLIENT,
    "wss://user:pass@h:8443/x?q=1",
    "[::1]:8443",
    (("Host", "h:8443"), ("Cookie", "secret")),
    101,
    (("Upgrade", "websocket"), ("Set-Cookie", "secret")),
)


def captured(direction: Direction, opcode: int, payload: bytes, time: float = START) -> Capture:
    size = len(payload)
    return Capture(time, "a", FrameRecord(direction, opcode, True, 0, False, size, size, payload))


def test_a_file_has_chromes_shape_field_by_field() -> None:
    captures = [
        captured(OUT, 1, b"text", START + 0.123),
        captured(IN, 2, b"\0\1\2", START + 0.2),
        captured(OUT, 9, b"ping", START + 0.3),
    ]
    document = json.loads("".join(archive([conversation_entry(OPENED, captures, None)])))
    (entry,) = document["log"].pop("entries")
    assert document == {
        "log": {
            "version": "1.2",
            "creator": {"name": "wskit", "version": __version__},
            "pages": [],
        }
    }
    assert [frame["opcode"] for frame in entry.pop("_wskitFrames")] == [1, 2, 9]
    assert entry == {
        "startedDateTime": "2026-01-01T00:00:00.250Z",
        "time": 300.0,
        "request": {
            "method": "GET",
            "url": "wss://h:8443/x?q=1",
            "httpVersion": "HTTP/1.1",
            "headers": [
                {"name": "Host", "value": "h:8443"},
                {"name": "Cookie", "value": "REDACTED"},
            ],
            "queryString": [{"name": "q", "value": "1"}],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": 101,
            "statusText": "Switching Protocols",
            "httpVersion": "HTTP/1.1",
            "headers": [
                {"name": "Upgrade", "value": "websocket"},
                {"name": "Set-Cookie", "value": "REDACTED"},
            ],
            "cookies": [],
            "content": {"size": 0, "mimeType": ""},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "serverIPAddress": "::1",
        "_resourceType": "websocket",
        "_webSocketMessages": [
            {"type": "send", "time": START + 0.123, "opcode": 1, "data": "text"},
            {"type": "receive", "time": START + 0.2, "opcode": 2, "data": "AAEC"},
        ],
    }


@pytest.mark.parametrize(
    ("side", "peer", "address"),
    [
        (Side.CLIENT, "127.0.0.1:80", "127.0.0.1"),
        (Side.CLIENT, "/run/socket", None),
        (Side.CLIENT, "", None),
        (Side.SERVER, "127.0.0.1:4000", None),
    ],
)
def test_the_address_is_the_servers(side: Side, peer: str, address: str | None) -> None:
    entry = conversation_entry(replace(OPENED, side=side, peer=peer), [], None)
    assert entry.get("serverIPAddress") == address


def test_what_is_missing_is_counted_and_not_joined_over(tmp_path: Path) -> None:
    half = replace(captured(OUT, 1, b"a").frame, fin=False)
    rest = captured(OUT, 0, b"b")
    captures = [Capture(START, "a", half), rest]
    joined = conversation_entry(OPENED, captures, None)
    assert len(joined["_webSocketMessages"]) == 1  # type: ignore[arg-type]
    for before, count in ((1, 0), (0, 1)):
        entry = conversation_entry(OPENED, captures, None, left_out=7, before=before)
        assert entry["_wskitFramesLeftOut"] == 7
        assert len(entry["_webSocketMessages"]) == count  # type: ignore[arg-type]
    (path := tmp_path / "a.har").write_text("".join(archive([joined])))
    (recording,) = read_har(path)
    assert [frame.payload for _, frame in recording.frames] == [b"a", b"b"]


def test_the_url_is_put_together_from_what_is_known() -> None:
    assert whole_url(OPENED) == "wss://user:pass@h:8443/x?q=1"
    assert shown_url(OPENED) == "wss://h:8443/x?q=1"
    assert whole_url(replace(OPENED, url="/y")) == "ws://h:8443/y"
    assert whole_url(replace(OPENED, url="/y", request=())) == "ws://localhost/y"
    assert whole_url(replace(OPENED, url="")) == "ws://localhost/"


def test_a_refusal_keeps_its_body_and_has_no_close() -> None:
    refused = replace(OPENED, status=403, body=b"no", response=(("Content-Type", "text/plain"),))
    entry = conversation_entry(refused, [], "refused")
    assert "_wskitClose" not in entry
    response = entry["response"]
    assert isinstance(response, dict)
    assert (response["status"], response["statusText"], response["bodySize"]) == (
        403,
        "Forbidden",
        2,
    )
    assert response["content"] == {"size": 2, "mimeType": "text/plain", "text": "no"}
