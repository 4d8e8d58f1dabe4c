"""What tools in the same process are told of servers and connections, and that they do no harm."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deadlines import scaled
from tests.server.adopting import upgraded
from tests.server.peer import Peer
from wskit import (
    Conn,
    ConnectionClosed,
    Handshake,
    HandshakeError,
    HandshakeRejected,
    Server,
    ServerConfig,
    connect,
    watching,
)
from wskit.conn import Address
from wskit.protocol.frames import Tap
from wskit.protocol.opcodes import Side
from wskit.protocol.response import ClientHandshakeResult

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])
# What is told of `scene`: a server, a refusal, and a connection whose handler fails.
SCENE = ["started", "opened", "refused", "opened", "opened", "failed", "ended", "ended", "stopped"]


class Ear(watching.Watcher):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def hear(self, *what: object) -> None:
        self.heard.append(what)

    @property
    def words(self) -> list[object]:
        return [what[0] for what in self.heard]

    def told(self, word: str) -> list[tuple[object, ...]]:
        return [what[1:] for what in self.heard if what[0] == word]

    def started(self, server: object) -> None:
        self.hear("started", server)

    def stopped(self, server: object) -> None:
        self.hear("stopped", server)

    def opened(
        self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult
    ) -> Tap | None:
        self.hear("opened", side, conn, opening)
        return None

    def refused(self, address: Address, error: HandshakeError) -> None:
        self.hear("refused", address, error)

    def ended(self, conn: Conn) -> None:
        self.hear("ended", conn)

    def failed(self, conn: Conn | None, where: str, error: BaseException) -> None:
        self.hear("failed", conn, where, error)


class Broken(Ear):
    """Raises where it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def hear(self, *what: object) -> None:
        super().hear(*what)
        if what[0] == self.where:
            raise LookupError("a broken watcher")


class Moody:
    """Echoes; refuses "/no", and fails at "fail"."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        if handshake.url == "/no":
            raise HandshakeRejected(403)
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        if data == "fail":
            raise LookupError("as it was told")
        self.conn.write(data)


class Refusing(Moody):
    """Refuses with the error that is its app."""

    def __init__(self, handshake: Handshake, conn: Conn, app: HandshakeRejected) -> None:
        raise app


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody watch, not even the plugin."""
    monkeypatch.setattr(watching, "_watchers", ())


@pytest.fixture
def ear(nobody: None) -> Ear:
    ear = Ear()
    watching.watch(ear)
    return ear


@contextlib.contextmanager
def serving(handler: type, app: object = None, *, blocking: bool = False) -> Iterator[Server]:
    """Run a server; when it is over, whatever there is to tell of it has been told."""
    with Server(handler, ServerConfig(port=0, blocking=blocking)) as server:
        server.listen_in_new_thread(app)
        yield server


def port(server: Server) -> int:
    assert server.port is not None
    return server.port


def url(server: Server, path: str = "/") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


def scene(blocking: bool = False) -> None:
    """Have everything happen that there is to tell."""
    with serving(Moody, blocking=blocking) as server:
        with Peer(port(server)) as peer:
            peer.send(peer.request("/no"))
            assert peer.read_head().startswith("HTTP/1.1 403 ")
        with connect(url(server)) as client:
            client.write("hello")
            assert client.read(scaled(5)) is not None
            client.write("fail")
            with pytest.raises(ConnectionClosed, match="1011"):
                client.read(scaled(5))


def complaints(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "wskit.watching"]


@MODES
class TestServers:
    def test_everything_is_told_once_and_in_order(self, ear: Ear, blocking: bool) -> None:
        scene(blocking)
        assert ear.words == SCENE

    def test_one_that_is_said_to_have_started_listens(self, blocking: bool) -> None:
        class Caller(Ear):
            def started(self, server: object) -> None:
                assert isinstance(server, Server)
                with Peer(port(server)):
                    super().started(server)

        watching.watch(caller := Caller())
        with serving(Moody, blocking=blocking) as server:
            assert caller.heard == [("started", server)]

    def test_one_that_is_said_to_have_stopped_has_no_other_thread(self, blocking: bool) -> None:
        before = set(threading.enumerate())

        class Census(Ear):
            def stopped(self, server: object) -> None:
                self.hear(set(threading.enumerate()) - before - {threading.current_thread()})

        watching.watch(census := Census())
        with serving(Moody, blocking=blocking) as server, Peer(port(server)).open():
            server.stop(timeout=0)
            assert census.heard[-1] == (set(),)

    def test_each_run_is_told(self, ear: Ear, blocking: bool) -> None:
        with serving(Moody, blocking=blocking) as server:
            with pytest.raises(RuntimeError, match="listening already"):
                server.listen_in_new_thread()
            server.stop()
            server.listen_in_new_thread()
        server.stop()
        assert ear.heard == [("started", server), ("stopped", server)] * 2

    def test_one_that_cannot_listen_is_not_told_of(self, ear: Ear, blocking: bool) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            config = ServerConfig(port=taken.getsockname()[1], blocking=blocking)
            with pytest.raises(OSError, match="in use"):
                Server(Moody, config).listen_in_new_thread()
        assert ear.heard == []


@MODES
class TestConnections:
    def test_both_ends_are_told_of_and_the_servers_before_it_has_a_handler(
        self, ear: Ear, blocking: bool
    ) -> None:
        class Late(Moody):
            def __init__(self, handshake: Handshake, conn: Conn, app: Ear) -> None:
                super().__init__(handshake, conn)
                app.hear("handler", conn, handshake)

        with (
            serving(Late, ear, blocking=blocking) as server,
            connect(url(server, "/room?x=1")) as client,
        ):
            [(conn, handshake)] = ear.told("handler")
            assert isinstance(handshake, Handshake)
            assert handshake.url == "/room?x=1"
            assert client.response is not None
            assert ear.heard[1:] == [
                ("opened", Side.SERVER, conn, handshake),
                ("handler", conn, handshake),
                ("opened", Side.CLIENT, client, client.response),
            ]
        assert sorted(map(repr, ear.told("ended"))) == sorted(map(repr, [(conn,), (client,)]))

    def test_one_that_is_said_to_have_ended_has_no_socket(self, blocking: bool) -> None:
        class Looking(Ear):
            def ended(self, conn: Conn) -> None:
                self.hear("ended", conn.is_closed, conn._outbound.transport.fileno())

        watching.watch(looking := Looking())
        with serving(Moody, blocking=blocking) as server, connect(url(server)):
            assert looking.told("ended") == []
        assert looking.told("ended") == [(True, -1)] * 2

    def test_an_adopted_one_comes_with_the_handshake_that_was_given(
        self, ear: Ear, blocking: bool
    ) -> None:
        ours, theirs = socket.socketpair()
        with ours, Server(Moody, ServerConfig(port=None, blocking=blocking)) as server:
            server.listen_in_new_thread()
            server.adopt(theirs, handshake := upgraded())
            [conn] = server.connections
            assert ear.heard == [("started", server), ("opened", Side.SERVER, conn, handshake)]
            ours.shutdown(socket.SHUT_WR)
        assert ear.words == ["started", "opened", "ended", "stopped"]

    def test_a_handlers_refusal_is_told_with_its_error(self, ear: Ear, blocking: bool) -> None:
        error = HandshakeRejected(403, body="no")
        with serving(Refusing, error, blocking=blocking) as server, Peer(port(server)) as peer:
            peer.send(peer.request())
            assert peer.read_head().startswith("HTTP/1.1 403 ")
            assert ear.words == ["started", "opened", "refused"]
            assert ear.told("refused") == [(peer.sock.getsockname(), error)]

    def test_a_refusal_before_there_was_a_connection(self, ear: Ear, blocking: bool) -> None:
        with serving(Moody, blocking=blocking) as server, Peer(port(server)) as peer:
            peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            status = peer.read_head().split()[1]
            assert ear.words == ["started", "refused"]
            [(address, error)] = ear.told("refused")
            assert address == peer.sock.getsockname()
            assert isinstance(error, HandshakeError)
            assert str(error.status) == status


class TestWatchers:
    @pytest.mark.parametrize("where", sorted(set(SCENE)))
    def test_one_that_raises_is_logged_and_dropped_and_harms_nobody(
        self, where: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        before, broken, after = Ear(), Broken(where), Ear()
        for watcher in (before, broken, after):
            watching.watch(watcher)
        scene()
        assert before.words == after.words == SCENE
        assert broken.words == SCENE[: SCENE.index(where) + 1]
        [record] = complaints(caplog)
        assert record.getMessage() == f"watcher {broken!r} raised and was dropped"
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], LookupError)

    def test_with_none_nothing_is_done(self, caplog: pytest.LogCaptureFixture) -> None:
        scene()
        with serving(Moody) as server, connect(url(server)) as client:
            [conn] = server.connections
            assert conn._protocol.tap is client._protocol.tap is None
        assert complaints(caplog) == []

    def test_one_that_wants_no_tap_costs_no_frame_anything(self, ear: Ear) -> None:
        with serving(Moody) as server, connect(url(server)) as client:
            [conn] = server.connections
            assert conn._protocol.tap is client._protocol.tap is None
            assert len(ear.told("opened")) == 2

    def test_one_that_overrides_nothing_may_watch(self, caplog: pytest.LogCaptureFixture) -> None:
        watching.watch(watching.Watcher())
        scene()
        assert complaints(caplog) == []

    def test_one_that_is_gone_is_told_no_more(self, ear: Ear) -> None:
        class Same(Ear):
            def __eq__(self, other: object) -> bool:
                return isinstance(other, Same)

        staying, going = Same(), Same()
        watching.watch(staying)
        watching.watch(going)
        watching.started(1)
        watching.unwatch(going)
        watching.unwatch(going)
        watching.unwatch(Ear())
        watching.stopped(1)
        assert ear.words == staying.words == ["started", "stopped"]
        assert going.words == ["started"]

    def test_one_that_watches_already_is_told_once(self, ear: Ear) -> None:
        watching.watch(ear)
        watching.started(1)
        assert ear.words == ["started"]
        watching.unwatch(ear)
        watching.stopped(1)
        assert ear.words == ["started"]

    def test_one_may_go_while_it_is_told(self) -> None:
        class Once(Ear):
            def started(self, server: object) -> None:
                super().started(server)
                watching.unwatch(self)

        once, after = Once(), Ear()
        watching.watch(once)
        watching.watch(after)
        scene()
        assert (once.words, after.words) == (["started"], SCENE)

    def test_each_is_told_on_the_thread_where_it_happens(self) -> None:
        class Threads(Ear):
            def hear(self, *what: object) -> None:
                super().hear(what[0], threading.get_ident())

        class Telling(Moody):
            def client_message(self, data: str | bytes) -> None:
                self.conn.close(4000, str(threading.get_ident()))
                raise KeyError(data)

        watching.watch(threads := Threads())
        with serving(Telling) as server, connect(url(server)) as client:
            client.write("where?")
            with pytest.raises(ConnectionClosed) as closed:
                client.read(scaled(5))
        assert threads.told("failed") == [(int(closed.value.reason),)]
        here = (threading.get_ident(),)
        assert [here in threads.told(word) for word in ("started", "opened", "ended")] == [True] * 3
        assert here not in threads.told("stopped")

    def test_they_come_and_go_on_several_threads(self) -> None:
        lasting = [Ear() for _ in range(4)]

        def come_and_go(stays: Ear) -> None:
            for turn in range(100):
                watching.watch(guest := Ear())
                watching.started(turn)
                watching.unwatch(guest)
                if turn == 50:
                    watching.watch(stays)
                assert ("started", turn) in guest.heard

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(come_and_go, lasting)) == [None] * 4
        watching.stopped("all")
        assert [ear.told("stopped") for ear in lasting] == [[("all",)]] * 4
        for ear in lasting:
            watching.unwatch(ear)
        watching.stopped("nobody")
        assert [ear.told("stopped") for ear in lasting] == [[("all",)]] * 4

    @pytest.mark.parametrize("change", [watching.watch, watching.unwatch])
    def test_one_that_comes_amid_a_change_is_not_lost(
        self, change: Callable[[watching.Watcher], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, other = Ear(), Ear()
        thread = threading.Thread(target=watching.watch, args=(other,))

        class Interrupted(tuple[watching.Watcher, ...]):
            def __iter__(self) -> Iterator[watching.Watcher]:
                if thread.ident is None:
                    thread.start()
                thread.join(0.05)  # as it should, it waits until the change is made
                return super().__iter__()

        monkeypatch.setattr(watching, "_watchers", Interrupted((one,)))
        change(one if change is watching.unwatch else Ear())
        thread.join(scaled(5))
        watching.started("all")
        assert other.words == ["started"]
