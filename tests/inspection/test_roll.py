"""The roll: what it keeps of connections, and that it keeps none of them alive."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled
from tests.inspection.homes import Echo
from wskit import Conn, HandshakeError, Server, ServerConfig, connect, watching
from wskit.events import Ended, Opened
from wskit.inspection.roll import Entry, Roll
from wskit.protocol.handshake import Handshake
from wskit.protocol.headers import Headers
from wskit.protocol.opcodes import Side
from wskit.testing import WebSocketTest


class Looking:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def meet(self, entry: Entry) -> None:
        self.heard.append(("meet", entry.name))

    def hear(self, event: Opened | Ended) -> None:
        self.heard.append((type(event).__name__, event.connection))

    def part(self, name: str) -> None:
        self.heard.append(("part", name))


@pytest.fixture
def roll() -> Iterator[Roll]:
    roll = Roll(lambda owner: True)
    roll.begin()
    yield roll
    roll.end()


@pytest.fixture
def conn() -> Iterator[Conn]:
    with WebSocketTest() as test:
        yield test.conn


def handshake() -> Handshake:
    return Handshake("/x", Headers(), remote_address=("127.0.0.1", 5))


def test_a_servers_connection_is_met_before_it_is_told_of(roll: Roll, conn: Conn) -> None:
    roll.attach(looking := Looking())
    roll.opened(Side.SERVER, conn, handshake())
    name = roll.name(conn)
    assert looking.heard == [("meet", name)]
    roll.begun(conn)
    roll.begun(conn)
    roll.ended(conn)
    assert looking.heard == [("meet", name), ("Opened", name), ("part", name), ("Ended", name)]
    roll.ended(conn)
    roll.begun(conn)
    assert (len(looking.heard), len(roll), roll.name(conn)) == (4, 0, None)


def test_one_that_comes_later_is_told_of_what_is_there(roll: Roll, conn: Conn) -> None:
    roll.opened(Side.SERVER, conn, handshake())
    roll.attach(early := Looking())
    roll.begun(conn)
    roll.attach(late := Looking())
    name = roll.name(conn)
    assert early.heard == [("meet", name), ("Opened", name)]
    assert late.heard == [("Opened", name), ("meet", name)]


def test_one_that_is_detached_is_told_nothing(roll: Roll, conn: Conn) -> None:
    roll.attach(going := Looking())
    roll.attach(staying := Looking())
    roll.detach(going)
    roll.detach(Looking())
    roll.opened(Side.SERVER, conn, handshake())
    assert (going.heard, len(staying.heard)) == ([], 1)


def test_one_that_ends_before_it_was_told_of_is_parted_from_in_silence(
    roll: Roll, conn: Conn
) -> None:
    roll.attach(looking := Looking())
    roll.opened(Side.SERVER, conn, handshake())
    name = roll.name(conn)
    roll.ended(conn)
    assert looking.heard == [("meet", name), ("part", name)]


def test_a_refusal_on_another_thread_is_none_of_this_connection(roll: Roll, conn: Conn) -> None:
    roll.attach(looking := Looking())
    roll.opened(Side.SERVER, conn, handshake())
    error = HandshakeError(403)
    thread = threading.Thread(target=roll.refused, args=(("127.0.0.1", 9), error))
    thread.start()
    thread.join()
    name = roll.name(conn)
    assert ("Opened", name) not in looking.heard
    roll.refused(conn.address, error)
    assert looking.heard[-1] == ("Opened", name)
    assert roll.name(conn) is None


def test_it_keeps_no_connection_alive(roll: Roll) -> None:
    with WebSocketTest() as test:
        roll.opened(Side.SERVER, test.conn, handshake())
        gone = weakref.ref(test.conn)
    roll.attach(looking := Looking())
    roll.begun(gone())  # type: ignore[arg-type]
    del test
    gc.collect()
    assert gone() is None
    roll.sweep()
    assert [what for what, _ in looking.heard] == ["meet", "Opened", "part", "Ended"]
    assert len(roll) == 0


def test_a_connection_that_is_gone_is_told_of_as_far_as_it_is_known(roll: Roll) -> None:
    with WebSocketTest() as test:
        entry = Entry(test.conn, "a#1", Side.CLIENT, None, lambda ref: None)
    del test
    gc.collect()
    opened = entry.opened()
    assert (opened.connection, opened.side, opened.url) == ("a#1", Side.CLIENT, "")


def test_a_server_is_there_once_while_it_runs() -> None:
    with Server(Echo, ServerConfig(port=0)) as server:
        server.listen_in_new_thread()
        roll = Roll(lambda owner: owner is server)
        roll.begin([server])
        roll.started(server)
        assert roll.servers == [(f"127.0.0.1:{server.port}", server)]
        server.stop()
        assert roll.servers == []
        roll.end()
        roll.begin([server])
        assert roll.servers == []
        roll.end()


def test_one_that_came_while_those_before_it_were_entered_is_there_once() -> None:
    with Server(Echo, ServerConfig(port=0)) as server:
        server.listen_in_new_thread()
        roll = Roll(lambda owner: True)
        watching.watch(roll)
        with connect(f"ws://127.0.0.1:{server.port}/x") as client:
            client.write("a")
            client.read(scaled(5))
            roll.begin([server])
            roll.attach(looking := Looking())
            assert len([what for what in looking.heard if what[0] == "meet"]) == 2
            server.stop(timeout=0)
        roll.end()


def test_servers_without_an_address_have_names(roll: Roll) -> None:
    with (
        Server(Echo, ServerConfig(port=None)) as one,
        Server(Echo, ServerConfig(port=None)) as other,
    ):
        one.listen_in_new_thread()
        other.listen_in_new_thread()
        names = [name for name, _ in roll.servers]
        assert len(set(names)) == 2
        assert all(name.startswith("server ") for name in names)
