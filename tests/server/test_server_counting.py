"""What a server counts: connections, messages, bytes, threads, and the loans of its pools."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Live, Serve
from tests.server.peer import BINARY, TEXT, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import BufferConfig, Compression, Server, connect

pytestmark = pytest.mark.wskit(timeout=scaled(5))


class TestStats:
    def test_need_a_server_that_listened(self) -> None:
        with pytest.raises(RuntimeError, match="does not run"):
            Server(Recorded).stats()

    def test_count_messages_and_bytes_of_open_and_closed_connections(
        self, live: Live, book: Book
    ) -> None:
        server = live(Recorded, book)
        for _ in range(2):
            peer = server.connect()
            peer.send("12345")
            peer.expect_text("12345")
            peer.close()
            peer.expect_close(1000, initiated_by="client")
        still = server.connect()
        still.send("1")
        still.expect_text("1")
        head = len("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")
        head += len("Connection: Upgrade\r\nSec-WebSocket-Accept: \r\n\r\n") + 28
        # Twice a header of 2 bytes, 5 of payload and a close of 4; what was sent is counted then.
        sent = 3 * head + 2 * (7 + 4) + 3
        wait_for(lambda: server.stats().connections == 1)
        wait_for(lambda: (server.stats().messages_out, server.stats().bytes_out) == (3, sent))
        stats = server.stats()
        assert (stats.connections_total, stats.messages_in) == (3, 3)
        # A header of 6 bytes and the payload, twice with a close of 8.
        assert stats.bytes_in == 2 * (11 + 8) + 7
        assert stats.queued == 0

    def test_count_threads_and_those_that_are_in_a_handler(
        self, live: Live, book: Book, blocking: bool
    ) -> None:
        release = threading.Event()

        class Waits(Recorded):
            def on_message(self, data: str | bytes) -> None:
                release.wait(scaled(10))

        server = live(Waits, book)
        peers = [server.connect() for _ in range(3)]
        assert server.stats().threads == (3 if blocking else 4)
        for peer in peers:
            peer.send("wait")
        wait_for(lambda: server.stats().threads_busy == 3, what="three busy threads")
        release.set()
        wait_for(lambda: server.stats().threads_busy == 0, what="idle threads")

    def test_count_handshakes_that_are_under_way(self, serve: Serve, connect: Connect) -> None:
        server = serve(Recorded, Book())
        peers = [connect(server, opened=False) for _ in range(3)]
        peers[0].send(b"GET ")
        wait_for(lambda: server.stats().handshakes_pending == 3)
        for peer in peers:
            peer.hang_up()
        wait_for(lambda: server.stats().handshakes_pending == 0)

    def test_after_a_stop_they_are_the_final_ones(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        peer = server.connect()
        peer.send("hi")
        peer.expect_text("hi")
        peer.end()
        server.stop()
        stats = server.stats()
        assert (stats.connections, stats.connections_total, stats.messages_in) == (0, 1, 1)

    def test_after_a_stop_there_are_no_threads(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        server.connect().close()
        server.server.stop()
        stats = server.stats()
        assert (stats.threads, stats.threads_busy, stats.queue_depth) == (0, 0, 0)

    def test_count_a_connection_once_while_it_ends(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        for number in range(1, 21):
            peer = server.connect()
            peer.send("hi")
            peer.expect_text("hi")
            peer.end()
            wait_for(partial(self.ended_at, server.server, number))

    def ended_at(self, server: Server, expected: int) -> bool:
        """Tell whether all connections have ended, after a look at what was counted."""
        stats = server.stats()
        assert stats.messages_in <= expected
        return stats.connections == 0

    def test_show_what_waits_for_a_slow_peer(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, max_write_buffer=1 << 24)
        peer = connect(server, narrow=True)
        conn = book.handler().conn
        for _ in range(100):
            conn.write(bytes(100_000))
        assert server.stats().queued == conn.stats().queued > 1_000_000
        for _ in range(100):
            peer.read()
        wait_for(lambda: server.stats().queued == 0)

    def test_show_what_the_compressors_of_open_connections_hold(
        self, live: Live, book: Book
    ) -> None:
        server = live(Recorded, book, compression=Compression(write_threshold=0))
        assert server.stats().compression_bytes == 0
        url = f"ws://127.0.0.1:{server.server.port}"
        with connect(url, compression=Compression()) as client:
            client.write("hi")
            assert client.read(scaled(5)) is not None
            [conn] = server.server.connections
            held = conn.stats().compression_bytes
            assert server.stats().compression_bytes == held > 0
        wait_for(lambda: server.stats().compression_bytes == 0)


class TestBuffers:
    @pytest.mark.parametrize("blocking", [False], indirect=True, ids=["event"])
    def test_an_idle_connection_in_pool_mode_holds_no_buffer(self, live: Live, book: Book) -> None:
        # As many as there are threads, each of which may be with another connection.
        server = live(Recorded, book, buffers=BufferConfig(small_pool=4))
        peers = [server.connect() for _ in range(10)]
        for _ in range(3):
            for peer in peers:
                peer.send("hi")
                peer.expect_text("hi")
        wait_for(lambda: server.stats().small_buffers.in_use == 0)
        stats = server.stats().small_buffers
        assert (stats.size, stats.count, stats.available) == (2048, 4, 4)
        assert stats.hits >= 30
        assert (stats.misses, stats.dynamic) == (0, 0)
        assert 1 <= stats.high_water <= 4
        assert all(conn._protocol.parser.buffer is None for conn in server.connections)

    @pytest.mark.parametrize("blocking", [False], indirect=True, ids=["event"])
    def test_a_connection_in_mid_message_keeps_its_buffer(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, buffers=BufferConfig(small_pool=1))
        peers = [connect(server) for _ in range(3)]
        message = frame(TEXT, b"a" * 100)
        for peer in peers:
            peer.send(message[:50])
        wait_for(lambda: server.stats().small_buffers.in_use == 3)
        stats = server.stats().small_buffers
        assert (stats.available, stats.high_water) == (0, 3)
        assert stats.misses == stats.dynamic >= 2
        assert stats.dynamic_bytes == stats.dynamic * 2048
        peers[0].hang_up()  # in mid-message
        for peer in peers[1:]:
            peer.send(message[50:])
            assert peer.read_text() == "a" * 100
        wait_for(lambda: server.stats().small_buffers.in_use == 0)
        assert server.stats().small_buffers.available == 1

    @pytest.mark.parametrize("blocking", [False], indirect=True, ids=["event"])
    def test_a_pool_of_none_is_a_pool(self, live: Live, book: Book) -> None:
        server = live(Recorded, book, buffers=BufferConfig(small_pool=0))
        peer = server.connect()
        peer.send("hi")
        peer.expect_text("hi")
        wait_for(lambda: server.stats().small_buffers.in_use == 0)
        assert server.stats().small_buffers.dynamic >= 1

    def test_by_default_a_connection_has_its_own(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        peer = server.connect()
        peer.send("hi")
        peer.expect_text("hi")
        stats = server.stats().small_buffers
        assert (stats.hits, stats.dynamic, stats.in_use) == (0, 0, 0)

    @pytest.mark.parametrize(
        ("size", "hits", "dynamic"), [(2000, 0, 0), (4000, 1, 0), (5000, 0, 1), (8000, 0, 1)]
    )
    def test_a_large_frame_borrows_what_it_needs_until_it_is_delivered(
        self, serve: Serve, connect: Connect, book: Book, size: int, hits: int, dynamic: int
    ) -> None:
        server = serve(Recorded, book, buffers=BufferConfig(large_size=4096))
        peer = connect(server)
        message = frame(BINARY, bytes(size))
        peer.send(message[:-1])
        if hits or dynamic:
            wait_for(lambda: server.stats().large_buffers.in_use == 1)
        peer.send(message[-1:])
        assert len(peer.read().payload) == size
        stats = server.stats().large_buffers
        assert (stats.in_use, stats.available, stats.size) == (0, 8, 4096)
        assert (stats.hits, stats.misses, stats.dynamic) == (hits, 0, dynamic)

    def test_a_loan_comes_back_however_the_connection_ends(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, buffers=BufferConfig(large_pool=1, small_pool=1))
        unfinished = frame(BINARY, bytes(4000))[:-1]
        for end in (Peer.hang_up, Peer.reset, Peer.finish_sending):
            peer = connect(server)
            peer.send(unfinished)
            wait_for(lambda: server.stats().large_buffers.in_use == 1)
            end(peer)
            wait_for(lambda: server.stats().large_buffers.in_use == 0)
        ours = connect(server)
        ours.send(unfinished)
        wait_for(lambda: server.stats().large_buffers.in_use == 1)
        server.connections[0].close()
        ours.hang_up()
        wait_for(lambda: server.stats().large_buffers.in_use == 0)
        assert server.stats().large_buffers.available == 1
        wait_for(lambda: server.stats().small_buffers.in_use == 0)

    @pytest.mark.parametrize("small_pool", [None, 2])
    def test_many_messages_of_all_sizes_arrive_whole_though_the_consumer_is_slow(
        self, serve: Serve, connect: Connect, book: Book, small_pool: int | None
    ) -> None:
        """Large messages once arrived corrupt under back-pressure (issue #27 of the original)."""
        buffers = BufferConfig(small_pool=small_pool, large_pool=2, small_size=256)
        server = serve(Recorded, book, buffers=buffers, max_write_buffer=50_000)
        peer = connect(server, narrow=True)
        sizes = [0, 1, 125, 126, 250, 256, 300, 511, 512, 513, 5000, 40_000, 70_000] * 8
        sent = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
        stream = b"".join(frame(BINARY, each) for each in sent)
        sending = threading.Thread(target=peer.send, args=(stream,))
        sending.start()
        for each in sent:
            assert peer.read().payload == each
        sending.join()
        wait_for(lambda: server.stats().large_buffers.in_use == 0)
