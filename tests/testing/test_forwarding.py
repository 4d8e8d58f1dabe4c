"""The relay between a client and a real server, seen from both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import websockets.sync.client

from tests.testing.conversing import Echo, their_server
from wskit import Compression, ServerConfig
from wskit.testing import read_har, ws_client, ws_record, ws_server


def test_a_request_reaches_the_server_as_it_was(tmp_path: Path) -> None:
    seen: list[Any] = []

    def handler(conn: Any) -> None:
        request = conn.request
        seen.append((request.path, request.headers["X-Own"], request.headers["User-Agent"]))

    with (
        their_server(handler) as url,
        ws_record(tmp_path / "a.har", url + "/base", mode="all") as real,
        websockets.sync.client.connect(
            real.url + "/more?a=%20b",
            additional_headers={"X-Own": "1"},
            user_agent_header="me/1",
        ),
    ):
        assert real.url.endswith("/base")
    assert seen == [("/base/more?a=%20b", "1", "me/1")]


def test_pings_of_the_server_are_answered_by_the_client(tmp_path: Path) -> None:
    answered: list[bool] = []

    def handler(conn: Any) -> None:
        conn.send("first")  # it comes with the response, or right behind it
        answered.append(conn.ping(b"sure?").wait(5))
        conn.send("done")

    with (
        their_server(handler) as url,
        ws_record(tmp_path / "a.har", url, mode="all") as real,
        ws_client(real.url) as client,
    ):
        client.expect_text("first")
        assert client.expect_ping() == b"sure?"
        client.expect_text("done")
        client.expect_close(1000, initiated_by="server")
    assert answered == [True]
    (recording,) = read_har(tmp_path / "a.har")
    assert [m.message.data for m in recording.messages] == ["first", "done"]


def test_compression_is_agreed_on_where_both_ends_want_it(tmp_path: Path) -> None:
    config, wish = ServerConfig(compression=Compression()), Compression(write_threshold=0)
    for theirs, agreed in ((config, True), (ServerConfig(), False)):
        with (
            ws_server(Echo, config=theirs) as server,
            ws_record(tmp_path / "a.har", server.url, mode="all") as real,
            ws_client(real.url, compression=wish) as client,
        ):
            assert client.response is not None
            assert (client.response.extensions is not None) is agreed
            client.send("x" * 1000)
            client.expect_text("x" * 1000)


def test_tls_to_the_server(tmp_path: Path) -> None:
    with (
        ws_server(Echo, tls=True) as server,
        ws_record(
            tmp_path / "a.har", server.url, mode="all", ssl_context=server.ssl_context
        ) as real,
        ws_client(real.url) as client,
    ):
        client.send(b"x" * 100_000)
        client.expect_binary(b"x" * 100_000)
    assert read_har(tmp_path / "a.har")[0].url.startswith("wss://localhost")


def test_an_end_that_breaks_the_protocol_ends_both(tmp_path: Path) -> None:
    with (
        ws_server(Echo) as server,
        ws_record(tmp_path / "a.har", server.url, mode="all") as real,
        ws_client(real.url) as client,
    ):
        client.send_frame(3, b"?")
        client.expect_close(1002)
    assert len(read_har(tmp_path / "a.har")) == 1
