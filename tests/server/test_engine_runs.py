"""Runs of a server: begun and ended in every order, by other threads and by signals."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.deadlines import scaled
from tests.server.conftest import Connect, Serve
from tests.server.peer import Peer
from tests.server.recording import Book, Recorded
from wskit import Server, ServerConfig
from wskit.server.engine import Engine


def server_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("wskit-")]


@pytest.fixture
def one(blocking: bool, book: Book) -> Server:
    """Give a server that does not listen yet."""
    return Server(Recorded, ServerConfig(port=0, blocking=blocking))


def test_stop_before_listen_does_nothing(one: Server, book: Book) -> None:
    one.stop()
    one.listen_in_new_thread(book)
    assert one.port is not None
    with Peer(one.port) as peer:
        peer.open().text("served")
        assert peer.read_text() == "served"
    one.stop()


def test_stop_at_once_after_listen_in_new_thread(one: Server, book: Book) -> None:
    for _ in range(20):
        thread = one.listen_in_new_thread(book)
        one.stop()
        thread.join(scaled(5))
        assert not server_threads()


def test_a_server_can_listen_again_after_a_stop(one: Server, book: Book) -> None:
    for number in range(3):
        one.listen_in_new_thread(book)
        assert one.port is not None
        with Peer(one.port) as peer:
            peer.open().text(str(number))
            assert peer.read_text() == str(number)
        one.stop()
    book.closed(3)


def test_two_listens_at_once_are_refused(serve: Serve, book: Book) -> None:
    server = serve(Recorded, book)
    with pytest.raises(RuntimeError, match="listening already"):
        server.listen(book)
    server.stop()


def test_leaving_the_with_block_stops(one: Server, book: Book) -> None:
    with one:
        thread = one.listen_in_new_thread(book)
    assert not thread.is_alive()
    assert not server_threads()


def test_stop_returns_when_the_thread_of_the_server_has_ended_too(
    one: Server, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, early = Engine.run, []
    stopping = threading.Thread(target=one.stop)

    def lingering(engine: Engine) -> None:
        run(engine)
        stopping.join(scaled(0.2))
        early.append(not stopping.is_alive())

    monkeypatch.setattr(Engine, "run", lingering)
    one.listen_in_new_thread(book)
    stopping.start()
    stopping.join()
    assert early == [False]


def test_where_no_thread_can_be_had_nothing_stays_open(
    one: Server, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as fault:
        fault.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            one.listen_in_new_thread(book)
    stopping = threading.Thread(target=one.stop)
    stopping.start()
    stopping.join()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", one.port or 0))
    one.listen_in_new_thread(book)
    one.stop()


def test_the_port_is_free_and_the_listener_closed_as_soon_as_the_stop_begins(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert peer.read_close() == 1001
    assert server.port is not None
    with pytest.raises(ConnectionRefusedError):
        Peer(server.port)
    peer.close_frame()
    stopping.join(scaled(5))


def test_a_unix_socket_that_another_server_made_meanwhile_is_left_alone(
    blocking: bool, book: Book, tmp_path: Path
) -> None:
    path = str(tmp_path / "socket")
    config = ServerConfig(unix_path=path, blocking=blocking, close_timeout=scaled(5))
    first, second = Server(Recorded, config), Server(Recorded, config)
    first.listen_in_new_thread(book)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(scaled(5))
        raw.connect(path)
        raw.sendall(Peer.request(Peer.__new__(Peer)))
        assert raw.recv(1000).startswith(b"HTTP/1.1 101")
        stopping = threading.Thread(target=first.stop)
        stopping.start()
        assert raw.recv(1000)[:1] == b"\x88"
        second.listen_in_new_thread(book)
    stopping.join(scaled(5))
    try:
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(path)
    finally:
        second.stop()


def test_a_bind_error_is_raised_and_leaves_nothing(serve: Serve, book: Book, one: Server) -> None:
    taken = serve(Recorded, book)
    assert taken.port is not None
    second = Server(Recorded, ServerConfig(port=taken.port, blocking=one.config.blocking))
    with pytest.raises(OSError, match="in use"):
        second.listen_in_new_thread(book)
    with pytest.raises(OSError, match="in use"):
        second.listen(book)


SIGNALLED = """
import signal, sys
from wskit import Server, ServerConfig
from wskit.server.engine import Engine

class Echo:
    def __init__(self, handshake, conn):
        self.conn = conn
    def after_init(self):
        self.conn.write(str(server.port))
    def client_message(self, data):
        self.conn.write(data)
    def close(self):
        print("closed", flush=True)

class Announced(Server):
    def _open(self, app):
        engine = super()._open(app)
        print(engine.address[1], flush=True)
        return engine

server = Announced(Echo, ServerConfig(port=0, blocking=BLOCKING))
HANDLER
try:
    server.listen()
    print("returned", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    ("handler", "number", "last"),
    [
        ("signal.signal(signal.SIGTERM, lambda *_: server.stop())", signal.SIGTERM, "returned"),
        ("signal.signal(signal.SIGINT, signal.default_int_handler)", signal.SIGINT, "interrupted"),
    ],
    ids=["stop() in a signal handler", "Ctrl-C without one"],
)
def test_a_signal_stops_a_server_that_listens_in_the_main_thread(
    handler: str, number: signal.Signals, last: str, blocking: bool
) -> None:
    code = SIGNALLED.replace("BLOCKING", str(blocking)).replace("HANDLER", handler)
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            with Peer(int(process.stdout.readline()), timeout=20) as peer:
                peer.open().read_text()
                process.send_signal(number)
                assert peer.read_close() == 1001
                peer.close_frame(1001)
                peer.read_end()
            output, _ = process.communicate(timeout=scaled(20))
        finally:
            process.kill()
    assert output.split() == ["closed", last]
    assert process.returncode == 0


def test_ctrl_c_while_it_starts_is_an_orderly_stop_for_who_is_connected(
    monkeypatch: pytest.MonkeyPatch, book: Book
) -> None:
    listen, peers = Engine._listen, list[Peer]()

    def interrupted(engine: Engine) -> None:
        listen(engine)
        assert isinstance(engine.address, tuple)
        peers.append(Peer(engine.address[1]))
        peers[0].open().text("served")
        assert peers[0].read_text() == "served"
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "_listen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Server(Recorded, ServerConfig(port=0, close_timeout=scaled(0.1))).listen(book)
    with peers[0] as peer:
        assert peer.read_close() == 1001
    book.closed(1)
    assert not server_threads()


def test_ctrl_c_between_two_threads_ends_both(monkeypatch: pytest.MonkeyPatch, book: Book) -> None:
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if thread.name.startswith("wskit-worker-1-"):
            raise KeyboardInterrupt
        start(thread)

    with monkeypatch.context() as fault:
        fault.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Server(Recorded, ServerConfig(port=0, worker_count=2)).listen(book)
    assert not server_threads()
