"""Faults between both ends of a test: what comes through, and what is cleaned up."""

from __future__ import annotations

import pytest

from tests.deadlines import wait_for
from tests.testing.faults.echoes import Echo
from wskit.relaying.stages import Stage
from wskit.testing import ws_client, ws_server
from wskit.testing.faults import (
    Cut,
    Delay,
    Dribble,
    DropPongs,
    Duplicate,
    Fault,
    Reset,
    Stall,
)
from wskit.testing.interposing import interpose, needs_tcp
from wskit.testing.sockets import socket_pair


def test_the_thread_ends_by_itself_when_both_ends_are_closed() -> None:
    client, transport = socket_pair()
    end, relay = interpose(transport, [Dribble()], tcp=False)
    client.close()
    end.close()
    wait_for(lambda: relay._thread is not None and not relay._thread.is_alive())
    relay.end()


@pytest.mark.parametrize("fault", [Dribble([100]), Delay(0.02)], ids=repr)
def test_what_is_under_way_arrives_though_the_test_leaves(fault: Fault) -> None:
    seen: list[str | bytes] = []

    class Keeper(Echo):
        def client_message(self, data: str | bytes) -> None:
            seen.append(data)

    with ws_server(Keeper) as server:
        with server.connect(faults=[fault]) as peer:
            peer.send("x" * 20_000)
            peer.half_close()
        wait_for(lambda: server.stats().connections == 0)
    assert seen == ["x" * 20_000]


def test_a_fault_that_cannot_be_made_leaves_nothing_open() -> None:
    class Broken(Cut):
        def stage(self, *, response: bool) -> Stage:
            raise LookupError("no stage")

    one, other = socket_pair()
    with pytest.raises(LookupError, match="no stage"):
        interpose(one, [Broken(1)], tcp=False)
    assert one.fileno() == -1
    other.close()


def test_which_faults_need_tcp() -> None:
    assert not needs_tcp([Cut(1), Stall()])
    assert needs_tcp([Cut(1), Reset(1)])


def test_a_client_with_faults() -> None:
    with ws_server(Echo) as server:
        with ws_client(server.url, faults=[Duplicate(1), Dribble()]) as peer:
            peer.send("hi")
            peer.expect_text("hi")
            peer.expect_text("hi")
        with server.connect(faults=[Reset(frames=1)]) as peer:
            peer.send("boom")
            peer.expect_close(1006)
        with pytest.raises(TypeError, match="faults: "):
            ws_client(server.url, faults=["cut"])  # type: ignore[list-item]


def test_faults_lie_inside_of_tls() -> None:
    with ws_server(Echo, tls=True) as server, server.connect(faults=[Duplicate(2)]) as peer:
        peer.send("one")
        peer.send("x" * 100_000)
        peer.expect_text("one")
        peer.expect_text("x" * 100_000)
        peer.expect_text("x" * 100_000)


def test_a_refused_handshake_comes_through_faults() -> None:
    class Refusing(Echo):
        def client_message(self, data: str | bytes) -> None:
            """Never called."""

    from wskit.server import ServerConfig

    config = ServerConfig(origins=["https://here"])
    with ws_server(Refusing, config=config) as server:
        faults = [DropPongs(), Dribble()]
        with ws_client(server.url, origin="https://there", faults=faults) as peer:
            peer.expect_rejected(403)
