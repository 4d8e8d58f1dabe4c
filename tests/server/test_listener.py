"""Listening: names, ports, Unix sockets, and accepting that never spins."""

from __future__ import annotations

import errno
import logging
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import Peer
from tests.server.recording import Book, Recorded
from wskit import HandshakeConfig, Server, ServerConfig
from wskit.server.handlers import HandlerClass
from wskit.server.hub import Hub
from wskit.server.listener import Listener, listen_on, peer_address
from wskit.server.monitor import Monitor

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])
UNIX = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


class Silent:
    def __init__(self, handshake: object, conn: object) -> None: ...
    def client_message(self, data: str | bytes) -> None: ...


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a path for a Unix socket; relative, since these may have 107 characters only."""
    monkeypatch.chdir(tmp_path)
    return "ws.sock"


class TestListenOn:
    def test_is_not_blocking_and_sends_small_segments_at_once(self) -> None:
        with listen_on(ServerConfig(port=0)) as sock:
            assert not sock.getblocking()
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert not sock.get_inheritable()

    def test_connections_inherit_no_delay(self, serve: Serve, connect: Connect, book: Book) -> None:
        connect(serve(Recorded, book))
        fd = book.handler().conn._outbound.transport.fileno()
        with socket.socket(fileno=os.dup(fd)) as copy:
            assert copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    @pytest.mark.parametrize(
        ("address", "family"),
        [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6), ("localhost", None)],
    )
    def test_takes_addresses_and_names(self, address: str, family: int | None) -> None:
        if family == socket.AF_INET6 and not _has_ipv6():
            pytest.skip("no IPv6 here")
        with listen_on(ServerConfig(port=0, address=address)) as sock:
            assert family in (None, sock.family)
            assert sock.getsockname()[0] in ("127.0.0.1", "::1")

    def test_a_name_that_does_not_resolve_is_an_os_error(self) -> None:
        with pytest.raises(socket.gaierror):
            listen_on(ServerConfig(port=0, address="no such host"))

    def test_a_failure_leaves_no_socket_open(self) -> None:
        with listen_on(ServerConfig(port=0)) as first:  # the suite looks for sockets afterwards
            config = ServerConfig(port=first.getsockname()[1])
            for _ in range(3):
                with pytest.raises(OSError, match="in use"):
                    listen_on(config)

    @pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT here")
    def test_a_port_is_shared_only_if_both_want_it(self) -> None:
        with listen_on(ServerConfig(port=0, reuse_port=True)) as first:
            port = first.getsockname()[1]
            listen_on(ServerConfig(port=port, reuse_port=True)).close()
            with pytest.raises(OSError, match="in use"):
                listen_on(ServerConfig(port=port))


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (("127.0.0.1", 80), ("127.0.0.1", 80)),
        (("::1", 80, 0, 0), ("::1", 80)),
        ("/a/path", "/a/path"),
        ("", ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_peer_address_has_one_form(given: object, address: object) -> None:
    assert peer_address(given) == address


class TestServing:
    """What `listen_on` promises, through a server."""

    def test_localhost_is_served(self, serve: Serve, book: Book) -> None:
        server = serve(Recorded, book, address="localhost")
        assert server.port
        with socket.create_connection(("localhost", server.port)) as sock:
            address = sock.getsockname()[:2]
            sock.sendall(Peer.request(None))  # type: ignore[arg-type]
            assert book.handler().conn.address == address

    def test_ipv6_peers_have_their_address(self, serve: Serve, book: Book) -> None:
        if not _has_ipv6():
            pytest.skip("no IPv6 here")
        server = serve(Recorded, book, address="::1")
        assert server.address == ("::1", server.port)
        with socket.create_connection(("::1", server.port or 0)) as sock:
            sock.sendall(Peer.request(None))  # type: ignore[arg-type]
            conn = book.handler().conn
            assert conn.address == sock.getsockname()[:2]
            assert repr(conn) == f"<Conn [::1]:{sock.getsockname()[1]} open>"

    @pytest.mark.parametrize("method", ["listen", "listen_in_new_thread"])
    def test_a_busy_port_is_an_error_of_the_caller_which_may_try_again(
        self, serve: Serve, blocking: bool, method: str
    ) -> None:
        first = serve(Silent)
        second = Server(Silent, ServerConfig(port=first.port, blocking=blocking))
        with pytest.raises(OSError, match="in use") as caught:
            getattr(second, method)()
        assert caught.value.errno == errno.EADDRINUSE
        first.stop()
        with second:
            second.listen_in_new_thread()
            assert second.port == first.port

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the newest has it all")
    def test_servers_that_share_a_port_share_its_connections(
        self, serve: Serve, connect: Connect
    ) -> None:
        first = serve(Silent, reuse_port=True)
        second = serve(Silent, reuse_port=True, port=first.port)
        # The kernel spreads them by a hash: that one gets none of 32 happens once in 2**32.
        for _ in range(32):
            connect(first)
        counts = [len(server.connections) for server in (first, second)]
        assert sum(counts) == 32
        assert all(counts)


@UNIX
class TestUnixSockets:
    def test_is_served_and_unlinked_on_stop(self, serve: Serve, book: Book, path: str) -> None:
        server = serve(Recorded, book, unix_path=path)
        assert server.address == path
        assert server.port is None
        with UnixPeer(path) as peer:
            peer.open()
            peer.text("hi")
            assert peer.read_text() == "hi"
            conn = book.handler().conn
            assert conn.address == ""
            assert repr(conn) == "<Conn unix open>"
        server.stop()
        assert not Path(path).exists()

    @pytest.mark.parametrize("mode", [0o600, 0o666])
    def test_has_the_mode_asked_for(self, serve: Serve, path: str, mode: int) -> None:
        serve(Silent, unix_path=path, unix_mode=mode)
        assert stat.S_IMODE(os.stat(path).st_mode) == mode

    def test_a_file_that_is_no_socket_is_never_removed(self, path: str) -> None:
        Path(path).write_text("precious")
        with pytest.raises(OSError, match=r"unix_path: exists and is not a socket.*ws\.sock"):
            Server(Silent, ServerConfig(unix_path=path)).listen_in_new_thread()
        assert Path(path).read_text() == "precious"

    @pytest.mark.parametrize("backlog", [0, 5])
    def test_a_socket_in_use_is_never_removed(self, path: str, backlog: int) -> None:
        with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as waiting:
            live.bind(path)
            live.listen(backlog)
            waiting.setblocking(False)
            waiting.connect(path)  # with a backlog of 0 the next one has no room
            inode = os.stat(path).st_ino
            with pytest.raises(OSError, match="unix_path: another server listens there") as caught:
                Server(Silent, ServerConfig(unix_path=path)).listen()
            assert caught.value.errno == errno.EADDRINUSE
            assert os.stat(path).st_ino == inode

    def test_one_that_its_server_removes_just_now_is_in_nobodys_way(
        self, serve: Serve, path: str
    ) -> None:
        is_socket = stat.S_ISSOCK

        def is_socket_and_goes(mode: int) -> bool:
            os.unlink(path)
            return is_socket(mode)

        with socket.socket(socket.AF_UNIX) as leaving, pytest.MonkeyPatch.context() as patch:
            leaving.bind(path)
            patch.setattr(stat, "S_ISSOCK", is_socket_and_goes)
            serve(Silent, unix_path=path)
        with UnixPeer(path) as peer:
            peer.open()

    def test_the_socket_of_a_server_that_is_gone_is_replaced(self, serve: Serve, path: str) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(path)
        serve(Silent, unix_path=path)
        with UnixPeer(path) as peer:
            peer.open()

    def test_a_path_that_cannot_be_had_is_an_error_of_the_caller(self, path: str) -> None:
        for bad, message in (("no/such/ws.sock", "No such file"), ("x" * 200, "too long")):
            with pytest.raises(OSError, match=message):
                Server(Silent, ServerConfig(unix_path=bad)).listen_in_new_thread()

    def test_can_be_had_again_after_a_stop(self, serve: Serve, path: str) -> None:
        server = serve(Silent, unix_path=path)
        server.stop()
        server.listen_in_new_thread()
        with UnixPeer(path) as peer:
            peer.open()


class UnixPeer(Peer):
    """A Peer over a Unix socket."""

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        self.timeout = timeout
        self._data = bytearray()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(scaled(timeout))
        self.sock.connect(path)


class TestWhenFull:
    def test_connections_beyond_the_limits_wait_and_cost_no_cpu(
        self, serve: Serve, connect: Connect
    ) -> None:
        server = serve(Silent, max_conn=1, handshake=HandshakeConfig(count=1))
        open_one = connect(server)
        connect(server, opened=False)  # to be refused, of which one may be under way
        wait_for(lambda: server.stats().handshakes_pending == 1)
        waiting = [connect(server, opened=False) for _ in range(3)]
        for peer in waiting:
            peer.send(peer.request())
        cpu = time.process_time()
        assert waiting[0].nothing_arrives(0.4)
        # A poller that reports a listener nobody accepts from takes all of the 0.4 s.
        assert time.process_time() - cpu < 0.2
        open_one.hang_up()
        assert waiting[0].read_head().startswith("HTTP/1.1 101 ")

    def test_every_refusal_of_a_crowd_is_answered(self, serve: Serve, connect: Connect) -> None:
        server = serve(Silent, max_conn=2, handshake=HandshakeConfig(count=2))
        crowd = [connect(server, opened=False) for _ in range(20)]
        for peer in crowd:
            peer.send(peer.request())
        answers = []
        for peer in crowd:
            answers.append(peer.read_head()[:12])
            if answers[-1] == "HTTP/1.1 503":
                peer.hang_up()
        assert sorted(answers) == ["HTTP/1.1 101"] * 2 + ["HTTP/1.1 503"] * 18

    def test_threads_that_find_it_full_at_the_same_time_pause_it_once(
        self, serve: Serve, connect: Connect
    ) -> None:
        server = serve(Silent, max_conn=1, handshake=HandshakeConfig(count=1))
        for _ in range(5):
            first = connect(server)
            assert server._engine is not None
            listener, _ = server._engine._listeners[0]
            threads = [threading.Thread(target=listener._pause) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            first.hang_up()
            wait_for(lambda: server.stats().connections == 0)

    def test_a_slot_is_free_again_however_its_connection_ended(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, max_conn=1)
        for end in ("close", "hang up", "reset", "violation", "by us"):
            wait_for(lambda: server.stats().connections == 0, what=f"before {end}")
            peer = connect(server)
            match end:
                case "close":
                    peer.close_frame()
                case "hang up":
                    peer.hang_up()
                case "reset":
                    peer.reset()
                case "violation":
                    peer.send(b"\xff")
                case "by us":
                    server.connections[0].close()
                    peer.close_frame()
            if peer.sock.fileno() >= 0:
                assert peer.ended()
                peer.hang_up()
        book.closed(5)


# A server that may open few descriptors, and more clients than that, in a process of their own.
OUT_OF_DESCRIPTORS = """
import logging, os, resource, socket, sys, threading, time
from wskit import Server, ServerConfig

errors = []
class Handler(logging.Handler):
    def emit(self, record):
        errors.append(record.getMessage())
logging.getLogger("wskit").addHandler(Handler())

class Silent:
    def __init__(self, handshake, conn): ...
    def client_message(self, data): ...

server = Server(Silent, ServerConfig(port=0, blocking=sys.argv[1] == "True"))
server.listen_in_new_thread()
clients = [socket.socket() for _ in range(30)]
used = len(os.listdir("/dev/fd"))
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (used + 10, most))
for client in clients:
    client.connect(("127.0.0.1", server.port))
while not errors:
    time.sleep(0.001)
cpu, at = time.process_time(), len(errors)
time.sleep(0.5)
print(len(errors) - at, time.process_time() - cpu, flush=True)
last = clients.pop()
for client in clients:
    client.close()
last.settimeout(20)
last.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n")
print(last.recv(12).decode(), flush=True)
last.close()
server.stop(timeout=1)
"""


@MODES
def test_out_of_descriptors_it_pauses_instead_of_spinning_and_then_goes_on(blocking: bool) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", OUT_OF_DESCRIPTORS, str(blocking)],
        capture_output=True,
        text=True,
        timeout=scaled(30),
    )
    assert ran.returncode == 0, ran.stderr
    figures, answer = ran.stdout.splitlines()
    tries, cpu = map(float, figures.split())
    assert tries < 20, "one every 0.1 s, in each of 0.5 s"
    assert cpu < 0.25
    assert answer == "HTTP/1.1 101"


def test_a_failing_accept_is_logged_and_its_slot_given_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the system says, such as EPERM where a firewall forbids a connection."""

    class Broken(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            raise OSError(errno.EPERM, "forbidden")

    monitor = Monitor()
    hub = Hub(ServerConfig(max_conn=1), HandlerClass(Silent), monitor)
    paused: list[bool] = []
    with Broken() as sock, caplog.at_level(logging.ERROR, "wskit"):
        Listener(hub, sock, lambda *_: None, lambda: paused.append(True)).on_ready(0)
    monitor.close()
    assert hub.busy == 0
    assert not paused
    assert "accept failed" in caplog.text


@pytest.mark.parametrize("blocking", [True], indirect=True, ids=["blocking"])
def test_a_connection_that_cannot_be_given_a_thread_leaves_its_slot_to_the_next(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(Silent, max_conn=1)
    with monkeypatch.context() as fault:
        fault.setattr(threading.Thread, "start", _cannot_start)
        assert connect(server, opened=False).ended()
        assert connect(server, opened=False).ended()
    connect(server)
    refused = connect(server, opened=False)
    refused.send(refused.request())
    assert refused.read_head().startswith("HTTP/1.1 503 ")


def _cannot_start(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
