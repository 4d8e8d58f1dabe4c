"""The endpoint of a process: there while it is asked for, one for all, gone without a trace."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import scaled
from tests.inspection.homes import Echo, payloads, rest, taken
from wskit import HandshakeError, Server, ServerConfig, connect, watching
from wskit.client import Client, ClientConfig
from wskit.events import Ended, Opened, Sample
from wskit.inspection import places, process
from wskit.inspection.places import running
from wskit.protocol.opcodes import Side
from wskit.tui.attached import AttachSource, resolved

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])

PROGRAM = """
    import sys
    from wskit import Server, ServerConfig, connect

    class Echo:
        def __init__(self, handshake, conn):
            self.conn = conn

        def client_message(self, data):
            self.conn.write(data)

    server = Server(Echo, ServerConfig(port=0))
    server.listen_in_new_thread()
    print(server.port, flush=True)
    sys.stdin.read()
"""


def serving(blocking: bool = False, *, inspect: bool = False) -> Server:
    return Server(Echo, ServerConfig(port=0, blocking=blocking), inspect=inspect)


def url(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}"


def nothing_is_left(home: Path) -> bool:
    names = {thread.name for thread in threading.enumerate()}
    return not list(home.glob("*")) and "wskit-inspector" not in names


@contextlib.contextmanager
def program(
    source: str = PROGRAM, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a program with a server and give its process and port."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(source)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


class TestServers:
    @MODES
    def test_one_that_asks_is_found_and_seen(self, home: Path, blocking: bool) -> None:
        with serving(blocking, inspect=True) as server:
            server.listen_in_new_thread()
            [found] = running()
            assert (found.pid, found.kind) == (os.getpid(), "unix")
            assert found.servers == (f"127.0.0.1:{server.port}",)
            assert stat.S_IMODE(Path(found.address).stat().st_mode) == 0o600
            source = AttachSource(found)
            with connect(url(server)) as client:
                client.write("hello")
                client.read(scaled(5))
            events = taken(source, 1, Ended)
            assert payloads(events) == [b"hello", b"hello", b"\x03\xe8", b"\x03\xe8"]
            assert any(isinstance(event, Sample) for event in events)
            source.end()
        assert nothing_is_left(home)

    @MODES
    def test_what_happens_until_its_end_is_told(self, home: Path, blocking: bool) -> None:
        with serving(blocking, inspect=True) as server:
            server.listen_in_new_thread()
            source = AttachSource(resolved())
            with connect(url(server)) as client:
                taken(source, 1, Opened)
                client.write("last")
                client.read(scaled(5))
                reader = client.read_loop_in_new_thread(Silent())
                server.stop()
                reader.join()
        events = taken(source, 1, Ended)
        assert payloads(events) == [b"last", b"last", b"\x03\xe9", b"\x03\xe9"]
        rest(source)
        assert source.problem.endswith("it has ended")
        source.end()
        assert nothing_is_left(home)

    def test_several_share_one_until_the_last_has_stopped(self, home: Path) -> None:
        with serving(inspect=True) as one, serving(inspect=True) as other:
            one.listen_in_new_thread()
            other.listen_in_new_thread()
            [found] = running()
            assert found.servers == (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
            one.stop()
            assert [each.servers for each in running()] == [(f"127.0.0.1:{other.port}",)]
        assert nothing_is_left(home)

    def test_one_that_does_not_ask_is_not_seen(self) -> None:
        with serving(inspect=True) as one, serving() as other:
            one.listen_in_new_thread()
            other.listen_in_new_thread()
            source = AttachSource(resolved())
            with connect(url(other)) as unseen, connect(url(one)) as seen:
                unseen.write("unseen")
                unseen.read(scaled(5))
                seen.write("seen")
                seen.read(scaled(5))
                assert set(payloads(taken(source, 2))) == {b"seen"}
            source.end()

    def test_without_asking_nothing_is_there(self, home: Path) -> None:
        with serving() as server:
            server.listen_in_new_thread()
            assert not home.exists()

    def test_one_that_may_listen_again_is_found_again(self, home: Path) -> None:
        with serving(inspect=True) as server:
            for _ in range(2):
                server.listen_in_new_thread()
                assert len(running()) == 1
                server.stop()
                assert nothing_is_left(home)

    def test_one_that_cannot_listen_leaves_nothing(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken_port:
            config = ServerConfig(port=taken_port.getsockname()[1])
            with pytest.raises(OSError, match="in use"):
                Server(Echo, config, inspect=True).listen_in_new_thread()
        assert nothing_is_left(home)

    def test_a_folder_that_cannot_be_trusted_is_an_error_and_nothing_listens(
        self, home: Path
    ) -> None:
        home.mkdir()
        home.chmod(0o777)
        server = serving(inspect=True)
        with pytest.raises(PermissionError, match="closed to others"):
            server.listen_in_new_thread()
        assert server.address is None
        home.chmod(0o700)
        with server:
            server.listen_in_new_thread()
            assert len(running()) == 1

    def test_a_file_that_cannot_be_written_is_an_error_and_nothing_listens(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(described: object) -> None:
            raise OSError("no space")

        with monkeypatch.context() as patch:
            patch.setattr(places, "announce", full)
            with pytest.raises(OSError, match="no space"):
                serving(inspect=True).listen_in_new_thread()
        assert nothing_is_left(home)

    def test_a_disk_that_is_full_later_is_logged_and_harms_nobody(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def full(described: object) -> None:
            raise OSError("no space")

        with serving(inspect=True) as one, serving(inspect=True) as other:
            one.listen_in_new_thread()
            with monkeypatch.context() as patch:
                patch.setattr(places, "announce", full)
                other.listen_in_new_thread()
            assert "no space" in caplog.text
            source = AttachSource(resolved())
            with connect(url(other)) as client:
                client.write("x")
                client.read(scaled(5))
                assert payloads(taken(source, 2)) == [b"x", b"x"]
            source.end()

    @pytest.mark.parametrize("wrong", ["unix", 1, None])
    def test_a_wrong_wish_is_refused(self, wrong: object) -> None:
        with pytest.raises((TypeError, ValueError), match="inspect: must be True, False or"):
            Server(Echo, inspect=wrong)  # type: ignore[arg-type]
        with pytest.raises((TypeError, ValueError), match="inspect: must be True, False or"):
            connect("ws://127.0.0.1:1", inspect=wrong)  # type: ignore[arg-type]

    def test_its_own_traffic_is_told_to_nobody(self) -> None:
        class Ear(watching.Watcher):
            def __init__(self) -> None:
                self.heard: list[object] = []

            def started(self, server: object) -> None:
                self.heard.append(server)

            def stopped(self, server: object) -> None:
                self.heard.append(server)

            def opened(self, side: Side, conn: object, opening: object) -> None:
                self.heard.append(conn)

        watching.watch(ear := Ear())
        with serving(inspect=True) as server:
            server.listen_in_new_thread()
            source = AttachSource(resolved())
            taken(source, 1, Sample)
            source.end()
        assert ear.heard == [server, server]


class Silent:
    """A handler that takes what comes."""

    def server_message(self, data: str | bytes) -> None: ...


class TestClients:
    def test_one_that_asks_is_seen_until_it_has_closed(self, home: Path) -> None:
        with serving() as server:
            server.listen_in_new_thread()
            with connect(url(server), inspect=True) as client:
                source = AttachSource(resolved())
                client.write("from a client")
                client.read(scaled(5))
                events = taken(source, 2)
            events += taken(source, 1, Ended)
        [opened] = [event for event in events if isinstance(event, Opened)]
        assert (opened.side, opened.url) == (Side.CLIENT, f"{url(server)}/")
        assert payloads(events)[:2] == [b"from a client"] * 2
        source.end()
        assert nothing_is_left(home)

    def test_one_that_fails_leaves_nothing(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            config = ClientConfig(host="127.0.0.1", port=silent.getsockname()[1], inspect=True)
            with pytest.raises(TimeoutError):
                Client(config).handshake(timeout=0.05)
        assert nothing_is_left(home)

    def test_by_a_socket_of_the_process(self) -> None:
        with serving() as server:
            server.listen_in_new_thread()
            with connect(url(server), inspect="tcp"):
                [found] = running()
                assert (found.kind, len(found.token), found.servers) == ("tcp", 64, ())


class TestTheEnvironment:
    def test_asks_for_all_servers_of_a_process(self, home: Path) -> None:
        with program(WSKIT_INSPECT="1") as (run, port):
            [found] = running()
            assert (found.pid, found.servers) == (run.pid, (f"127.0.0.1:{port}",))
            source = AttachSource(found)
            with connect(f"ws://127.0.0.1:{port}") as client:
                client.write("hello")
                client.read(scaled(5))
                assert payloads(taken(source, 2)) == [b"hello", b"hello"]
            run.communicate(timeout=scaled(20))
            assert run.returncode == 0
            rest(source)
            source.end()
        assert nothing_is_left(home)

    def test_may_ask_for_tcp(self, home: Path) -> None:
        with program(WSKIT_INSPECT="tcp") as (_, port):
            [found] = running()
            assert found.kind == "tcp"
            assert not list(home.glob("*.sock"))
            source = AttachSource(resolved(found.address))
            with connect(f"ws://127.0.0.1:{port}") as client:
                client.write("hello")
                client.read(scaled(5))
                assert payloads(taken(source, 2)) == [b"hello", b"hello"]
            source.end()

    def test_lasts_as_long_as_the_process(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WSKIT_INSPECT", "tcp")
        monkeypatch.setattr(process, "_state", process._State())
        try:
            for _ in range(2):
                with serving() as server:
                    server.listen_in_new_thread()
                    [found] = running()
                    assert (found.kind, len(found.servers)) == ("tcp", 1)
            [found] = running()
            assert found.servers == ()
        finally:
            process._at_exit()
        process._at_exit()
        assert nothing_is_left(home)

    def test_a_child_wants_nothing_of_what_its_parent_does(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process, "_state", mine := process._State())
        with serving(inspect=True) as server:
            server.listen_in_new_thread()
            assert mine.wants(server)
            process._in_child()
            assert not mine.wants(server)
            assert process._state is not mine
            monkeypatch.setattr(process, "_state", mine)
            mine.asked.add(server)
        assert nothing_is_left(home)

    def test_a_process_that_was_killed_leaves_what_the_next_look_removes(self, home: Path) -> None:
        with program(WSKIT_INSPECT="1") as (run, _):
            source = AttachSource(resolved())
            run.send_signal(signal.SIGKILL)
            rest(source)
            assert source.problem.endswith("the connection was lost")
            source.end()
        assert len(list(home.iterdir())) == 2
        assert running() == []
        assert nothing_is_left(home)

    def test_a_child_has_one_of_its_own_and_leaves_the_parents(self, home: Path) -> None:
        source = PROGRAM.replace(
            "print(server.port, flush=True)",
            """
    import os, warnings
    warnings.simplefilter("ignore")  # that a process with threads forks
    child = os.fork()
    if not child:
        other = Server(Echo, ServerConfig(port=0))
        other.listen_in_new_thread()
        from wskit.inspection.places import running
        assert len(running()) == 2, running()
        other.stop()
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print(server.port, flush=True)
            """,
        )
        with program(source, WSKIT_INSPECT="1") as (run, _):
            assert [each.pid for each in running()] == [run.pid]

    def test_zero_is_no(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        monkeypatch.setenv("WSKIT_INSPECT", "0")
        with serving() as server:
            server.listen_in_new_thread()
            assert not home.exists()

    def test_anything_else_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WSKIT_INSPECT", "yes")
        with pytest.raises(ValueError, match="WSKIT_INSPECT: must be 1, tcp or 0, not 'yes'"):
            serving().listen_in_new_thread()

    def test_a_refused_client_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(inspect=True) as server:
            server.listen_in_new_thread()
            source = AttachSource(resolved())
            with pytest.raises(HandshakeError):
                connect(f"{url(server)}/no", inspect=True)
            sides = [e.side for e in taken(source, 2, Opened) if isinstance(e, Opened)]
            assert set(sides) == {Side.CLIENT, Side.SERVER}
            source.end()


def test_whoever_does_not_ask_loads_nothing_of_it() -> None:
    check = """
        import sys
        import wskit.server, wskit.client
        from wskit import Server, connect, ServerConfig
        class H:
            def __init__(self, handshake, conn): pass
            def client_message(self, data): pass
        with Server(H, ServerConfig(port=0)) as server:
            server.listen_in_new_thread()
            connect(f"ws://127.0.0.1:{server.port}").close()
        print([n for n in sys.modules if n.startswith(("wskit.inspection", "platformdirs"))])
    """
    said = subprocess.check_output(
        [sys.executable, "-c", textwrap.dedent(check)], text=True, timeout=scaled(20)
    )
    assert said == "[]\n"
