"""A running ``wskit serve``: it says where, serves, shows frames, and ends well on a signal."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect, unix_connect
from websockets.typing import Origin, Subprotocol

import wskit
from tests.cli.conftest import Certificates
from tests.cli.processes import Command, environment, ran, serving
from tests.deadlines import scaled, wait_for
from wskit import MessageType
from wskit.conn import format_address
from wskit.inspection.places import running

THREADS = """
import threading

class Thread:
    def __init__(self, handshake, conn):
        self.conn = conn
    def client_message(self, data):
        self.conn.write(f"{data} {threading.current_thread().name}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(THREADS)
    return tmp_path


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def close_code(peer: ClientConnection) -> int:
    """Read until the server closes and give its code."""
    try:
        while True:
            peer.recv(timeout=scaled(5))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else 1006


class TestServing:
    def test_it_echoes_at_the_url_that_it_prints(self) -> None:
        with serving() as (_, url):
            assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/", url)
            with connect(url, compression=None) as peer:
                peer.send("grüße")
                assert peer.recv() == "grüße"
                peer.send(b"\x00\xff")
                assert peer.recv() == b"\x00\xff"

    @pytest.mark.parametrize(
        ("options", "thread"),
        [
            ("--blocking", "wskit-connection"),
            ("--workers 2 --threads 1 --small-pool 3", "wskit-worker-"),
            ("--trace --verbose", "wskit-worker-"),
        ],
    )
    def test_a_handler_of_the_current_directory_serves(
        self, folder: Path, options: str, thread: str
    ) -> None:
        with serving("app:Thread", *options.split(), cwd=folder) as (_, url), connect(url) as peer:
            peer.send("hello")
            assert str(peer.recv()).startswith(f"hello {thread}")

    def test_what_it_agrees_to(self) -> None:
        options = ("--compress", "--subprotocol", "chat", "--subprotocol", "v2")
        with (
            serving(*options, "--max-message-size", "1k") as (_, url),
            connect(url, subprotocols=[Subprotocol("v2"), Subprotocol("v3")]) as peer,
        ):
            assert peer.subprotocol == "v2"
            assert [each.name for each in peer.protocol.extensions] == ["permessage-deflate"]
            peer.send("x" * 1024)
            assert peer.recv() == "x" * 1024
            peer.send("x" * 1025)
            assert close_code(peer) == 1009

    def test_without_compress_it_agrees_to_none(self) -> None:
        with serving() as (_, url), connect(url) as peer:
            assert peer.protocol.extensions == []

    def test_only_the_origins_that_are_allowed(self) -> None:
        with serving("--origin", "https://a.example", "--origin", "https://b.example") as (_, url):
            with connect(url, origin=Origin("https://b.example")):
                pass
            with (
                pytest.raises(InvalidStatus, match="403"),
                connect(url, origin=Origin("https://c.example")),
            ):
                pass

    @pytest.mark.parametrize("apart", [True, False], ids=["key apart", "key in the same file"])
    def test_wss(self, certificates: Certificates, apart: bool) -> None:
        both = ("--tls-cert", certificates.both)
        options = ("--tls-cert", certificates.certificate, "--tls-key", certificates.key)
        context = ssl.create_default_context(cafile=certificates.authority)
        with serving(*(options if apart else both)) as (command, url):
            assert url.startswith("wss://127.0.0.1:")
            # Not the client of websockets, whose threads use one TLS connection at the same time.
            with wskit.connect(url, ssl_context=context, proxy=False) as peer:
                peer.write("secret")
                assert peer.read(scaled(5)) == (MessageType.TEXT, "secret")
            command.interrupt()
            assert command.ended() == (0, "", "")

    def test_a_unix_socket_goes_with_the_server(self, tmp_path: Path) -> None:
        path = tmp_path / "socket"
        with serving("--unix", "socket", cwd=tmp_path) as (command, url):
            assert url == f"ws+unix:{path}"
            with unix_connect(str(path)) as peer:
                peer.send("hello")
                assert peer.recv() == "hello"
            command.interrupt()
            assert command.ended() == (0, "", "")
        assert not path.exists()

    def test_with_inspect_it_can_be_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tmp_path.chmod(0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        with serving("--inspect") as (command, url):
            [found] = running()
            assert found.pid == command.process.pid
            assert found.servers == (url.removeprefix("ws://").rstrip("/"),)
        with serving():
            assert running() == []

    def test_an_environment_that_means_nothing_is_one_line(self) -> None:
        done = ran("serve", "--port", "0", WSKIT_INSPECT="perhaps")
        assert done.returncode == 2
        assert done.stderr.startswith(b"wskit: WSKIT_INSPECT: must be 1, tcp or 0")

    def test_ipv6_has_brackets(self) -> None:
        if not has_ipv6():
            pytest.skip("no IPv6 here")
        with serving("--host", "::1") as (_, url):
            assert re.fullmatch(r"ws://\[::1\]:\d+/", url)

    def test_json_says_where_in_json(self) -> None:
        with serving("--json") as (command, url):
            with connect(url):
                pass
            command.interrupt()
            assert command.ended() == (0, "", "")

    def test_the_log_is_on_stderr_where_it_is_wanted(self) -> None:
        with serving("-v") as (command, url):
            assert command.said() == f"wskit.server: listening on {url[5:-1]}"
            command.interrupt()
            assert command.ended()[2].splitlines()[-1] == "wskit.server: stopped"


class TestEnding:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("options", ["", "--blocking", "--trace"])
    def test_a_signal_closes_everything_with_1001(self, number: int, options: str) -> None:
        with serving(*options.split()) as (command, url):
            with connect(url) as one, connect(url) as other:
                command.interrupt(number)
                for peer in (one, other):
                    assert close_code(peer) == 1001
            status, _, _ = command.ended()
            assert status == 0

    def test_a_second_ctrl_c_does_not_wait(self) -> None:
        """The peer never answers the close frame, for which a stop waits ten seconds."""
        with serving() as (command, url):
            host, port = url[5:-1].split(":")
            with socket.create_connection((host, int(port)), scaled(5)) as peer:
                peer.sendall(
                    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                    b"Sec-WebSocket-Version: 13\r\n\r\n"
                )
                while not (data := peer.recv(4096)).endswith(b"\r\n\r\n"):
                    assert data
                command.interrupt()
                assert peer.recv(4) == b"\x88\x02\x03\xe9"
                assert command.process.poll() is None
                command.interrupt()
                status, out, err = command.ended()
        assert (status, out, err.strip()) == (130, "", "")

    def test_a_full_disk_is_a_failure(self) -> None:
        with open("/dev/full", "wb") as full:
            said = subprocess.run(
                [sys.executable, "-m", "wskit", "serve", "--port", "0"],
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment(),
                timeout=scaled(20),
                check=False,
            )
        assert said.returncode == 2
        assert said.stderr == b"wskit: cannot write to stdout: No space left on device\n"

    def test_a_trace_that_nobody_reads_any_more_ends_it(self) -> None:
        with serving("--trace") as (command, url):
            assert command.process.stdout is not None
            command.process.stdout.close()
            with connect(url) as peer:
                where = format_address(peer.local_address)
                peer.send("x")
                assert close_code(peer) == 1001
            assert command.process.wait(scaled(10)) == 0
            assert [command.said(), command.said()] == [f"#1 is {where}, GET /", ""]


class TestTrace:
    def test_shows_both_directions_of_every_connection(self) -> None:
        with serving("--trace") as (command, url):
            for text in ("one", "\x1b[31m"):
                with connect(f"{url}chat", compression=None) as peer:
                    peer.send(text)
                    assert peer.recv() == text
            command.interrupt()
            status, out, err = command.ended()
        heading, *lines = out.splitlines()
        assert heading == "        TIME CONN     FRAME  FLAGS           WIRE   DATA PAYLOAD"
        assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} #[12]    ", line) for line in lines)
        assert [line[19:] for line in lines] == [
            '<- text   FIN      MASK      3        "one"',
            '-> text   FIN                3        "one"',
            "<- close  FIN      MASK      2        1000",
            "-> close  FIN                2        1000",
            '<- text   FIN      MASK      5        "\\x1b[31m"',
            '-> text   FIN                5        "\\x1b[31m"',
            "<- close  FIN      MASK      2        1000",
            "-> close  FIN                2        1000",
        ]
        assert status == 0
        opened = [re.sub(r":\d+", ":PORT", line) for line in err.splitlines()]
        assert opened == [f"#{n} is 127.0.0.1:PORT, GET /chat" for n in (1, 2)]

    def test_json_has_an_object_for_each_frame(self) -> None:
        with serving("--trace", "--json", "--compress") as (command, url):
            with connect(url) as peer:
                peer.send(b"\x00" * 100)
                peer.recv()
            command.interrupt()
            frames = [json.loads(line) for line in command.ended()[1].splitlines()]
        assert {frame["event"] for frame in frames} == {"frame"}
        assert [(f["direction"], f["name"], f["rsv"], f["length"]) for f in frames] == [
            ("in", "binary", 4, 100),
            ("out", "binary", 4, 100),
            ("in", "close", 0, 2),
            ("out", "close", 0, 2),
        ]
        assert frames[0]["wire_length"] < 100

    def test_what_the_request_says_cannot_reach_the_terminal(self) -> None:
        with serving("--trace") as (command, url):
            host, port = url[5:-1].split(":")
            with socket.create_connection((host, int(port)), scaled(5)) as peer:
                peer.sendall(
                    b"GET /\xc2\x9b2J HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                    b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                    b"Sec-WebSocket-Version: 13\r\n\r\n"
                )
                assert peer.recv(4096).startswith(b"HTTP/1.1 ")
            command.interrupt()
            _, _, err = command.ended()
        assert "\x9b" not in err

    def test_the_last_close_frames_are_shown(self) -> None:
        with serving("--trace") as (command, url):
            with connect(url) as peer:
                command.interrupt()
                assert close_code(peer) == 1001
            _, out, _ = command.ended()
        assert [line.split()[2:4] for line in out.splitlines()[1:]] == [
            ["->", "close"],
            ["<-", "close"],
        ]


def test_commands_left_running_are_noticed() -> None:
    """The fixture of these tests ends what does not end by itself."""
    with Command("serve", "--port", "0") as command:
        assert command.line()
    assert wait_for(lambda: command.process.poll()) == -signal.SIGKILL
