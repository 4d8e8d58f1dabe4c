"""Attached sources: what is attached to, what comes, and what is said when it is over."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from tests.inspection.homes import Echo, home_of_its_own, payloads, rest, taken
from wskit import Conn, Handshake, HandshakeError, Server, ServerConfig, connect, watching
from wskit.events import Event, Sample
from wskit.inspection import places
from wskit.inspection.batches import encode
from wskit.inspection.places import Running
from wskit.trace import event_json, json_line
from wskit.tui import attached
from wskit.tui.attached import AttachSource, resolved
from wskit.tui.outgoing import NotSent, parsed


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with home_of_its_own(monkeypatch) as home:
        yield home


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Echo, ServerConfig(port=0), inspect=True) as server:
        server.listen_in_new_thread()
        yield server


@pytest.fixture
def tcp() -> Iterator[Server]:
    with Server(Echo, ServerConfig(port=0), inspect="tcp") as server:
        server.listen_in_new_thread()
        yield server


def hello(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}") as client:
        client.write("hello")
        client.read(scaled(5))


def sees(source: AttachSource, server: Server) -> bool:
    try:
        hello(server)
        return payloads(taken(source, 2))[:2] == [b"hello", b"hello"]
    finally:
        source.end()


class TestAddresses:
    def test_nothing_is_the_only_one(self, server: Server) -> None:
        assert sees(AttachSource(resolved()), server)

    def test_a_number_is_that_process(self, server: Server) -> None:
        assert sees(AttachSource(resolved(str(os.getpid()))), server)

    def test_a_path_is_a_socket(self, server: Server) -> None:
        path = str(places.socket_path(os.getpid()))
        assert sees(AttachSource(resolved(path)), server)

    def test_a_port_has_the_token_of_its_file(self, tcp: Server) -> None:
        [found] = places.running()
        assert sees(AttachSource(resolved(found.address)), tcp)

    def test_a_port_and_a_token_need_no_file(self, tcp: Server, home: Path) -> None:
        [found] = places.running()
        (home / f"{found.pid}.json").unlink()
        assert sees(AttachSource(resolved(found.address, found.token)), tcp)

    def test_the_token_may_come_from_the_environment(
        self, tcp: Server, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        [found] = places.running()
        monkeypatch.setenv("WSKIT_INSPECT_TOKEN", found.token)
        assert sees(AttachSource(resolved()), tcp)
        (home / f"{found.pid}.json").unlink()
        assert sees(AttachSource(resolved(found.address)), tcp)

    def test_none_is_an_error_that_says_how_there_would_be_one(self) -> None:
        for address in ("", "123", "127.0.0.1:5"):
            with pytest.raises(ValueError, match="no process can be: start it with inspect=True"):
                resolved(address)

    def test_several_are_an_error_that_names_them(self, server: Server) -> None:
        [found] = places.running()
        other = Running(1, "unix", found.address, "bad\x1bname", 9e9)
        places.announce(other)
        with pytest.raises(ValueError, match="there are ") as error:
            resolved()
        assert f"{found.pid} ({found.program}), 1 (bad\\x1bname)" in str(error.value)
        assert resolved("1") == other

    def test_one_that_is_not_there_is_an_error(self, server: Server) -> None:
        with pytest.raises(ValueError, match=r"4000000000 cannot be inspected; there are"):
            resolved("4000000000")

    @pytest.mark.parametrize("address", ["127.0.0.1:99999", "a b:5", "host:port"])
    def test_one_that_makes_no_sense_is_an_error(self, address: str) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            resolved(address, "token")

    def test_a_word_is_none(self) -> None:
        with pytest.raises(ValueError, match="word cannot be inspected"):
            resolved("word")

    def test_a_folder_that_cannot_be_trusted_is_an_error(self, home: Path) -> None:
        home.mkdir(mode=0o777)
        home.chmod(0o777)
        with pytest.raises(PermissionError, match="closed to others"):
            resolved()


class TestAttaching:
    def test_nobody_there_is_an_error(self, home: Path) -> None:
        with pytest.raises(OSError, match="No such file"):
            AttachSource(resolved(str(home / "1.sock")))

    def test_a_wrong_token_is_an_error(self, tcp: Server) -> None:
        [found] = places.running()
        with pytest.raises(HandshakeError) as refusal:
            AttachSource(resolved(found.address, "0" * 64))
        assert refusal.value.status == 401

    def test_a_server_of_another_kind_is_an_error(self, server: Server) -> None:
        address = f"127.0.0.1:{server.port}"
        with Server(Greeting, ServerConfig(port=0)) as other:
            other.listen_in_new_thread(["welcome"])
            for port in (other.port,):
                with pytest.raises(ConnectionError, match="no inspection of wskit"):
                    AttachSource(Running(0, "tcp", f"127.0.0.1:{port}", address, 0.0))

    def test_silence_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attached, "_PATIENCE", 0.05)
        with Server(Greeting, ServerConfig(port=0)) as silent:
            silent.listen_in_new_thread([])
            with pytest.raises(ConnectionError, match="no inspection of wskit"):
                AttachSource(Running(0, "tcp", f"127.0.0.1:{silent.port}", "x", 0.0))

    def test_it_is_no_part_of_what_this_process_does(self, server: Server) -> None:
        class Ear(watching.Watcher):
            def __init__(self) -> None:
                self.heard: list[object] = []

            def opened(self, side: object, conn: object, opening: object) -> None:
                self.heard.append(conn)

        watching.watch(ear := Ear())
        try:
            AttachSource(resolved()).end()
        finally:
            watching.unwatch(ear)
        assert ear.heard == []

    def test_it_only_looks(self, server: Server) -> None:
        source = AttachSource(resolved())
        with pytest.raises(NotSent, match="only looks"):
            source.send("x", parsed("hello"))
        source.end()


class Greeting:
    """Says what it is told to say, first of all."""

    def __init__(self, handshake: Handshake, conn: Conn, app: list[str | bytes]) -> None:
        for message in app:
            conn.write(message)

    def client_message(self, data: str | bytes) -> None: ...


class TestTheEnd:
    def test_of_its_own_says_nothing(self, server: Server) -> None:
        source = AttachSource(resolved())
        assert not source.ended
        source.end()
        source.end()
        rest(source)
        assert (source.problem, source.take(0)) == ("", [])

    def test_of_the_process_is_said(self, server: Server) -> None:
        source = AttachSource(resolved())
        taken(source, 1, Sample)
        server.stop()
        rest(source)
        assert source.problem.endswith(f"({os.getpid()}): it has ended")
        source.end()

    def test_by_a_lost_connection_is_said(self, server: Server) -> None:
        source = AttachSource(resolved())
        source._client._reader.shut_down()
        rest(source)
        assert source.problem.endswith("the connection was lost")
        source.end()

    @pytest.mark.parametrize(
        ("message", "why"),
        [
            (b"\x07nonsense", "batch: is of version 7"),
            ("{", "is not JSON"),
            ('{"event": "ended", "time": "\x1b[31m"}', "is not JSON"),
            ('{"event": "ended", "time": -1}', "time: must be seconds since 1970"),
            (b"", "ends too early"),
        ],
    )
    def test_by_nonsense_is_said(self, message: str | bytes, why: str) -> None:
        events: list[str | bytes] = [json_line("hello"), json_line("unknown"), message]
        with Server(Greeting, ServerConfig(port=0)) as hostile:
            hostile.listen_in_new_thread(events)
            source = AttachSource(Running(0, "tcp", f"127.0.0.1:{hostile.port}", "x", 0.0))
            assert rest(source) == []
            assert "sends what is no event" in source.problem
            assert why in source.problem
            assert source.problem.isprintable()
            source.end()

    def test_waits_for_what_was_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attached, "_AHEAD", 1)
        lines = [f'{{"event": "lost", "frames": {number}}}' for number in range(20)]
        with Server(Greeting, ServerConfig(port=0)) as server:
            server.listen_in_new_thread([json_line("hello"), *lines])
            source = AttachSource(Running(0, "tcp", f"127.0.0.1:{server.port}", "x", 0.0))
            # It reads no further than it must: the rest waits in the sockets.
            wait_for(lambda: len(source._ahead) == 1)
            server.stop(timeout=0)
            found: list[Event] = rest(source)
        assert [event_json(event) for event in found] == lines
        source.end()

    def test_does_not_wait_for_somebody_who_takes(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attached, "_AHEAD", 1)
        source = AttachSource(resolved())
        hello(server)
        wait_for(lambda: len(source._ahead))
        source.end()
        assert source._thread is not None
        assert not source._thread.is_alive()


def test_frames_and_lines_come_in_order() -> None:
    from tests.tui.frames import capture

    frames = [capture(float(n)) for n in range(3)]
    messages: list[str | bytes] = [
        json_line("hello"),
        encode(frames[:2]),
        '{"event": "lost", "frames": 5}',
        encode(frames[2:]),
    ]
    with Server(Greeting, ServerConfig(port=0)) as server:
        server.listen_in_new_thread(messages)
        source = AttachSource(Running(0, "tcp", f"127.0.0.1:{server.port}", "x", 0.0))
        found = taken(source, 3)
        source.end()
    assert [event for event in found if event in frames] == frames
    assert event_json(found[2]) == messages[2]


def test_a_full_port_is_no_path(server: Server) -> None:
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unbound.getsockname()[1]}"
        with pytest.raises(OSError, match="refused"):
            AttachSource(resolved(address, "token"))
