"""HAR files that Chromium and mitmproxy have made; `fixtures/har/make_fixtures.py` has how."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.fixtures.har.make_fixtures import FOLDER, SAID
from wskit.archives import Recording, read_har
from wskit.events import Opened
from wskit.protocol.frames import Direction
from wskit.protocol.opcodes import Side
from wskit.tui.har_files import HarSource
from wskit.tui.history import History

FILES = ["chromium.har", "attached.har", "mitmproxy.har"]


def answer(said: str | bytes) -> list[tuple[bool, str | bytes]]:
    """Give what the server says to it."""
    if said == "bye":
        return []
    return [(False, "in three frames" if said == "fragments" else said)]


def expected(name: str, said: list[str | bytes]) -> list[tuple[bool, str | bytes]]:
    """Give the messages, with whether the client sent them."""
    # Playwright leaves empty messages out.
    kept = [each for each in said if each or name == "mitmproxy.har"]
    return [message for each in kept for message in ((True, each), *answer(each))]


def of(name: str) -> list[Recording]:
    found = read_har(FOLDER / name)
    # mitmproxy does not mark a handshake that was refused as one of WebSocket.
    targets = [target for target, _, _ in SAID][: 2 if name == "mitmproxy.har" else 3]
    urls = [urlsplit(recording.url) for recording in found]
    assert [url._replace(scheme="", netloc="").geturl() for url in urls] == targets
    return found


@pytest.mark.parametrize("name", FILES)
def test_they_are_read(name: str) -> None:
    for recording, (_, said, _) in zip(of(name), SAID, strict=False):
        messages = [(m.sender is Side.CLIENT, m.message.data) for m in recording.messages]
        assert messages == expected(name, said)
        assert all(0 <= message.time < 10 for message in recording.messages)
        assert recording.started > 1.7e9
        assert recording.subprotocol == ("chat" if said else None)
        if said:
            assert recording.status == 101
            assert (
                "permessage-deflate" in dict(recording.response_headers)["Sec-WebSocket-Extensions"]
            )
            assert dict(recording.headers)["Sec-WebSocket-Version"] == "13"


@pytest.mark.parametrize("name", FILES)
def test_they_are_inspected(name: str) -> None:
    source, history = HarSource.open(str(FOLDER / name)), History()
    while not source.ended:
        history.add(source.take(0))
    found = {connection.number: connection for connection in history.connections}
    assert len(found) == len(of(name))
    for (_, said, _), (number, connection) in zip(SAID, found.items(), strict=False):
        entries = [entry for entry in history if entry.conn == number]
        messages = [
            (e.frame.direction is Direction.OUT, e.frame.payload, e.frame.opcode) for e in entries
        ]
        assert messages == [
            (
                by_client,
                data.encode() if isinstance(data, str) else data,
                1 + isinstance(data, bytes),
            )
            for by_client, data in expected(name, said)
        ]
        assert isinstance(connection.opening, Opened)
        assert connection.state == ("open" if said else "no answer")
    assert not any(entry.wrong for entry in history)
