"""Recorded conversations: recorded through the relay, replayed as the server."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import websockets.sync.client
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.deadlines import scaled
from tests.pytest_runs import OTHERS
from tests.testing.conversing import Echo, Refusing, their_server
from wskit import Compression, ServerConfig
from wskit.testing import read_har, replay, ws_client, ws_record, ws_server
from wskit.testing.recordings import recorder_for

MESSAGES: list[str | bytes] = ["hello", b"\x00\xff", "", b"", "👋 ☃ \x00", "x" * 70_000]


def talk(url: str, messages: list[str | bytes] = MESSAGES) -> None:
    """Echo ``messages`` with a client that has nothing to do with wskit."""
    with websockets.sync.client.connect(url) as client:
        for message in messages:
            client.send(message)
            assert client.recv() == message


def record_echo(path: Path, messages: list[str | bytes] = MESSAGES) -> None:
    with ws_server(Echo) as server, ws_record(path, server.url + "/e?a=1", mode="all") as real:
        assert real.recording
        talk(real.url, messages)


def test_what_was_recorded_from_wskit_is_replayed_without_it(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "echo.har"
    record_echo(path)
    with ws_record(path) as again:
        assert not again.recording
        assert again.url.endswith("/e?a=1")
        talk(again.url)


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_what_was_recorded_from_websockets_is_replayed(
    tmp_path: Path, compression: str | None
) -> None:
    path = tmp_path / "echo.har"
    with their_server() as url:
        for _ in range(2):  # the second time from the file
            with (
                ws_record(path, url, mode="once") as server,
                websockets.sync.client.connect(server.url, compression=compression) as client,
            ):
                for message in MESSAGES:
                    client.send(message)
                    assert client.recv() == message
    (recording,) = read_har(path)
    assert recording.close is not None
    assert (recording.close.code, recording.close.initiated_by) == (1000, "client")
    assert [m.message.data for m in recording.messages[::2]] == MESSAGES
    with ws_server(Echo, config=ServerConfig(compression=Compression())) as ours:
        replay(path, ours.url)


def test_fragments_pings_and_a_close_by_the_server_pass_the_relay(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    with (
        ws_server(Echo) as server,
        ws_record(path, server.url, mode="all") as real,
        ws_client(real.url) as client,
    ):
        client.send_fragments(["he", "llo"])
        client.expect_text("hello")
        client.ping(b"p")
        client.expect_pong(b"p")
        client.send("bye")
        client.expect_close(4001, "as you wish", initiated_by="server")
    with ws_record(path) as again, ws_client(again.url) as client:
        client.send("hello")
        client.expect_text("hello")
        client.send("bye")
        client.expect_close(4001, "as you wish", initiated_by="server")
    with ws_server(Echo) as server:
        replay(path, server.url)


def test_a_refusal_is_recorded_and_replayed_as_one(tmp_path: Path) -> None:
    path = tmp_path / "no.har"
    with ws_server(Refusing) as server, ws_record(path, server.url, mode="all") as real:
        ws_client(real.url).expect_rejected(401, {"X-Why": "no token"}, "log in")
    with ws_record(path) as again, pytest.raises(InvalidStatus) as refused:
        talk(again.url)
    assert refused.value.response.status_code == 401
    assert refused.value.response.body == b"log in"
    with ws_server(Refusing) as server:
        replay(path, server.url)
    with ws_server(Echo) as server, pytest.raises(AssertionError, match="the handshake of conn"):
        replay(path, server.url)


@pytest.mark.parametrize("drop", ["server", "client"])
def test_a_dropped_connection_is_replayed_as_one(tmp_path: Path, drop: str) -> None:
    path = tmp_path / "drop.har"

    def play(url: str) -> None:
        client = ws_client(url)
        client.send("a")
        client.expect_text("a")
        if drop == "client":
            client.abort()
        else:
            client.send("drop")
            client.expect_close(1006)
        client.end()

    def handler(conn: websockets.sync.server.ServerConnection) -> None:
        for message in conn:
            if message == "drop":
                conn.socket.shutdown(socket.SHUT_RDWR)
                return
            conn.send(message)

    with their_server(handler) as url:
        with ws_record(path, url, mode="all") as real:
            play(real.url)
        close = read_har(path)[0].close
        assert close is not None
        assert (close.code, close.initiated_by, close.clean) == (1006, drop, False)
        with ws_record(path) as again:
            play(again.url)
        replay(path, url)


def test_a_connection_that_was_left_open_has_no_recorded_end(tmp_path: Path) -> None:
    path = tmp_path / "open.har"
    with ws_server(Echo) as server:
        real = ws_record(path, server.url, mode="all")
        client = ws_client(real.url)
        client.send("a")
        client.expect_text("a")
        real.end()
        client.expect_close(1001)
        client.end()
        assert read_har(path)[0].close is None
        replay(path, server.url)
    with ws_record(path) as again, ws_client(again.url) as client:
        client.send("a")
        client.expect_text("a")
        client.send("more")
        client.expect_close(1011)
        with pytest.raises(AssertionError, match=r"^step 3 of connection 1: expected no more mess"):
            again.end()


def test_a_deviation_says_step_and_connection(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    record_echo(path, ["1", "a"])
    with ws_record(path) as again, ws_client(again.url) as client:
        client.send("1")
        client.expect_text("1")
        client.send("b")
        client.expect_close(1011, "not as it was recorded")
        with pytest.raises(AssertionError) as deviation:
            again.end()
    lines = str(deviation.value).splitlines()
    assert lines[0] == "step 3 of connection 1: expected text 'a', got text 'b'"
    assert "the last frames, seen from the server:" in lines
    assert re.search(r'<- text +FIN +MASK +1 +"b"$', lines[-1])


def test_what_does_not_come_is_missed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    record_echo(path, ["1", "2"])
    again = ws_record(path)
    talk(again.url, ["1"])
    with pytest.raises(AssertionError, match=r"^step 3 of connection 1: expected text '2', got cl"):
        again.end()
    with pytest.raises(AssertionError, match=r"^connection 1 was not made: the recording has 1 c"):
        ws_record(path).end()
    again = ws_record(path)
    talk(again.url, ["1", "2"])
    ws_client(again.url).expect_rejected(503)
    with pytest.raises(AssertionError, match=r"^connection 2: the recording has 1 connection$"):
        again.end()


def test_an_error_of_the_test_itself_stays_the_error(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    record_echo(path, ["1"])
    with pytest.raises(KeyError) as error, ws_record(path):
        raise KeyError("mine")
    assert error.value.__notes__ == [
        "wskit: connection 1 was not made: the recording has 1 connection"
    ]


def test_another_path_or_subprotocol_is_a_deviation(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    config = ServerConfig(subprotocols=["chat"])
    with (
        ws_server(Echo, config=config) as server,
        ws_record(path, server.url + "/a", mode="all") as real,
        ws_client(real.url, subprotocols=["chat"]) as client,
    ):
        assert client.subprotocol == "chat"
    for way, words in (("/b", "expected the path '/a', got '/b'"), ("/a", "expected an offer of")):
        again = ws_record(path)
        ws_client(again.url.removesuffix("/a") + way).expect_rejected(400)
        with pytest.raises(AssertionError, match=f"^the handshake of connection 1: {words}"):
            again.end()
    with ws_server(Echo, config=config) as server:
        replay(path, server.url)
    with ws_server(Echo) as server, pytest.raises(AssertionError, match="subprotocol 'chat', got"):
        replay(path, server.url)


def test_secrets_reach_the_server_but_not_the_file(tmp_path: Path) -> None:
    path, seen = tmp_path / "a.har", []

    def handler(conn: websockets.sync.server.ServerConnection) -> None:
        assert conn.request is not None
        seen.append((conn.request.headers["Authorization"], conn.request.headers["Origin"]))

    with (
        their_server(handler) as url,
        ws_record(path, url.replace("//", "//me:pw@"), mode="all") as real,
        ws_client(real.url, origin="https://o", headers={"Cookie": "c=secret"}) as client,
    ):
        client.expect_close()
    assert seen == [("Basic bWU6cHc=", "https://o")]
    assert not [word for word in ("secret", "bWU6cHc=", "me:pw") if word in path.read_text()]
    fields = {name.lower(): value for name, value in read_har(path)[0].headers}
    assert fields["cookie"] == fields["authorization"] == "REDACTED"


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    real = ws_record(tmp_path / "a.har", f"ws://127.0.0.1:{port}", mode="all")
    ws_client(real.url).expect_rejected(502)
    with pytest.raises(AssertionError, match="connection 1: nothing to record at ws://127"):
        real.end()
    real.end()
    assert not (tmp_path / "a.har").exists()


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    path = tmp_path / "none.har"
    with pytest.raises(FileNotFoundError, match="--wskit-record=once or mode='once' makes it"):
        ws_record(path)
    with pytest.raises(ValueError, match="url: is needed"):
        ws_record(path, mode="once")
    for name, value in {"mode": "some", "match": "?"}.items():
        with pytest.raises(ValueError, match=f"^{name}: must be one of"):
            ws_record(path, **{name: value})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^redact"):
        ws_record(path, redact="Cookie")
    with pytest.raises(TypeError, match=r"^timing"):
        ws_record(path, timing=1)  # type: ignore[arg-type]


def test_recorded_times_are_kept_if_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    record_echo(path, ["1"])
    with ws_record(path, timing=True) as again:
        talk(again.url, ["1"])
    with ws_server(Echo) as server:
        replay(path, server.url, timing=True)


@settings(max_examples=10, deadline=None)
@given(messages=st.lists(st.text(max_size=40) | st.binary(max_size=40), max_size=4))
def test_it_works_inside_given(messages: list[str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.har"
        kept = [message for message in messages if message != "bye"]
        record_echo(path, kept)
        with ws_record(path) as again:
            talk(again.url, kept)


def test_many_connections_are_replayed_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    with ws_server(Echo) as server, ws_record(path, server.url, mode="all") as real:
        for number in range(3):
            talk(real.url, [str(number)])
    with ws_record(path) as again:
        for number in range(3):
            talk(again.url, [str(number)])


TEST = """
import websockets.sync.client

def test_it(ws_record):
    server = ws_record({url!r})
    with websockets.sync.client.connect(server.url) as client:
        client.send("a")
        assert client.recv() == "a"
"""


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", *OTHERS, "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-W", "error", "--strict-markers", f"--rootdir={folder}", *options, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=scaled(30),
    )


def test_the_fixture_keeps_its_recording_beside_the_test(tmp_path: Path) -> None:
    """Two runs of pytest, each in a process."""
    with ws_server(Echo) as server:
        (tmp_path / "test_a.py").write_text(TEST.format(url=server.url))
        run = run_pytest(tmp_path, "--wskit-record=once")
    assert run.returncode == 0, run.stdout
    assert len(read_har(tmp_path / "recordings" / "test_it.har")) == 1
    run = run_pytest(tmp_path)
    assert run.returncode == 0, run.stdout


def test_each_call_of_the_fixture_has_its_own_file(tmp_path: Path) -> None:
    record = recorder_for(tmp_path / "test_a.py", "test_x[a/b 👋]", "all")
    with ws_server(Echo) as server:
        for _ in range(2):
            with record(server.url) as real:
                talk(real.url, ["a"])
        with record(server.url, path=tmp_path / "own.har") as real:
            talk(real.url, ["a"])
    names = sorted(path.name for path in (tmp_path / "recordings").iterdir())
    assert names == ["test_x[a-b--]-2.har", "test_x[a-b--].har"]
    assert (tmp_path / "own.har").exists()
