"""Recorded conversations, replayed as the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.testing.conversing import Echo, Refusing, their_server
from wskit.testing import replay, ws_client, ws_record, ws_server


def archived(folder: Path, *messages: tuple[str, str], **more: Any) -> Path:
    """Write a HAR file as a browser would."""
    entry = {
        "request": {
            "url": "https://example.com/chat?x=1",
            "headers": [
                {"name": ":authority", "value": "example.com"},
                {"name": "Host", "value": "example.com"},
                {"name": "Origin", "value": "https://example.com"},
                {"name": "Cookie", "value": "REDACTED"},
                {"name": "Sec-WebSocket-Extensions", "value": "permessage-deflate"},
            ],
        },
        "response": {"status": 101},
        "_webSocketMessages": [
            {"type": kind, "time": number, "opcode": 1, "data": data}
            for number, (kind, data) in enumerate(messages)
        ],
    } | more
    path = folder / "a.har"
    path.write_text(json.dumps({"log": {"entries": [entry]}}))
    return path


def close(code: int, by: str | None, reason: str = "", clean: bool = True) -> dict[str, object]:
    return {"code": code, "reason": reason, "initiatedBy": by, "clean": clean}


def test_a_capture_of_a_browser_becomes_a_test(tmp_path: Path) -> None:
    seen = []

    def handler(conn: Any) -> None:
        seen.append((conn.request.path, conn.request.headers["Origin"]))
        for message in conn:
            conn.send(message)

    path = archived(tmp_path, ("send", "hi"), ("receive", "hi"))
    with their_server(handler) as url:
        replay(path, url)
        replay(path, url + "/own")
    assert seen == [("/chat?x=1", "https://example.com"), ("/own", "https://example.com")]


def test_a_deviation_says_step_and_connection_and_shows_the_frames(tmp_path: Path) -> None:
    path = archived(tmp_path, ("send", "a"), ("receive", "a"), ("send", "b"), ("receive", "B"))
    with ws_server(Echo) as server, pytest.raises(AssertionError) as deviation:
        replay(path, server.url)
    lines = str(deviation.value).splitlines()
    assert lines[0] == "step 4 of connection 1: expected text 'B', got text 'b'"
    assert lines[1:3] == ["  - B", "  + b"]
    assert lines[3] == "the last frames, seen from the client:"
    assert len(lines) == 8


def test_json_is_compared_by_value_if_wanted(tmp_path: Path) -> None:
    path = archived(tmp_path, ("send", '{"b":2, "a":[1]}'), ("receive", '{"a":[1],"b":2}'))
    with ws_server(Echo) as server:
        replay(path, server.url, match="json")
        with pytest.raises(AssertionError, match=r"^step 2 of connection 1: expected text '"):
            replay(path, server.url)
    for sent in ('{"a":[1],"b":2,"c":3}', '{"a":[true],"b":2}', "no json"):
        archived(tmp_path, ("send", sent), ("receive", '{"a":[1],"b":2}'))
        with ws_server(Echo) as server, pytest.raises(AssertionError, match=r"^step 2 of"):
            replay(path, server.url, match="json")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (close(4001, "server", "as you wish"), None),
        (close(4002, "server", "as you wish"), "step 2 of connection 1: expected close 4002"),
        (close(1006, "server"), "step 2 of connection 1: expected the end of the conn"),
        (close(1006, None), None),
        (None, None),
    ],
)
def test_the_end_has_to_come_as_it_did(tmp_path: Path, end: object, words: str | None) -> None:
    path = archived(tmp_path, ("send", "bye"), _wskitClose=end)
    with ws_server(Echo) as server:
        if words is None:
            replay(path, server.url)
            return
        with pytest.raises(AssertionError) as error:
            replay(path, server.url)
    assert str(error.value).startswith(words)


@pytest.mark.parametrize(
    "end",
    [
        close(1000, "client", "x"),
        close(1005, "client"),
        close(1006, "client"),
        close(4000, "client", clean=False),
    ],
)
def test_the_client_ends_as_it_did(tmp_path: Path, end: object) -> None:
    path = archived(tmp_path, ("send", "a"), ("receive", "a"), _wskitClose=end)
    with ws_server(Echo) as server:
        replay(path, server.url)


def test_a_close_that_may_not_be_sent_is_sent(tmp_path: Path) -> None:
    path = archived(tmp_path, _wskitClose=close(999, "server", "odd"))
    with ws_record(path) as server, ws_client(server.url) as client:
        client.expect_frame(8, b"\x03\xe7odd")


def test_a_server_that_is_gone_is_a_deviation(tmp_path: Path) -> None:
    path = archived(tmp_path, ("send", "bye"), ("receive", "ok"), ("send", "more"))
    with ws_server(Echo) as server, pytest.raises(AssertionError, match=r"expected text 'ok', got"):
        replay(path, server.url)
    archived(tmp_path, ("send", "bye"), _wskitClose=close(1000, "client", "late"))
    with ws_record(path) as server_again, ws_client(server_again.url) as client:
        client.send("bye")
        client.close(1000, "late")
        client.expect_close()


def test_a_refusal_instead_of_the_conversation_is_told(tmp_path: Path) -> None:
    path = archived(tmp_path, ("send", "a"))
    with ws_server(Refusing) as server, pytest.raises(AssertionError) as error:
        replay(path, server.url)
    words = "the handshake of connection 1: expected it to be accepted, got HTTP status 401"
    assert str(error.value) == words


def test_what_cannot_be_replayed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.har: connection 1 failed without a response"):
        replay(archived(tmp_path, response={"status": 0}), "ws://h")
    cut = [{"type": "send", "opcode": 1, "data": "x", "_truncated": True}]
    with pytest.raises(ValueError, match="step 1 of connection 1 was cut when it was recorded"):
        replay(archived(tmp_path, _webSocketMessages=cut), "ws://h")
    path = tmp_path / "empty.har"
    path.write_text('{"log": {"entries": []}}')
    with pytest.raises(ValueError, match=r"empty\.har: has no WebSocket conversation"):
        replay(path, "ws://h")
    with pytest.raises(ValueError, match="match: must be one of"):
        replay(path, "ws://h", match="?")
