"""The books of a server: slots, refusals, totals, and which pools it has."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from wskit.server.config import BufferConfig, HandshakeConfig, ServerConfig
from wskit.server.handlers import HandlerClass
from wskit.server.hub import Hub
from wskit.server.monitor import Monitor


class Silent:
    def __init__(self, handshake: object, conn: object) -> None: ...
    def client_message(self, data: str | bytes) -> None: ...


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    yield made
    made.close()


def hub(monitor: Monitor, config: ServerConfig) -> Hub:
    return Hub(config, HandlerClass(Silent), monitor)


class TestSlots:
    CONFIG = ServerConfig(max_conn=2, handshake=HandshakeConfig(count=1))

    def test_are_given_then_refused_then_waited_for(self, monitor: Monitor) -> None:
        books = hub(monitor, self.CONFIG)
        assert [books.take_slot() for _ in range(5)] == [True, True, False, None, None]
        assert books.busy == 3
        assert not books.has_slot()

    def test_a_refusal_that_ended_makes_room_for_another(self, monitor: Monitor) -> None:
        books = hub(monitor, self.CONFIG)
        for _ in range(3):
            books.take_slot()
        books.end_pending(False)
        assert books.has_slot()
        assert books.take_slot() is False

    def test_a_handshake_that_failed_makes_room_for_a_connection(self, monitor: Monitor) -> None:
        books = hub(monitor, self.CONFIG)
        for _ in range(3):
            books.take_slot()
        books.end_pending(True)
        assert books.take_slot() is True

    def test_a_handshake_that_led_to_a_connection_keeps_its_slot(self, monitor: Monitor) -> None:
        books = hub(monitor, self.CONFIG)
        for _ in range(3):
            books.take_slot()
        books.opened()
        assert books.take_slot() is None
        assert books.books([])[2] == 2, "pending"

    def test_adopted_connections_are_never_refused_but_count(self, monitor: Monitor) -> None:
        books = hub(monitor, self.CONFIG)
        for _ in range(3):
            books.adopted()
        books.admit_adopted()
        assert books.busy == 4
        assert books.take_slot() is False

    def test_whoever_waits_is_told_when_one_is_free(self, monitor: Monitor) -> None:
        books = hub(monitor, self.CONFIG)
        told: list[str] = []
        for _ in range(3):
            books.take_slot()
        monitor.on_slot_freed = lambda: told.append("free")
        books.end_pending(True)
        monitor._run_calls()
        assert told == ["free"]

    def test_one_that_is_freed_meanwhile_is_for_whoever_was_to_be_refused(
        self, monitor: Monitor
    ) -> None:
        books = hub(monitor, self.CONFIG)
        assert [books.take_slot() for _ in range(3)] == [True, True, False]
        assert books.keeps_refusing()
        books.end_pending(True)
        assert not books.keeps_refusing()
        books.end_pending(True)
        books.end_pending(True)
        assert books.busy == 0

    def test_threads_take_no_more_than_there_are(self, monitor: Monitor) -> None:
        books = hub(monitor, ServerConfig(max_conn=100, handshake=HandshakeConfig(count=50)))
        given: list[bool | None] = []

        def take() -> None:
            given.extend(books.take_slot() for _ in range(50))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [given.count(kind) for kind in (True, False, None)] == [100, 50, 50]


class TestBooks:
    def test_count_handshakes_by_their_end(self, monitor: Monitor) -> None:
        books = hub(monitor, ServerConfig())
        for status in (400, 0, 400):
            books.take_slot()
            books.refused(status)
            books.end_pending(True)
        books.take_slot()
        books.opened()
        totals, failures, pending, _ = books.books([])
        assert totals.connections == 1
        assert failures == {400: 2, 0: 1}
        assert pending == 0

    def test_are_a_copy(self, monitor: Monitor) -> None:
        books = hub(monitor, ServerConfig())
        totals, failures, _, _ = books.books([])
        books.refused(400)
        books.adopted()
        assert (totals.connections, failures) == (0, {})


class TestPools:
    def test_by_default_small_buffers_belong_to_connections(self, monitor: Monitor) -> None:
        books = hub(monitor, ServerConfig())
        assert not books.pooled
        assert books.small.stats().count == 0

    @pytest.mark.parametrize(("count", "blocking"), [(0, False), (5, False), (5, True)])
    def test_small_buffers_are_pooled_in_event_mode_if_told(
        self, monitor: Monitor, count: int, blocking: bool
    ) -> None:
        buffers = BufferConfig(small_pool=count, small_size=512)
        books = hub(monitor, ServerConfig(buffers=buffers, blocking=blocking))
        assert books.pooled is not blocking
        stats = books.small.stats()
        assert (stats.count, stats.size) == (0 if blocking else count, 512)

    def test_large_buffers_are_as_configured(self, monitor: Monitor) -> None:
        buffers = BufferConfig(large_size=5000, large_pool=3)
        stats = hub(monitor, ServerConfig(buffers=buffers)).large.stats()
        assert (stats.count, stats.size) == (3, 5000)

    @pytest.mark.parametrize("size", [1, 1000, 1 << 20])
    def test_every_frame_of_a_message_that_is_allowed_can_be_lent(
        self, monitor: Monitor, size: int
    ) -> None:
        config = ServerConfig(max_message_size=size)
        assert len(hub(monitor, config).large.lend(size + 14)) >= size + 14
