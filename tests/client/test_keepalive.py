"""Keepalive: silence of the server ends a connection, and nothing else does."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, raw_server
from tests.client.test_client_closing import in_thread
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import PING
from wskit import ConnectionClosed, MessageType, connect
from wskit.client.keepalive import Pinger
from wskit.protocol.frames import FrameRecord
from wskit.testing import ManualClock, ScriptedServer, ServerPeer

pytestmark = pytest.mark.wskit(timeout=scaled(5))

Scripted = Callable[..., ScriptedServer]


def silent(peer: ServerPeer) -> None:
    """Read, and answer nothing."""
    peer.auto_pong = False
    peer.expect_ping()


class Handler:
    def server_message(self, data: str | bytes) -> None: ...


def pinging() -> bool:
    """Whether the pinger's thread runs."""
    return "wskit-pings" in {thread.name for thread in threading.enumerate()}


class TestSilence:
    @pytest.mark.parametrize(("interval", "timeout"), [(10, 20), (20, 20), (20, 10)])
    def test_wakes_a_blocked_read(self, ws_script: Scripted, interval: int, timeout: int) -> None:
        clock = ManualClock()
        client = connect(
            ws_script(silent).url, clock=clock, ping_interval=interval, ping_timeout=timeout
        )
        with in_thread(client.read) as outcome:
            wait_for(client._reader.lock.locked)
            clock.advance(interval + timeout - 0.1)
            assert not client.is_closed
            clock.advance(0.1)
        assert [str(error) for error in outcome] == [str(ConnectionClosed(1006))]
        assert client.is_closed

    def test_ends_a_read_loop(self, ws_script: Scripted) -> None:
        class Closing(Handler):
            def close(self) -> None:
                closed.append(1)

        clock, closed = ManualClock(), list[int]()
        client = connect(ws_script(silent).url, clock=clock)
        loop = client.read_loop_in_new_thread(Closing())
        clock.advance(20 + 20)
        loop.join(scaled(5))
        assert closed == [1]

    def test_is_noticed_by_whoever_reads_now_and_then(self, ws_script: Scripted) -> None:
        clock = ManualClock()
        client = connect(ws_script(silent).url, clock=clock)
        for _ in range(2):
            assert client.read(timeout=0) is None
            clock.advance(20)
        with pytest.raises(ConnectionClosed):
            client.read(timeout=0)

    def test_that_lasts_less_than_the_timeout_is_none(self, ws_script: Scripted) -> None:
        """Anything the server sends is a sign of life, a pong or not."""

        def script(peer: ServerPeer) -> None:
            peer.auto_pong = False
            for _ in range(3):
                peer.expect_ping()
                peer.pong(b"unasked")
                peer.expect_ping()
                peer.send("alive")
            peer.close(4000)

        clock, limit = ManualClock(), scaled(5)
        with connect(ws_script(script).url, clock=clock, ping_timeout=10) as client:
            for _ in range(3):
                clock.advance(20)
                assert client.read(limit, control_frames=True) == (MessageType.PONG, b"unasked")
                clock.advance(20)
                assert client.read(limit) == (MessageType.TEXT, "alive")
            with pytest.raises(ConnectionClosed, match="4000"):
                client.read(timeout=scaled(5))

    def test_none_is_judged_while_nobody_reads(self, ws_script: Scripted) -> None:
        """The pong lies in the socket then."""
        clock, answered = ManualClock(), threading.Semaphore(0)

        def script(peer: ServerPeer) -> None:
            for _ in range(5):
                peer.expect_ping()
                answered.release()
            peer.expect_pong(b"done")
            peer.close()

        with connect(ws_script(script).url, clock=clock, ping_timeout=30) as client:
            for _ in range(5):
                clock.advance(20)
                assert answered.acquire(timeout=scaled(5))
            assert not client.is_closed
            client.write_pong(b"done")
            with pytest.raises(ConnectionClosed, match="1000"):
                client.read(timeout=scaled(5))

    def test_without_a_timeout_is_never_judged(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.auto_pong = False
            for _ in range(5):
                peer.expect_ping()
            peer.expect_pong()
            peer.close()

        clock = ManualClock()
        with connect(ws_script(script).url, clock=clock, ping_timeout=None) as client:
            clock.advance(5 * 20)
            assert client.read(timeout=0) is None
            client.write_pong()
            with pytest.raises(ConnectionClosed, match="1000"):
                client.read(timeout=scaled(5))


class TestPings:
    @pytest.mark.parametrize("timeout", [16, 200, None])
    def test_come_at_the_interval(self, ws_script: Scripted, timeout: int | None) -> None:
        clock, times = ManualClock(0), list[float]()

        def note(frame: FrameRecord) -> None:
            if frame.opcode == PING:
                times.append(clock())

        def script(peer: ServerPeer) -> None:
            for _ in range(3):
                peer.expect_ping()
                peer.send("answered")

        url = ws_script(script).url
        with connect(url, clock=clock, ping_interval=20, ping_timeout=timeout) as client:
            client.set_tap(note)
            for _ in range(3):
                clock.advance(20)
                assert client.read(scaled(5)) == (MessageType.TEXT, "answered")
        assert times == [20, 40, 60]

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
        clock, done = ManualClock(), threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            done.wait(scaled(5))

        with (
            raw_server(script, receive_buffer=8192) as url,
            connect(url, clock=clock, ping_timeout=None, close_timeout=0.1) as client,
        ):
            try:
                while True:
                    client._transport.send(bytes(1000))
            except BlockingIOError:
                sent = client._outbound.sent
            with within(2.0):
                clock.advance(100)
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
    def test_ends_when_the_server_closes(self, ws_script: Scripted, how: str) -> None:
        client = connect(ws_script(lambda peer: peer.close(None)).url)
        if how == "loop":
            client.read_loop(Handler())
        else:
            assert list(client) == []
        with within(2.0):
            wait_for(lambda: not pinging())

    @pytest.mark.wskit(allow_leaks=True)
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

    def test_ends_for_a_connection_that_was_cut(self, ws_script: Scripted) -> None:
        """A write that failed closes it; that nobody reads any more changes nothing."""

        def script(peer: ServerPeer) -> None:
            peer.accept()
            peer.abort()

        client = connect(ws_script(script).url, ping_interval=0.01, ping_timeout=0.01)
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
