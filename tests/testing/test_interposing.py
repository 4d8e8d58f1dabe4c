"""The relay: bytes both ways, back-pressure, and an end that is prompt in every situation."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from tests.deadlines import scaled, wait_for
from tests.testing.faults.echoes import Echo
from wskit.testing import ws_client, ws_server
from wskit.testing.faults import (
    Corrupt,
    Cut,
    Delay,
    Dribble,
    DropPongs,
    Duplicate,
    Fault,
    HalfClose,
    Reset,
    SlowReader,
    Stall,
    SwallowClose,
    Throttle,
)
from wskit.testing.faults.stages import Stage
from wskit.testing.relay import Relay, interpose, needs_tcp
from wskit.testing.sockets import socket_pair

EVERY: list[Fault] = [
    Corrupt(3),
    Cut(3),
    Delay(30),
    Dribble(pause=30),
    DropPongs(),
    Duplicate(),
    HalfClose(3),
    Reset(3),
    SlowReader(direction="both"),
    Stall(direction="both"),
    SwallowClose(silent=True),
    Throttle(1),
]
TRAFFIC = b"HTTP/1.1 101 x\r\n\r\n" + b"\x81\x02hi" + b"\x88\x00" * 20


def big(client: socket.socket) -> int:
    """Send until nothing more goes; return how much that was."""
    total = 0
    try:
        while total < 1 << 26:
            total += client.send(bytes(65536))
    except BlockingIOError:
        pass
    return total


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("tcp", [False, True])
def test_an_end_in_the_middle_is_prompt(fault: Fault, tcp: bool) -> None:
    client, one = socket_pair(tcp=tcp)
    other, server = socket_pair(tcp=tcp)
    relay = Relay(one, other, [fault])
    relay.start()
    client.send(TRAFFIC)
    with contextlib.suppress(ConnectionError):  # the fault may be quicker
        server.send(TRAFFIC)
    began = time.monotonic()
    relay.end()
    relay.end()
    assert time.monotonic() - began < scaled(1)
    for sock in (client, server):
        sock.settimeout(scaled(2))
        try:
            while sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        sock.close()


def test_two_directions_at_once() -> None:
    client, one = socket_pair()
    other, server = socket_pair()
    relay = Relay(one, other)
    relay.start()
    with client, server:
        sent = {client: 0, server: 0}
        got = {client: 0, server: 0}
        total = 1 << 22

        def go_on() -> bool:
            for sock in (client, server):
                with contextlib.suppress(BlockingIOError):
                    if sent[sock] < total:
                        sent[sock] += sock.send(bytes(min(65536, total - sent[sock])))
                with contextlib.suppress(BlockingIOError):
                    got[sock] += len(sock.recv(65536))
            return min(got.values()) == total

        deadline = time.monotonic() + scaled(10)
        while not go_on():
            assert time.monotonic() < deadline
    relay.end()


def test_what_is_held_back_is_not_read() -> None:
    client, one = socket_pair()
    other, server = socket_pair()
    stall = SlowReader(direction="to_server")
    relay = Relay(one, other, [stall])
    relay.start()
    with client, server:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        client.send(b"x")
        stall.wait()
        assert big(client) < 1 << 24
    relay.end()


def test_the_thread_ends_by_itself_when_both_ends_are_closed() -> None:
    client, transport = socket_pair()
    end, relay = interpose(transport, [Dribble()], tcp=False)
    client.close()
    end.close()
    wait_for(lambda: relay._thread is not None and not relay._thread.is_alive())
    relay.end()


def test_a_sender_hears_that_the_other_end_is_gone() -> None:
    client, one = socket_pair(tcp=True)
    other, server = socket_pair(tcp=True)
    relay = Relay(one, other)
    relay.start()
    with client:
        server.close()
        client.settimeout(scaled(2))
        assert client.recv(1) == b""

        def is_told() -> bool:
            try:
                client.send(b"?")
            except OSError:
                return True
            return False

        wait_for(is_told)
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
