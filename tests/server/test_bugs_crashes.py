"""The crashes and hangs of the reference library, one by one, numbered as its list of bugs is.

What they have in common: a peer, or a handler that does nothing unusual, stops the whole server.
"""

from __future__ import annotations

import statistics
import threading
import time

import pytest

from tests.deadlines import FACTOR, scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, PING, PONG, TEXT, Frame, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import (
    BufferConfig,
    Conn,
    ConnectionClosed,
    Handshake,
    HandshakeConfig,
    Server,
    ServerConfig,
    ThreadPoolConfig,
)


class Narrow(Recorded):
    narrow = True


def lives(peer: Peer, text: str = "alive") -> float:
    """Check that the server echoes, and say how long it took."""
    started = time.perf_counter()
    peer.text(text)
    assert peer.read_text() == text
    return time.perf_counter() - started


# -- 10.1: by a remote peer ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [2**64 - 1, 2**63, 2**63 - 1, 2**32])
def test_bug_1_a_header_that_promises_2_64_bytes(
    size: int, serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    other, peer = connect(server), connect(server)
    peer.send(b"\x82\xff" + size.to_bytes(8, "big") + bytes(4))
    assert peer.read_close() == (1002 if size >> 63 else 1009)
    lives(other)
    assert server.stats().large_buffers.dynamic == 0


@pytest.mark.parametrize("line", ["GET HTTP/1.1", "GET  HTTP/1.1", "GET", "", " ", "GET /"])
def test_bug_2_a_request_line_without_a_target(
    line: str, serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server, opened=False)
    peer.send(line.encode() + b"\r\n\r\n")
    assert " 400 " in peer.read_head()
    lives(connect(server))


def test_bug_4_peers_that_do_not_read_freeze_nobody(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Narrow, book, write_timeout=None)
    for _ in range(8):  # twice as many as there are threads
        peer = connect(server, narrow=True)
        wait_for(lambda: not peer.fill(frame(BINARY, bytes(60_000))))  # noqa: B023
    fifth = connect(server)
    assert statistics.median(lives(fifth, str(number)) for number in range(9)) < 0.05 * FACTOR


def test_bug_5_a_handshake_that_drips_under_steady_arrivals_is_cut_in_time(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book, handshake=HandshakeConfig(timeout=0.2))
    assert server.port is not None
    started = time.monotonic()
    slow = connect(server, opened=False)
    drops = iter(slow.request()[:-2] + b"X-Drip: " + bytes(b"x" * 4000))
    while slow.nothing_arrives(0.001):
        slow.send(bytes([next(drops)]))
        with Peer(server.port) as peer:  # somebody arrives with each byte
            peer.open()
    assert 0.2 <= time.monotonic() - started < scaled(4)
    assert " 408 " in slow.read_head()


def test_bug_6_at_max_conn_there_is_a_503_a_limit_and_no_spinning(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book, max_conn=2, handshake=HandshakeConfig(count=1))
    peers = [connect(server) for _ in range(2)]
    refused = connect(server, opened=False)
    refused.send(refused.request())
    assert " 503 " in refused.read_head()
    waiting = [connect(server, opened=False) for _ in range(3)]
    used = time.process_time()
    assert waiting[0].nothing_arrives(0.3)
    assert time.process_time() - used < 0.15
    assert server.stats().connections == 2
    refused.hang_up()
    peers[0].hang_up()
    waiting[0].send(waiting[0].request())
    assert waiting[0].read_head()


def test_bug_7_half_open_peers_are_found_without_a_watchdog(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book, ping_interval=0.05, ping_timeout=scaled(0.1), max_conn=3)
    for _ in range(3):
        connect(server)
    book.closed(3)
    wait_for(lambda: server.stats().connections == 0)


def test_bug_8_a_frame_is_judged_by_its_header_before_its_payload_is_awaited(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book, max_message_size=1000)
    for header, code in [
        (b"\x82\xfe\x03\xe9" + bytes(4), 1009),
        (b"\xc2\xfe\x03\xe8" + bytes(4), 1002),
        (b"\x83\xfe\x03\xe8" + bytes(4), 1002),
        (b"\x82\x7e\x03\xe8", 1002),
    ]:
        peer = connect(server)
        peer.send(header)
        assert peer.read_close() == code


# -- 10.2: by normal use -------------------------------------------------------------------------


def test_bug_9_close_from_another_thread_on_an_idle_connection(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book, max_conn=1)
    for number in range(3):
        peer = connect(server)
        book.handler(number).conn.close()
        book.closed(number + 1)
        assert peer.read_close() == 1000
        peer.close_frame()
        peer.read_end()
        wait_for(lambda: server.stats().connections == 0)
    server.stop()
    assert [handler.calls for handler in book.handlers] == [["after_init", "close"]] * 3


class Stops(Recorded):
    server: Server

    def on_message(self, data: str | bytes) -> None:
        self.server.stop()


def test_bug_10_stop_from_a_handler_twice_and_before_listen(
    blocking: bool, connect: Connect, book: Book
) -> None:
    server = Stops.server = Server(Stops, ServerConfig(port=0, blocking=blocking))
    server.stop()
    thread = server.listen_in_new_thread(book)
    peer = connect(server)
    peer.text("stop")
    assert peer.read_close() == 1001
    peer.close_frame()
    server.stop()
    server.stop()
    assert not thread.is_alive()


@pytest.mark.parametrize("round_", range(3))
def test_bug_11_stop_with_a_small_pool_and_connections_in_mid_message(
    round_: int, serve: Serve, connect: Connect, book: Book
) -> None:
    buffers = BufferConfig(small_size=512, small_pool=3, large_size=4096, large_pool=2)
    server = serve(Recorded, book, buffers=buffers)
    peers = [connect(server) for _ in range(12)]
    for number, peer in enumerate(peers):
        peer.send(frame(BINARY, bytes(400 * number))[: -1 - round_])
        if number % 3 == 0:
            peer.reset()  # disconnect and shutdown at once
    server.stop(timeout=0)
    stats = server.stats()
    assert (stats.small_buffers.in_use, stats.large_buffers.in_use) == (0, 0)
    assert stats.small_buffers.available <= 3
    assert stats.large_buffers.available <= 2
    book.closed(12, timeout=0)


class Busy(Recorded):
    entered = threading.Event()

    def on_message(self, data: str | bytes) -> None:
        self.entered.set()
        threading.Event().wait(0.1)


def test_bug_12_stop_does_not_call_close_during_a_callback(
    serve: Serve, connect: Connect, book: Book
) -> None:
    Busy.entered.clear()
    server = serve(Busy, book)
    connect(server).text("stay a while")
    assert Busy.entered.wait(scaled(5))
    server.stop(timeout=0.05)
    book.closed()
    assert book.handlers[0].calls == ["after_init", "message", "close"]


class Adds(Recorded):
    """Adds the response header that the path names, of the size that the query names."""

    def __init__(self, handshake: Handshake, conn: Conn, app: Book) -> None:
        size = int(handshake.query.get("size", ["0"])[0])
        value = "x" * size + ("\r\nInjected: yes" if handshake.path == "/inject" else "")
        handshake.res_headers.add("X-Added", value)
        super().__init__(handshake, conn, app)


def test_bug_13_response_headers_of_every_length_and_no_injection(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Adds, book)
    for size in [0, 1, 100, 487, 512, 1000, 1024, 4000, 8192]:
        peer = connect(server, opened=False)
        peer.send(peer.request(f"/?size={size}"))
        head = peer.read_head()
        assert head.startswith("HTTP/1.1 101")
        assert "x" * size in head
    peer = connect(server, opened=False)
    peer.send(peer.request("/inject"))
    head = peer.read_head()
    assert head.startswith("HTTP/1.1 500")
    assert "Injected" not in head


def test_bug_18_listen_in_new_thread_raises_bind_errors(serve: Serve, book: Book) -> None:
    taken = serve(Recorded, book)
    second = Server(Recorded, ServerConfig(port=taken.port, blocking=taken.config.blocking))
    with pytest.raises(OSError, match="in use"):
        second.listen_in_new_thread(book)
    second.stop()


def test_bug_21_many_servers_and_clients_in_one_process_leave_nothing(
    blocking: bool, book: Book
) -> None:
    for number in range(15):
        with Server(Recorded, ServerConfig(port=0, blocking=blocking)) as server:
            server.listen_in_new_thread(book)
            assert server.port is not None
            with Peer(server.port).open() as peer:
                lives(peer, str(number))
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("wskit-")]


# -- and elsewhere in the list -------------------------------------------------------------------


def test_bug_27_of_the_tracker_messages_under_back_pressure_arrive_whole(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Narrow, book)
    peers = [connect(server, narrow=True) for _ in range(3)]
    sizes = [1, 60_000, 125, 126, 2048, 100_000, 0, 65_536] * 4
    sent = [[bytes([number]) * size for size in sizes] for number in range(3)]

    def send(number: int) -> None:
        for data in sent[number]:
            peers[number].sock.sendall(frame(BINARY, data))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for sender in senders:
        sender.start()
    wait_for(lambda: server.stats().queued > 0)
    for number, peer in enumerate(peers):
        for data in sent[number]:
            assert peer.read() == Frame(BINARY, data)
    for sender in senders:
        sender.join(scaled(5))


def test_a_write_after_the_end_never_reaches_whoever_has_the_descriptor_now(
    serve: Serve, connect: Connect, book: Book
) -> None:
    """Section 4.4: the frame landed in another connection."""
    server = serve(Recorded, book)
    old = connect(server)
    transport = book.handler().conn._outbound.transport
    fd = transport.fileno()
    old.hang_up()
    wait_for(lambda: transport.fileno() == -1)
    new = [connect(server) for _ in range(8)]
    fds = [handler.conn._outbound.transport.fileno() for handler in book.handlers[1:]]
    assert fd in fds, "the number is used again, or this proves nothing"
    conn = book.handlers[0].conn
    for write in (conn.write, conn.write_ping, conn.write_bin):
        with pytest.raises(ConnectionClosed):
            write(b"to whom?")
    conn.close()
    for peer in new:
        lives(peer)


def test_a_handler_that_never_returns_takes_one_thread_and_no_more(
    serve: Serve, connect: Connect, book: Book
) -> None:
    """Section 3.3: handlers that sleep froze the worker when there were as many as threads."""
    released = threading.Event()

    class Sleeps(Recorded):
        def on_message(self, data: str | bytes) -> None:
            if data == "sleep":
                assert released.wait(scaled(20))
            self.conn.write(data)

    server = serve(Sleeps, book, thread_pool=ThreadPoolConfig(count=3))
    sleepers = [connect(server) for _ in range(2)]
    for peer in sleepers:
        peer.text("sleep")
    other = connect(server)
    lives(other)
    connect(server).send(frame(TEXT, b"unfinished")[:-1])
    other.send(frame(PING, b"?"))
    assert other.read() == Frame(PONG, b"?")
    released.set()
    for peer in sleepers:
        assert peer.read_text() == "sleep"
