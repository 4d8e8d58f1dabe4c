"""What the server promises to every handler, however its connection goes: over the wire."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable

import pytest

from tests.deadlines import FACTOR, scaled, wait_for
from tests.server.conftest import Connect, Live, Serve
from tests.server.peer import BINARY, TEXT, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import ConnectionClosed, Server
from wskit.testing import ManualClock

pytestmark = pytest.mark.wskit(timeout=scaled(5))


class Echo(Recorded):
    narrow = True


# -- close(): exactly once, after the last other callback, soon ----------------------------------


class Obedient(Recorded):
    """Does what the message says, and then is still busy for a moment."""

    narrow = True

    def on_message(self, data: str | bytes) -> None:
        orders: dict[str | bytes, Callable[[], object]] = {
            "close": lambda: self.conn.close(4000, "as told"),
            "close elsewhere": lambda: elsewhere(lambda: self.conn.close(4000)),
            "raise": lambda: 1 // 0,
            "exit": lambda: sys.exit(1),
            "interrupt": self.interrupt,
            "write twice": self.write_twice,
            "flood": self.flood,
        }
        try:
            orders[data]()
        finally:
            threading.Event().wait(0.005)

    def write_twice(self) -> None:
        self.conn.write("1")
        self.conn.write("2")

    def interrupt(self) -> None:
        raise KeyboardInterrupt

    def flood(self) -> None:
        while True:
            self.conn.write(bytes(1 << 16))


def elsewhere(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(scaled(5))
    assert not thread.is_alive()


def by_order(order: str) -> Callable[[Peer, Server], None]:
    return lambda peer, server: peer.text(order, "never delivered")


def violation(peer: Peer, server: Server) -> None:
    peer.send(frame(3, b"reserved") + frame(TEXT, b"never delivered"))


def stop_during_callback(peer: Peer, server: Server) -> None:
    peer.text("close elsewhere")
    server.stop(timeout=scaled(0.2))


def in_order(*steps: Callable[[Peer], None]) -> Callable[[Peer, Server], None]:
    def end(peer: Peer, server: Server) -> None:
        for step in steps:
            step(peer)

    return end


def write_twice(peer: Peer) -> None:
    peer.text("write twice")


def half_a_frame(peer: Peer) -> None:
    peer.send(frame(TEXT, b"write twice")[:-1])


ENDINGS: dict[str, Callable[[Peer, Server], None]] = {
    "the peer closes": in_order(Peer.close_frame),
    "the peer closes behind a message": in_order(write_twice, Peer.close_frame),
    "the peer resets": in_order(Peer.reset),
    "the peer resets behind messages": in_order(write_twice, write_twice, Peer.reset),
    "the peer resets inside a frame": in_order(half_a_frame, Peer.reset),
    "the peer hangs up": in_order(Peer.finish_sending),
    "the peer hangs up behind a message": in_order(write_twice, Peer.finish_sending),
    "the peer breaks the protocol": violation,
    "the handler raises": by_order("raise"),
    "the handler exits": by_order("exit"),
    "the handler is interrupted": by_order("interrupt"),
    "the handler closes": by_order("close"),
    "a thread of the handler closes": by_order("close elsewhere"),
    "another thread closes": lambda peer, server: elsewhere(server.connections[0].close),
    "the server stops": lambda peer, server: server.stop(timeout=scaled(0.2)),
    "the server stops during a callback": stop_during_callback,
}


@pytest.mark.wskit(allow_errors=True)
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_close_is_called_once_and_last_whichever_way_it_ends(
    ending: Callable[[Peer, Server], None], serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Obedient, book, close_timeout=scaled(0.2))
    peer = connect(server)
    ending(peer, server)
    book.closed()
    wait_for(lambda: not server.connections, what="the slot to be free")
    handler = book.handlers[0]
    assert handler.calls.count("close") == 1
    assert handler.calls[-1] == "close"
    assert "never delivered" not in handler.messages
    assert handler.conn.is_closed
    with pytest.raises(ConnectionClosed):
        handler.conn.write("too late")


def test_close_is_called_when_the_keepalive_gets_no_answer(live: Live, book: Book) -> None:
    clock = ManualClock()
    live(Echo, book, clock=clock, ping_interval=20, ping_timeout=30).connect()
    clock.advance(20 + 30)
    book.closed()
    assert book.handlers[0].calls == ["after_init", "close"]
    assert book.handlers[0].conn.close_code == 1011


def test_close_is_called_when_a_write_times_out(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Obedient, book, write_timeout=0.1, max_write_buffer=1 << 16)
    peer = connect(server, narrow=True)
    peer.text("flood")
    book.closed()
    assert book.handlers[0].calls == ["after_init", "message", "close"]
    assert peer.ended()


class FailsToStart(Recorded):
    def on_after_init(self) -> None:
        self.conn.write("before the failure")
        raise SystemExit if self.app.handlers[0] is not self else ValueError


@pytest.mark.parametrize("number", [0, 1], ids=["ValueError", "SystemExit"])
def test_close_is_called_when_after_init_raises(number: int, live: Live, book: Book) -> None:
    server = live(FailsToStart, book)
    errors = [ValueError, SystemExit][: number + 1]
    peers = [server.connect() for _ in errors]
    for peer, error in zip(peers, errors, strict=True):
        peer.expect_error(error)
    peers[number].expect_text("before the failure")
    peers[number].expect_close(1011, initiated_by="server")
    book.closed(number + 1)
    assert book.handlers[number].calls == ["after_init", "close"]


class Stuck(Recorded):
    """Waits in the callback that the message names, until told."""

    entered = threading.Event()
    released = threading.Event()

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.entered, self.released = threading.Event(), threading.Event()

    def on_message(self, data: str | bytes) -> None:
        self.entered.set()
        assert self.released.wait(scaled(20))


def test_close_waits_for_a_running_callback(live: Live, book: Book) -> None:
    server = live(Stuck, book)
    peer = server.connect()
    peer.send("stay")
    handler = book.handler()
    assert isinstance(handler, Stuck)
    assert handler.entered.wait(scaled(5))
    server.connections[0].close(4001)
    peer.expect_close(4001, initiated_by="server")  # at once; the callback goes on
    peer.end()
    assert handler.calls == ["after_init"]
    handler.released.set()
    book.closed()
    assert handler.calls == ["after_init", "message", "close"]


class RaisesAtTheEnd(Recorded):
    def on_close(self) -> None:
        raise SystemExit


@pytest.mark.wskit(allow_errors=True)
def test_a_close_that_raises_frees_the_slot(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(RaisesAtTheEnd, book, max_conn=1)
    for _ in range(3):
        peer = connect(server)
        peer.close_frame()
        assert peer.read_close() == 1000
        peer.read_end()


class ClosesFromClose(Recorded):
    def on_close(self) -> None:
        self.conn.close()
        with pytest.raises(ConnectionClosed):
            self.conn.write("in close()")


def test_in_close_the_connection_is_over(serve: Serve, connect: Connect, book: Book) -> None:
    peer = connect(serve(ClosesFromClose, book))
    peer.hang_up()
    book.closed()
    book.check()


# -- conn: from any thread -----------------------------------------------------------------------


def test_frames_of_many_threads_never_mix(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Echo, book)
    peer = connect(server)
    conn = book.handler().conn

    def write(number: int) -> None:
        for size in range(100):
            conn.write(bytes([number]) * (size * 7 % 300))
            conn.write_ping(bytes([number]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    sizes: list[list[int]] = [[], [], [], []]
    empty = pings = 0
    while pings < 400 or sum(map(len, sizes)) + empty < 400:
        got = peer.read()
        if got.opcode == BINARY and got.payload:
            assert len(set(got.payload)) == 1
            sizes[got.payload[0]].append(len(got.payload))
        elif got.opcode == BINARY:
            empty += 1
        else:
            pings += 1
    for thread in threads:
        thread.join(scaled(5))
    expected = [size * 7 % 300 for size in range(100) if size * 7 % 300]
    assert sizes == [expected] * 4


def test_close_from_another_thread_on_an_idle_connection_is_done_in_ms(
    live: Live, book: Book
) -> None:
    server = live(Echo, book, max_conn=1)
    delays = []
    for number in range(5):
        peer = server.connect()
        handler = book.handler(number)
        started = time.perf_counter()
        handler.conn.close(4002, "enough")
        wait_for(lambda: handler.calls[-1:] == ["close"])  # noqa: B023
        delays.append(time.perf_counter() - started)
        peer.expect_close(4002, "enough", initiated_by="server")
        wait_for(lambda: server.stats().connections == 0)
    assert statistics.median(delays) < 0.1 * FACTOR


def test_a_peer_that_never_answers_a_close_is_cut_after_close_timeout(
    live: Live, connect: Connect, book: Book
) -> None:
    clock = ManualClock()
    server = live(Echo, book, clock=clock, close_timeout=30)
    peer = connect(server.server)
    book.handler().conn.close()
    assert peer.read_close() == 1000
    book.closed()
    clock.advance(29.9)
    assert server.stats().connections == 1
    clock.advance(0.1)
    assert peer.ended()
    wait_for(lambda: server.stats().connections == 0)
