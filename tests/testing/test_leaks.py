"""What counts as left behind, and what belongs to something that may stay."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import wskit
from tests.deadlines import wait_for
from wskit import Server, ServerConfig, watching
from wskit.protocol.handshake import Handshake
from wskit.protocol.opcodes import Side
from wskit.testing import leaks
from wskit.testing.leaks import Holdings


class Echo:
    def __init__(self, handshake: Handshake, conn: wskit.Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


class Ignores:
    def server_message(self, data: str | bytes) -> None: ...


@pytest.fixture
def holdings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Holdings]:
    monkeypatch.setattr(leaks, "_MOMENT", 0.0)
    holdings = Holdings()
    watching.watch(holdings)
    holdings.begin()
    yield holdings
    watching.unwatch(holdings)


def nothing_more() -> list[str]:
    return []


def test_servers_and_clients_are_named_and_their_threads_are_theirs(holdings: Holdings) -> None:
    server = Server(Echo, ServerConfig(port=0))
    with server:
        server.listen_in_new_thread()
        address = f"127.0.0.1:{server.port}"
        with wskit.connect(f"ws://{address}/", ping_interval=5) as client:
            client.read_loop_in_new_thread(Ignores())
            assert holdings.left(nothing_more) == [
                f"client connection to {address}",
                f"server on {address}",
            ]
    # The thread of the pings ends by itself, soon after the last client.
    wait_for(lambda: not holdings.left(nothing_more), what="the end of all threads")


def test_what_was_there_or_is_excused_may_stay(holdings: Holdings) -> None:
    server = Server(Echo, ServerConfig(port=0))
    with server:
        before = holdings.inventory()
        server.listen_in_new_thread()
        holdings.excuse(before)
        assert not holdings.left(nothing_more, all_threads=True)
        with wskit.connect(f"ws://127.0.0.1:{server.port}/"):
            assert len(holdings.left(nothing_more)) == 1
            holdings.begin()
            assert not holdings.left(nothing_more)


def test_server_without_an_address_has_a_name(holdings: Holdings) -> None:
    with Server(Echo, ServerConfig(port=None)) as server:
        server.listen_in_new_thread()
        assert holdings.left(nothing_more) == ["server"]


def test_threads_count_by_their_names(holdings: Holdings) -> None:
    release = threading.Event()
    threads = [threading.Thread(target=release.wait, name=name) for name in ("wskit-x", "other")]
    for thread in threads:
        thread.start()
    try:
        assert holdings.left(nothing_more) == ["thread wskit-x"]
        assert holdings.left(nothing_more, all_threads=True) == ["thread other", "thread wskit-x"]
    finally:
        release.set()
        for thread in threads:
            thread.join()


def test_what_is_ending_has_a_moment(holdings: Holdings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "_MOMENT", 60.0)
    looks = iter([["peer"], ["peer"], []])
    assert not holdings.left(lambda: next(looks))
    assert next(looks, None) is None


def test_connection_that_is_forgotten_is_left_behind(holdings: Holdings) -> None:
    with Server(Echo, ServerConfig(port=None)) as server:
        server.listen_in_new_thread()
        holdings.begin()
        conn = Forgotten()
        holdings.opened(Side.CLIENT, conn, None)  # type: ignore[arg-type]
        assert holdings.left(nothing_more) == ["client connection to 192.0.2.1:80"]
        del conn
        assert holdings.left(nothing_more) == ["client connection to 192.0.2.1:80, forgotten"]
        holdings.begin()
        assert not holdings.left(nothing_more)


class Forgotten(wskit.Conn):
    def __init__(self) -> None:
        self.address = ("192.0.2.1", 80)


def test_who_inspects_this_process_is_no_business_of_a_test(holdings: Holdings) -> None:
    server = Server(Echo, ServerConfig(port=0))
    watching.hide(server)
    server.listen_in_new_thread()
    assert holdings.left(nothing_more) == []
    server.stop()
