"""Keepalive: silence of the server ends a connection, and nothing else does."""

from __future__ import annotations

import gc
import itertools
import statistics
import threading
import time
import weakref

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, raw_server
from tests.client.test_client_closing import in_thread
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import PING, PONG, SERVER
from wskit import ConnectionClosed, MessageType, connect
from wskit.client.keepalive import Pinger


def pinging() -> bool:
    """Whether the pinger's thread runs."""
    return "wskit-pings" in {thread.name for thread in threading.enumerate()}


class TestSilence:
    @pytest.mark.parametrize(("interval", "timeout"), [(0.05, 0.1), (0.1, 0.1), (0.1, 0.05)])
    def test_wakes_a_blocked_read(self, interval: float, timeout: float) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            assert peer.frame().opcode == PING
            peer.rest()

        with (
            raw_server(script) as url,
            connect(url, ping_interval=interval, ping_timeout=timeout) as client,
        ):
            with within(3.0), pytest.raises(ConnectionClosed, match="1006"):
                client.read()
            assert client.is_closed

    def test_ends_a_read_loop(self) -> None:
        class Handler:
            def server_message(self, data: str | bytes) -> None: ...

            def close(self) -> None:
                closed.append(1)

        def script(peer: Peer) -> None:
            peer.accept()
            peer.rest()

        closed: list[int] = []
        with raw_server(script) as url:
            client = connect(url, ping_interval=0.05, ping_timeout=0.05)
            with within(3.0):
                client.read_loop(Handler())
        assert closed == [1]

    def test_is_noticed_by_whoever_reads_now_and_then(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.rest()

        def poll() -> None:
            while client.read(timeout=0.01) is None:
                pass

        with raw_server(script) as url:
            client = connect(url, ping_interval=0.05, ping_timeout=0.05)
            with within(3.0), pytest.raises(ConnectionClosed):
                poll()

    def test_that_lasts_less_than_the_timeout_is_none(self) -> None:
        """Anything the server sends is a sign of life, a pong or not."""

        def script(peer: Peer) -> None:
            peer.accept()
            for number in range(6):
                assert peer.frame().opcode == PING
                peer.send(SERVER.text("alive") if number % 2 else SERVER.pong(b"unasked"))
            peer.send(SERVER.close(4000))
            peer.close_code()

        with (
            raw_server(script) as url,
            connect(url, ping_interval=0.02, ping_timeout=scaled(2)) as client,
        ):
            for _ in range(3):
                assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "alive")
            with pytest.raises(ConnectionClosed, match="4000"):
                client.read(timeout=scaled(5))

    def test_none_is_judged_while_nobody_reads(self) -> None:
        """The pong lies in the socket then."""
        pings: list[bytes] = []

        def script(peer: Peer) -> None:
            peer.accept()
            while (frame := peer.frame()).opcode == PING:
                pings.append(frame.payload)
                peer.send(SERVER.pong(frame.payload))
            peer.send(SERVER.close(1000))

        with (
            raw_server(script) as url,
            connect(url, ping_interval=0.02, ping_timeout=0.02) as client,
        ):
            wait_for(lambda: len(pings) >= 5)
            assert not client.is_closed
            client.write_pong(b"done")
            with pytest.raises(ConnectionClosed, match="1000"):
                client.read(timeout=scaled(5))

    def test_without_a_timeout_is_never_judged(self) -> None:
        pings = 0

        def script(peer: Peer) -> None:
            nonlocal pings
            peer.accept()
            while (frame := peer.frame()).opcode == PING:
                pings += 1
            assert frame.opcode == PONG
            peer.send(SERVER.close(1000))

        with (
            raw_server(script) as url,
            connect(url, ping_interval=0.02, ping_timeout=None) as client,
        ):
            while pings < 5:
                assert client.read(timeout=0.01) is None
            client.write_pong()
            with pytest.raises(ConnectionClosed, match="1000"):
                client.read(timeout=scaled(5))


class TestPings:
    @pytest.mark.parametrize(("interval", "timeout"), [(0.5, 0.4), (0.05, 5.0), (0.05, None)])
    def test_come_at_the_interval(self, interval: float, timeout: float | None) -> None:
        times: list[float] = []

        def script(peer: Peer) -> None:
            peer.accept()
            for _ in range(3):
                ping = peer.frame()
                times.append(time.monotonic())
                peer.send(SERVER.pong(ping.payload))
            peer.send(SERVER.close())
            peer.close_code()

        with (
            raw_server(script) as url,
            connect(url, ping_interval=interval, ping_timeout=timeout) as client,
        ):
            assert list(client) == []
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert interval / 2 < statistics.median(gaps) < scaled(interval + 0.5), gaps

    def test_do_not_wait_for_a_writer(self, echo: str) -> None:
        """One thread pings for all: a client whose lock is taken is left out."""
        with (
            connect(echo, ping_interval=0.01, ping_timeout=None) as stuck,
            connect(echo, ping_interval=0.01, ping_timeout=None) as other,
            stuck._outbound.lock,
        ):
            wait_for(lambda: other.read(timeout=0.01) is None and other.stats().latency)
            assert stuck.stats().latency is None

    def test_are_not_sent_on_a_full_way(self) -> None:
        done = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            done.wait(scaled(5))

        with (
            raw_server(script, receive_buffer=8192) as url,
            connect(url, ping_interval=0.01, close_timeout=0.1) as client,
        ):
            try:
                while True:
                    client._transport.send(bytes(1000))
            except BlockingIOError:
                sent = client._outbound.sent
            assert client.read(timeout=0.05) is None
            assert (client._outbound.sent, client.stats().queued) == (sent, 0)
            done.set()

    def test_none_are_sent_when_not_wanted(self, echo: str) -> None:
        with connect(echo, ping_interval=None):
            assert not pinging()


class TestThread:
    def test_ends_with_the_last_client_at_once(self, echo: str) -> None:
        one, two = connect(echo), connect(echo)
        assert pinging()
        one.close()
        one.close()
        assert pinging()
        with within(2.0):
            two.close()
            wait_for(lambda: not pinging())

    @pytest.mark.parametrize("how", ["read", "loop"])
    def test_ends_when_the_server_closes(self, how: str) -> None:
        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.close())
            peer.close_code()

        class Handler:
            def server_message(self, data: str | bytes) -> None: ...

        with raw_server(script) as url:
            client = connect(url)
            if how == "loop":
                client.read_loop(Handler())
            else:
                assert list(client) == []
            with within(2.0):
                wait_for(lambda: not pinging())

    def test_ends_when_the_last_client_is_forgotten(self, echo: str) -> None:
        client = connect(echo, ping_interval=0.01)
        reference = weakref.ref(client)
        del client
        with pytest.warns(ResourceWarning, match="unclosed"):
            wait_for(lambda: gc.collect() >= 0 and reference() is None)
        wait_for(lambda: not pinging())

    def test_starts_again(self, echo: str) -> None:
        for _ in range(5):
            with connect(echo, ping_interval=0.01) as client:
                wait_for(lambda: client.read(timeout=0.01) is None and client.stats().latency)

    def test_ends_for_a_connection_that_was_cut(self) -> None:
        """A write that failed closes it; that nobody reads any more changes nothing."""

        def script(peer: Peer) -> None:
            peer.accept()
            peer.reset()

        with raw_server(script) as url:
            client = connect(url, ping_interval=0.01, ping_timeout=0.01)
            wait_for(lambda: client.is_closed)
            with in_thread(client.close):
                wait_for(lambda: not pinging())

    def test_serves_many_timers_in_their_order(self) -> None:
        class Timer:
            def on_timer(self, now: float) -> float | None:
                fired.append(self)
                pinger.remove()
                return None

        fired: list[Timer] = []
        pinger, now = Pinger(), time.monotonic()
        timers = [Timer() for _ in range(10)]
        for number, timer in enumerate(timers):
            pinger.add(now + 0.02 - number / 1000, timer)
        wait_for(lambda: len(fired) == 10)
        assert fired == timers[::-1]
        wait_for(lambda: pinger._thread is None)


def test_a_wskit_server_lives(serve: Serve) -> None:
    url = f"ws://127.0.0.1:{serve(ping_interval=0.02, ping_timeout=scaled(2)).port}/"
    with connect(url, ping_interval=0.02, ping_timeout=scaled(2)) as client:
        assert client.read(timeout=0.2) is None
        client.write("x")
        assert client.read() == (MessageType.TEXT, "x")
