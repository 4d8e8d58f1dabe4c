"""The manual clock: timers of many seconds in milliseconds, in the server's own threads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled, wait_for
from tests.testing.faults.echoes import Echo
from wskit import ConnectionClosed, connect
from wskit.server import Server, ServerConfig
from wskit.testing import ManualClock, ServerPeer, ws_pair, ws_script, ws_server
from wskit.testing.faults import DropPongs, SwallowClose


@pytest.fixture(autouse=True)
def no_time_passes() -> Iterator[None]:
    """Minutes of the clock are moments."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < scaled(4)


def test_keepalive_pings_when_the_clock_says_so() -> None:
    clock = ManualClock()
    with ws_pair(Echo, clock=clock) as peer:
        clock.advance(19.9)
        peer.expect_nothing(within=0)
        clock.advance(0.1)
        peer.expect_ping(timeout=0)  # advance() returns when the timers have run
        peer.send("alive")
        peer.expect_text("alive")
        clock.advance(20)
        peer.expect_ping(timeout=0)


def test_silence_ends_the_connection() -> None:
    clock = ManualClock()
    with ws_pair(Echo, clock=clock, config=ServerConfig(ping_timeout=5)) as peer:
        peer.auto_pong = False
        clock.advance(20)
        peer.expect_ping()
        clock.advance(4.9)
        peer.expect_nothing(within=0.01)
        clock.advance(0.1)
        peer.expect_close(1011, "keepalive ping timeout", initiated_by="server")


def test_one_long_advance_stops_at_every_timer() -> None:
    clock = ManualClock()
    with ws_pair(Echo, clock=clock, config=ServerConfig(ping_timeout=None)) as peer:
        peer.auto_pong = False
        clock.advance(100)
        for _ in range(5):
            peer.expect_ping()
        peer.expect_nothing(within=0.01)


def test_pongs_that_are_dropped_are_silence() -> None:
    clock = ManualClock()
    with ws_pair(Echo, clock=clock, faults=[DropPongs()]) as peer:
        clock.advance(20)
        peer.expect_ping()
        clock.advance(20)
        peer.expect_close(1011)


def test_a_client_pings_when_the_clock_says_so() -> None:
    clock, asked = ManualClock(), threading.Event()

    def answers(peer: ServerPeer) -> None:
        peer.expect_text("ready")
        asked.set()
        for _ in range(2):
            peer.expect_ping()
            peer.send("alive")

    with ws_script(answers) as server, connect(server.url, clock=clock) as client:
        client.write("ready")
        assert asked.wait(scaled(5))
        for _ in range(2):
            clock.advance(20)
            assert client.read(scaled(5)) == (1, "alive")
        assert threads_named("wskit-pings") == []


def test_a_client_gives_up_a_silent_server() -> None:
    clock = ManualClock()

    def is_silent(peer: ServerPeer) -> None:
        peer.auto_pong = False
        peer.expect_ping(timeout=scaled(5))
        peer.expect_close(1006, timeout=scaled(5))

    with ws_script(is_silent) as server:
        client = connect(server.url, clock=clock, ping_interval=15, ping_timeout=5)
        clock.advance(19.9)
        assert client.read(0.01) is None
        clock.advance(0.1)
        with pytest.raises(ConnectionClosed, match="1006"):
            client.read(scaled(5))
        client.close()


def test_a_clock_of_a_client_may_run_by_itself() -> None:
    """It starts in another year, and that is all."""

    def answers(peer: ServerPeer) -> None:
        peer.expect_ping(timeout=scaled(5))

    with ws_script(answers) as server:
        client = connect(server.url, clock=lambda: time.monotonic() + 1e9, ping_interval=0.01)
        with pytest.raises(ConnectionClosed, match="1000"):
            client.read(scaled(5))


def test_a_client_wants_a_clock() -> None:
    with ws_server(Echo) as server, pytest.raises(TypeError, match=r"^clock: must be callable"):
        connect(server.url, clock=20)  # type: ignore[arg-type]


def threads_named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_the_latency_is_real() -> None:
    clock = ManualClock()
    with ws_server(Echo, clock=clock) as server, server.connect() as peer:
        clock.advance(20)
        peer.expect_ping()
        latency = wait_for(lambda: server.connections[0].stats().latency)
        assert latency is not None
        assert 0 < latency < scaled(2)


def test_the_opening_handshake_times_out() -> None:
    clock = ManualClock()
    with (
        ws_server(Echo, clock=clock) as server,
        socket.create_connection(("127.0.0.1", server.server.port or 0)) as sock,
    ):
        sock.settimeout(scaled(2))
        sock.sendall(b"GET / HTTP/1.1\r\n")
        wait_for(lambda: server.stats().handshakes_pending)
        clock.advance(9.9)
        assert server.stats().handshakes_pending == 1
        clock.advance(0.1)
        assert sock.recv(1000).startswith(b"HTTP/1.1 408")
        # Its own end of the refusal takes another second of the clock.
        wait_for(lambda: server.stats().handshake_failures == {408: 1})
        clock.advance(1)
        wait_for(lambda: not server.stats().handshakes_pending)


def test_the_close_of_a_silent_peer_times_out() -> None:
    clock, closing = ManualClock(), threading.Event()

    class Leaving(Echo):
        def client_message(self, data: str | bytes) -> None:
            self.conn.close(1000)

        def close(self) -> None:
            closing.set()

    with (
        ws_server(Leaving, clock=clock) as server,
        server.connect(faults=[SwallowClose(silent=True)]) as peer,
    ):
        peer.send("leave")
        peer.expect_close(1000)
        assert closing.wait(scaled(5))
        assert server.stats().connections == 1
        clock.advance(60)
        wait_for(lambda: server.stats().connections == 0)


def test_tls_and_a_stop_go_on_while_the_clock_stands_still() -> None:
    with ws_server(Echo, tls=True, clock=ManualClock()) as server:
        peer = server.connect()
        peer.send("hi")
        peer.expect_text("hi")
        peer.auto_close = False
        server.server.stop(timeout=0.01)
        peer.end()


def test_a_server_that_has_stopped_follows_no_clock() -> None:
    clock = ManualClock()
    with ws_pair(Echo, clock=clock):
        assert len(clock._followers) == 1
    assert clock._followers == []
    clock.advance(1000)


def test_a_handler_may_move_the_clock() -> None:
    clock = ManualClock()

    class Mover(Echo):
        def client_message(self, data: str | bytes) -> None:
            clock.advance(20)
            self.conn.write(data)

    with ws_pair(Mover, clock=clock) as peer:
        peer.send("moved")
        peer.expect_text("moved")
        peer.expect_ping()


def test_it_stands_still_and_moves_on() -> None:
    clock, calls = ManualClock(5), list[float]()

    def run() -> float | None:
        calls.append(clock())
        return next((due for due in (6.0, 8.0, 99.0) if due > clock()), None)

    clock.attach(run)
    clock.advance(4)
    assert calls == [5, 6, 8, 9]
    clock.detach(run)
    clock.detach(run)
    clock.advance(0)
    assert calls == [5, 6, 8, 9]
    assert clock() == 9


def test_several_threads_may_move_it() -> None:
    clock = ManualClock()
    threads = [threading.Thread(target=clock.advance, args=(10,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1010 <= clock() <= 1040


def test_any_callable_can_be_a_clock() -> None:
    with ws_pair(Echo, clock=time.perf_counter) as peer:
        peer.send("hi")
        peer.expect_text("hi")


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="seconds: "):
        ManualClock().advance(-1)
    with pytest.raises(TypeError, match="start: "):
        ManualClock("now")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="clock: must be callable, not float"):
        Server(Echo, clock=5.0)  # type: ignore[arg-type]
