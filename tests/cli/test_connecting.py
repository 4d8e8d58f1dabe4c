"""A running ``wskit connect``: how it tells of the connection, and what its exit code says."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.cli.processes import Command, ran
from tests.deadlines import scaled
from wskit import Compression, Conn, Handshake, Server, ServerConfig
from wskit.protocol.handshake import accept_key

Serve = Callable[[type], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give ``serve(Handler)``: a server, whose URL it returns."""
    servers = []

    def start(handler: type) -> str:
        config = ServerConfig(port=0, subprotocols=["chat"], compression=Compression())
        servers.append(Server(handler, config))
        servers[-1].listen_in_new_thread()
        return f"ws://127.0.0.1:{servers[-1].port}/"

    yield start
    for server in servers:
        server.stop()


class Echo:
    """Echoes; on "bye" it closes as the path says."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self._conn = conn
        self._path = handshake.path.strip("/")

    def client_message(self, data: str | bytes) -> None:
        if data != "bye":
            self._conn.write(data)
        elif self._path == "none":
            self._conn.close(None)
        else:
            code, _, reason = self._path.partition("-")
            self._conn.close(int(code), reason)


@contextlib.contextmanager
def raw_server() -> Iterator[tuple[str, Callable[[], socket.socket]]]:
    """Give the URL of a server, and what accepts a connection and does its opening handshake."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(scaled(10))

        def accept() -> socket.socket:
            peer, _ = server.accept()
            peer.settimeout(scaled(10))
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += peer.recv(4096)
            key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
            assert key is not None
            peer.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept_key(key[1].decode()).encode()
                + b"\r\n\r\n"
            )
            return peer

        yield f"ws://127.0.0.1:{server.getsockname()[1]}/", accept


def against(frames: bytes) -> tuple[int, list[str]]:
    """Let a server send ``frames`` and hang up; give the exit code and what is said of it."""
    with raw_server() as (url, accept), Command("connect", url) as command, accept() as peer:
        peer.sendall(frames)
        peer.shutdown(socket.SHUT_WR)
        status, out, err = command.ended()
    assert out == ""
    return status, err.splitlines()[1:]


class TestEnd:
    @pytest.mark.parametrize(
        ("path", "line"),
        [
            ("1000", "closed with 1000"),
            ("1001-later", "closed with 1001: later"),
            ("none", "closed without a code"),
        ],
    )
    def test_a_clean_close_is_0(self, serve: Serve, path: str, line: str) -> None:
        said = ran("connect", serve(Echo) + path, "--linger", "inf", stdin=b"bye\n")
        assert said.returncode == 0
        opened, closed = said.stderr.decode().splitlines()
        assert re.fullmatch(r"connected to 127\.0\.0\.1:\d+", opened)
        assert closed == line

    @pytest.mark.parametrize("path", ["1011-oops", "1008-oops", "4000-oops"])
    def test_any_other_code_is_5(self, serve: Serve, path: str) -> None:
        said = ran("connect", serve(Echo) + path, "--linger", "inf", stdin=b"bye\n")
        assert said.returncode == 5
        assert said.stderr.decode().splitlines()[1:] == [f"wskit: closed with {path[:4]}: oops"]

    def test_a_connection_that_is_lost_is_5(self) -> None:
        assert against(b"") == (5, ["wskit: the connection was lost"])

    def test_a_violation_of_the_protocol_is_5(self) -> None:
        status, lines = against(b"\xc1\x00")
        assert status == 5
        (line,) = lines
        assert line.startswith("wskit: closed with 1002, as the server sent: ")

    def test_a_message_above_the_limit_is_5(self, serve: Serve) -> None:
        said = ran("connect", serve(Echo), "--max-size", "1k", stdin=b"x" * 1025)
        assert said.returncode == 5
        assert b"closed with 1009, as the server sent: " in said.stderr

    def test_a_reason_cannot_reach_the_terminal(self) -> None:
        _, lines = against(b"\x88\x07\x0f\xa0\x1b[31m")
        assert lines == [r"wskit: closed with 4000: \x1b[31m"]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_closes_with_1001(self, serve: Serve, number: int) -> None:
        with Command("connect", serve(Echo)) as command:
            command.type("ready\n")
            assert command.line() == "ready"
            command.interrupt(number)
            status, out, err = command.ended()
        assert (status, out) == (0, "")
        assert err.splitlines()[1:] == ["closed with 1001"]

    def test_a_second_ctrl_c_does_not_wait(self) -> None:
        with raw_server() as (url, accept), Command("connect", url) as command, accept() as peer:
            assert command.said().startswith("connected to ")
            command.interrupt()
            assert peer.recv(2) == b"\x88\x82"
            assert command.process.poll() is None
            command.interrupt()
            status, out, err = command.ended()
        assert (status, out, err.strip()) == (130, "", "")

    def test_nobody_reading_ends_it_cleanly(self, serve: Serve) -> None:
        with Command("connect", serve(Echo), "--trace") as command:
            assert command.process.stdout is not None
            command.process.stdout.close()
            command.type("x\n")
            assert command.process.wait(scaled(10)) == 0
            assert command.process.stderr is not None
            err = command.process.stderr.read().decode()
        assert "Traceback" not in err
        assert "MASK      2        1000" in err


class TestTelling:
    def test_what_was_agreed_on(self, serve: Serve) -> None:
        url = serve(Echo)
        said = ran("connect", url, "-s", "chat", "--compress", "--linger", "0")
        opened = said.stderr.decode().splitlines()[0]
        assert opened == f"connected to {url[5:-1]}, permessage-deflate, subprotocol chat"

    def test_json_tells_everything_on_stdout(self, serve: Serve) -> None:
        url = serve(Echo)
        said = ran("connect", url + "1000-done", "--json", "--linger", "inf", stdin=b"hello\nbye\n")
        assert (said.returncode, said.stderr) == (0, b"")
        opened, message, closed = map(json.loads, said.stdout.splitlines())
        assert opened.pop("time") <= message.pop("time") <= closed.pop("time")
        assert opened == {
            "event": "open",
            "address": url[5:-1],
            "subprotocol": None,
            "deflate": False,
        }
        assert message == {"event": "message", "type": "text", "text": "hello"}
        assert closed == {"event": "close", "code": 1000, "reason": "done"}


class TestTrace:
    def test_is_narration(self, serve: Serve) -> None:
        said = ran("connect", serve(Echo), "--trace", "--linger", "0.05", stdin=b"hello\n")
        assert said.stdout == b"hello\n"
        opened, heading, *lines, closed = said.stderr.decode().splitlines()
        assert opened.startswith("connected to ")
        assert heading == "    TIME    FRAME  FLAGS           WIRE   DATA PAYLOAD"
        assert all(re.match(r" {3}\d\.\d{3} [<-]", line) for line in lines)
        assert [line[9:] for line in lines] == [
            '-> text   FIN      MASK      5        "hello"',
            '<- text   FIN                5        "hello"',
            "-> close  FIN      MASK      2        1000",
            "<- close  FIN                2        1000",
        ]
        assert closed == "closed with 1000"

    def test_in_json_is_data(self, serve: Serve) -> None:
        said = ran(
            "connect", serve(Echo), "--trace", "--json", "--linger", "0.05", stdin=b"hello\n"
        )
        assert said.stderr == b""
        records = [json.loads(line) for line in said.stdout.splitlines()]
        assert sorted(record["event"] for record in records) == [
            "close",
            "frame",
            "frame",
            "frame",
            "frame",
            "message",
            "open",
        ]
        frames = [record for record in records if record["event"] == "frame"]
        assert [(frame["direction"], frame["name"]) for frame in frames] == [
            ("out", "text"),
            ("in", "text"),
            ("out", "close"),
            ("in", "close"),
        ]

    def test_pings_are_sent_only_on_request(self, serve: Serve) -> None:
        with Command("connect", serve(Echo), "--trace", "--ping", "0.05") as command:
            lines = iter(command.said, "")
            ping = next(line for line in lines if "-> ping" in line)
            assert float(ping.split()[0]) < scaled(5)
            assert any("<- pong" in line for line in lines)
            command.interrupt()
            assert command.ended()[0] == 0

    def test_has_colours_only_where_they_are_wanted(self, serve: Serve) -> None:
        args = ("connect", serve(Echo), "--trace", "--linger", "0")
        assert b"\x1b" not in ran(*args).stderr
        assert b"\x1b[35m-> close " in ran(*args, FORCE_COLOR="1").stderr
        assert b"\x1b" not in ran(*args, FORCE_COLOR="1", NO_COLOR="1").stderr
