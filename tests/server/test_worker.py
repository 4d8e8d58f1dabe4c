"""Event mode: handlers that take long delay only themselves, until all threads are in one."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from tests.deadlines import FACTOR, scaled, wait_for
from tests.server.conftest import Connect
from tests.server.peer import PING, PONG, Frame, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import Server, ServerConfig, ThreadPoolConfig
from wskit.server.config import blocking_mode
from wskit.server.handlers import HandlerClass
from wskit.server.hub import Hub
from wskit.server.monitor import Monitor
from wskit.server.worker import Worker

pytestmark = pytest.mark.skipif(blocking_mode(), reason="needs epoll or kqueue")


class Sleeper(Recorded):
    """Echoes; "stay" stays in the handler until the test releases it."""

    entered = threading.Semaphore(0)
    released = threading.Semaphore(0)

    def on_message(self, data: str | bytes) -> None:
        if data == "stay":
            self.entered.release()
            assert self.released.acquire(timeout=scaled(30))
        self.conn.write(data)


class Broken:
    """A transport in which reading is a mistake of wskit's."""

    def __init__(self, transport: object) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def recv_into(self, target: object) -> int:
        raise ZeroDivisionError


class Setting:
    """A server with one worker of four threads, and a way to occupy them."""

    def __init__(self, server: Server, connect: Connect) -> None:
        self.server = server
        self.connect = connect
        self.busy: list[Peer] = []

    def occupy(self, count: int) -> None:
        for _ in range(count):
            peer = self.connect(self.server)
            peer.text("stay")
            self.busy.append(peer)
            assert Sleeper.entered.acquire(timeout=scaled(10))

    def release(self) -> None:
        for _ in self.busy:
            Sleeper.released.release()
        for peer in self.busy:
            assert peer.read_text() == "stay"
        self.busy.clear()


@pytest.fixture
def blocking() -> bool:
    return False


@pytest.fixture
def setting(serve: object, connect: Connect, book: Book) -> Iterator[Setting]:
    assert callable(serve)
    Sleeper.entered, Sleeper.released = threading.Semaphore(0), threading.Semaphore(0)
    made = Setting(serve(Sleeper, book), connect)
    yield made
    made.release()


def echo(peer: Peer, text: str) -> float:
    started = time.perf_counter()
    peer.text(text)
    assert peer.read_text() == text
    return time.perf_counter() - started


def test_three_of_four_threads_in_a_handler_do_not_delay_others(setting: Setting) -> None:
    setting.occupy(3)
    peers = [setting.connect(setting.server) for _ in range(4)]
    delays = [echo(peer, str(number)) for number in range(20) for peer in peers]
    assert statistics.median(delays) < 0.01 * FACTOR
    wait_for(lambda: setting.server.stats().threads_busy == 3)


def test_messages_that_arrive_together_with_a_slow_one_do_not_wait_for_it(
    setting: Setting,
) -> None:
    peers = [setting.connect(setting.server) for _ in range(8)]
    setting.busy = [setting.connect(setting.server)]
    setting.busy[0].text("stay")
    for number, peer in enumerate(peers):
        peer.text(str(number))
    for number, peer in enumerate(peers):
        assert peer.read_text() == str(number)
    assert Sleeper.entered.acquire(timeout=scaled(5))


def test_all_threads_in_handlers_and_back(setting: Setting) -> None:
    for _ in range(3):
        setting.occupy(4)
        waiting = setting.connect(setting.server, opened=False)
        waiting.send(waiting.request() + frame(1, b"later"))
        assert waiting.nothing_arrives(0.02)
        setting.release()
        assert waiting.read_head().startswith("HTTP/1.1 101")
        assert waiting.read_text() == "later"
        delays = [echo(waiting, str(number)) for number in range(10)]
        assert statistics.median(delays) < 0.01 * FACTOR


def test_with_all_threads_in_handlers_one_that_returns_serves_the_others(
    setting: Setting,
) -> None:
    setting.occupy(4)
    waiting = setting.connect(setting.server, opened=False)
    waiting.send(waiting.request())
    Sleeper.released.release()
    assert waiting.read_head().startswith("HTTP/1.1 101")
    assert echo(waiting, "served") < scaled(5)
    Sleeper.released.release(3)
    for peer in setting.busy:
        assert peer.read_text() == "stay"
    setting.busy.clear()


def test_no_thread_is_lost_that_is_given_the_lead_and_relieved_before_it_runs(
    setting: Setting,
) -> None:
    """As on a machine so busy that a thread does not run for several ticks."""
    engine = setting.server._engine
    assert engine is not None
    for count in range(1, 4):
        setting.occupy(count)
        for _ in range(1000):
            engine.workers[0].check()
        setting.release()
    setting.occupy(4)


def test_messages_of_one_connection_stay_in_order_behind_a_slow_one(setting: Setting) -> None:
    setting.busy = [setting.connect(setting.server)]
    setting.busy[0].text("stay", "1", "2")
    assert Sleeper.entered.acquire(timeout=scaled(5))
    setting.busy[0].text("3")
    Sleeper.released.release()
    assert [setting.busy[0].read_text() for _ in range(4)] == ["stay", "1", "2", "3"]
    setting.busy.clear()


@pytest.mark.parametrize("workers", [1, 3])
def test_every_connection_is_served_whatever_the_number_of_workers(
    workers: int, serve: object, connect: Connect, book: Book
) -> None:
    assert callable(serve)
    server = serve(Recorded, book, worker_count=workers, thread_pool=ThreadPoolConfig(count=2))
    assert wait_for(lambda: server.stats().threads == 2 * workers)
    peers = [connect(server) for _ in range(30)]
    for peer in peers:
        echo(peer, "hello")
    used = {thread for handler in book.handlers for thread in handler.threads}
    assert len(used) <= 2 * workers


def test_quick_handlers_are_not_handed_from_thread_to_thread(
    serve: object, connect: Connect, book: Book
) -> None:
    """That would cost a switch between threads for each message."""
    used: list[int] = []

    class Counting(Recorded):
        def on_message(self, data: str | bytes) -> None:
            used.append(threading.get_ident())
            self.conn.write(data)

    assert callable(serve)
    peer = connect(serve(Counting, book))
    for number in range(300):
        echo(peer, str(number))
    changes = sum(used[number] != used[number - 1] for number in range(1, 300))
    assert changes < 100


def test_a_mistake_in_a_turn_costs_no_thread(
    serve: object,
    connect: Connect,
    book: Book,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert callable(serve)
    server = serve(Recorded, book, thread_pool=ThreadPoolConfig(count=1))
    victim, other = connect(server), connect(server)
    outbound = server.connections[0]._outbound
    with monkeypatch.context() as patch:
        patch.setattr(outbound, "transport", Broken(outbound.transport))
        victim.text("fails")
        wait_for(lambda: "a turn failed" in caplog.text)
    other.send(frame(PING))
    assert other.read() == Frame(PONG, b"")


def test_an_idle_server_sleeps(serve: object, connect: Connect, book: Book) -> None:
    assert callable(serve)
    server = serve(Recorded, book)
    peers = [connect(server) for _ in range(4)]
    for peer in peers:
        echo(peer, "hello")
    assert server._engine is not None
    wait_for(lambda: server._engine.monitor.dozing)
    assert peers[0].nothing_arrives(0.3)
    assert server._engine.monitor.dozing


def test_the_depth_of_the_queue_and_busy_threads_are_counted(setting: Setting) -> None:
    setting.occupy(4)
    more = [setting.connect(setting.server, opened=False) for _ in range(3)]
    stats = setting.server.stats()
    assert (stats.threads, stats.threads_busy) == (4, 4)
    setting.release()
    wait_for(lambda: setting.server.stats().handshakes_pending == len(more))
    wait_for(lambda: setting.server.stats().threads_busy == 0)
    assert setting.server.stats().queue_depth == 0


def test_config_of_the_pool_is_kept(serve: object, book: Book) -> None:
    assert callable(serve)
    server = serve(Recorded, book, thread_pool=ThreadPoolConfig(count=7))
    assert isinstance(server.config, ServerConfig)
    wait_for(lambda: server.stats().threads == 7)


def test_every_thread_that_polls_sees_a_stop() -> None:
    """A leader that was relieved just before it polls polls beside the new one."""
    monitor = Monitor()
    worker = Worker(Hub(ServerConfig(), HandlerClass(Sleeper), monitor), 0)
    worker.stop()
    for member in worker._threads[:2]:
        poll = threading.Thread(target=worker._poll, args=(member,), daemon=True)
        poll.start()
        poll.join(scaled(5))
        assert not poll.is_alive()
    worker._poller.close()
    worker._waker.close()
    monitor.close()
