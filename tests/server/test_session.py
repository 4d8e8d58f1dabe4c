"""One connection: what is delivered, what is answered, and how both directions end."""

from __future__ import annotations

import logging
import socket
import threading

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, frame
from tests.server.recording import Book, Recorded
from wskit import BufferConfig, Conn, Handshake, InvalidPayload, ServerConfig, ThreadPoolConfig


class Silent(Recorded):
    def on_message(self, data: str | bytes) -> None:
        pass


class Narrow(Recorded):
    narrow = True


# -- reading -------------------------------------------------------------------------------------


def test_frames_in_the_packet_of_the_request_are_the_first_messages(
    serve: Serve, connect: Connect, book: Book
) -> None:
    texts = [str(number) * 50 for number in range(100)]  # more than any buffer takes at once
    data = b"".join(frame(TEXT, text.encode()) for text in texts)
    peer = connect(serve(Recorded, book), opened=False).open(after=data)
    assert [peer.read_text() for _ in texts] == texts


@pytest.mark.parametrize("small_pool", [None, 4])
def test_all_that_came_before_the_end_of_the_stream_is_delivered(
    small_pool: int | None, serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Silent, book, buffers=BufferConfig(small_pool=small_pool))
    texts = [str(number) * 30 for number in range(300)]
    data = b"".join(frame(TEXT, text.encode()) for text in texts)
    peer = connect(server, opened=False)
    peer.send(peer.request() + data)
    peer.finish_sending()
    book.closed()
    assert book.handlers[0].messages == texts
    assert server.stats().small_buffers.in_use == 0


def test_a_message_that_comes_byte_by_byte(serve: Serve, connect: Connect, book: Book) -> None:
    peer = connect(serve(Recorded, book))
    for byte in frame(TEXT, "ä message".encode()):
        peer.send(bytes([byte]))
    assert peer.read_text() == "ä message"


@pytest.mark.parametrize("size", [0, 125, 126, 2048, 2049, 65535, 65536, 1 << 20])
def test_messages_of_every_size_come_back(
    size: int, serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(Recorded, book))
    data = bytes(range(256)) * (size // 256 + 1)
    peer.binary(data[:size])
    assert peer.read() == Frame(BINARY, data[:size])


def test_small_and_large_messages_to_a_slow_consumer_arrive_intact(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Narrow, book, max_write_buffer=1 << 16)
    peer = connect(server, narrow=True)
    sizes = [(number * 7919) % 300 if number % 9 else 1 << 16 for number in range(200)]
    sent = [number.to_bytes(1, "big") * size for number, size in enumerate(sizes)]

    def send() -> None:
        for data in sent:
            peer.sock.sendall(frame(BINARY, data))

    sender = threading.Thread(target=send)
    sender.start()
    wait_for(lambda: server.stats().queued > 0)  # nobody reads, so it backs up
    for data in sent:
        assert peer.read() == Frame(BINARY, data)
    sender.join(scaled(5))
    assert book.handlers[0].messages == sent


def test_a_peer_whose_replies_are_stuck_is_not_read(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Narrow, book)
    peer = connect(server, narrow=True)
    data = frame(BINARY, bytes(1000)) * 64
    wait_for(lambda: not peer.fill(data) and server.stats().queued > 0)
    stats = server.stats()
    assert stats.queued < 1 << 17
    peer.fill(data)
    assert server.stats().messages_in <= stats.messages_in + 1


# -- answers -------------------------------------------------------------------------------------


def test_a_ping_is_answered_between_fragments(serve: Serve, connect: Connect, book: Book) -> None:
    peer = connect(serve(Recorded, book))
    peer.send(frame(TEXT, b"in two ", fin=False) + frame(PING, b"id"))
    assert peer.read() == Frame(PONG, b"id")
    peer.send(frame(CONTINUATION, b"pieces"))
    assert peer.read_text() == "in two pieces"


class AnswersItself(Recorded):
    def client_ping(self, data: bytes) -> None:
        with self._callback("ping"):
            self.conn.write_pong(data[::-1])

    def client_pong(self, data: bytes) -> None:
        with self._callback("pong " + data.decode()):
            pass

    def on_close_frame(self) -> None:
        self.conn.close(4009)


def test_a_handler_with_callbacks_answers_pings_itself(
    serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(AnswersItself, book))
    peer.send(frame(PING, b"abc") + frame(PONG, b"unasked"))
    assert peer.read() == Frame(PONG, b"cba")
    peer.close_frame(3000)
    assert peer.read_close() == 4009  # client_close closed first
    peer.read_end()
    book.closed()
    assert book.handlers[0].calls == ["after_init", "ping", "pong unasked", "client_close", "close"]


@pytest.mark.parametrize("code", [None, 1000, 1001, 1011, 1014, 3000, 4999])
def test_the_code_of_a_close_is_echoed(
    code: int | None, serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(Recorded, book))
    peer.close_frame(code)
    assert peer.read() == Frame(CLOSE, b"" if code is None else code.to_bytes(2, "big"))
    peer.read_end()
    book.closed()
    assert book.handlers[0].conn.close_code == (1005 if code is None else code)


def test_frames_behind_a_close_frame_are_ignored(
    serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(Recorded, book))
    peer.send(frame(TEXT, b"1") + frame(CLOSE) + frame(TEXT, b"2") + frame(PING) + frame(3))
    assert peer.read_text() == "1"
    assert peer.read() == Frame(CLOSE, b"")
    peer.read_end()
    book.closed()
    assert book.handlers[0].messages == ["1"]


# -- the end -------------------------------------------------------------------------------------


class Closes(Recorded):
    def on_message(self, data: str | bytes) -> None:
        self.conn.close(4000, "enough")


@pytest.mark.parametrize(("first", "code"), [(TEXT, 4000), (3, 1002)], ids=["close", "violation"])
def test_input_that_nobody_reads_does_not_destroy_the_close_frame(
    first: int, code: int, serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Closes, book)
    peer = connect(server)
    peer.send(frame(first, b"now"))
    book.closed()
    for _ in range(32):
        peer.send(frame(BINARY, bytes(1 << 16)))  # nor does it reset the connection
    peer.close_frame()
    assert peer.read_close() == code
    peer.read_end()
    peer.hang_up()
    wait_for(lambda: server.stats().connections == 0)


def test_after_a_close_the_rest_of_a_message_and_others_are_skipped_up_to_the_answer(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    peer.send(frame(BINARY, bytes(100_000))[:-10])
    book.handler().conn.close(4000)
    assert peer.read_close() == 4000
    peer.send(bytes(10) + frame(TEXT, b"not delivered") + frame(PING, b"not answered"))
    assert not book.handlers[0].messages
    peer.close_frame(4000)
    peer.read_end()
    assert book.handlers[0].calls == ["after_init", "close"]


@pytest.mark.parametrize("ending", ["answered", "refused"])
def test_who_goes_on_sending_after_the_end_holds_no_thread(
    ending: str, serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Closes, book, thread_pool=ThreadPoolConfig(count=1), close_timeout=scaled(2))
    loud, quiet = connect(server), connect(server)
    data = frame(BINARY, bytes(10_000)) * 10
    loud.send(frame(TEXT, b"now") if ending == "answered" else frame(3))
    book.closed()
    stopped = threading.Event()

    def shout() -> None:
        try:
            while not stopped.is_set():
                loud.sock.sendall(data)
        except OSError:
            pass

    thread = threading.Thread(target=shout)
    thread.start()
    try:
        for number in range(20):
            quiet.send(frame(PING, str(number).encode()))
            assert quiet.read().payload == str(number).encode()
    finally:
        stopped.set()
        loud.sock.shutdown(socket.SHUT_RDWR)
        thread.join(scaled(5))


class Fails(Recorded):
    def on_message(self, data: str | bytes) -> None:
        if data == "after close":
            self.conn.close(4000)
            self.conn.write("raises ConnectionClosed")
        raise InvalidPayload("of its own")


def test_a_protocol_error_that_the_handler_raised_is_the_handlers(
    serve: Serve, connect: Connect, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    peer = connect(serve(Fails, book))
    with caplog.at_level(logging.ERROR, "wskit.server"):
        peer.text("x")
        assert peer.read_close() == 1011
    assert "client_message raised" in caplog.text


def test_writing_after_the_end_is_no_fault_of_the_handler(
    serve: Serve, connect: Connect, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    peer = connect(serve(Fails, book))
    with caplog.at_level(logging.ERROR, "wskit.server"):
        peer.text("after close")
        assert peer.read_close() == 4000
        peer.close_frame()
        peer.read_end()
    assert not caplog.records


class Early(Recorded):
    """Uses its connection in ``__init__``, where the 101 is not sent yet."""

    def __init__(self, handshake: Handshake, conn: Conn, app: Book) -> None:
        super().__init__(handshake, conn, app)
        for number in range(3):
            conn.write(f"early {number}")
        conn.write_ping(b"early")
        if handshake.path == "/close":
            conn.close(4000)

    def on_after_init(self) -> None:
        if not self.conn.is_closed:
            self.conn.write("after init")


def test_what_is_written_in_init_comes_behind_the_101(
    serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(Early, book))
    assert [peer.read_text() for _ in range(3)] == ["early 0", "early 1", "early 2"]
    assert peer.read() == Frame(PING, b"early")
    assert peer.read_text() == "after init"


def test_a_close_in_init_comes_behind_the_101_and_the_handler_is_closed(
    serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(Early, book), opened=False).open("/close")
    assert peer.read_close() == 4000
    peer.close_frame()
    peer.read_end()
    assert book.handlers[0].calls == ["after_init", "close"]


# -- buffers -------------------------------------------------------------------------------------


def test_an_idle_connection_holds_no_small_buffer(connect: Connect, book: Book) -> None:
    from wskit import Server

    config = ServerConfig(port=0, buffers=BufferConfig(small_size=256, small_pool=2))
    with Server(Recorded, config) as server:
        server.listen_in_new_thread(book)
        peers = [connect(server) for _ in range(5)]
        for peer in peers:
            peer.text("hello")
            assert peer.read_text() == "hello"
        wait_for(lambda: server.stats().small_buffers.in_use == 0)
        for peer in peers[:3]:
            peer.send(frame(TEXT, b"unfinished")[:-1])
        wait_for(lambda: server.stats().small_buffers.in_use == 3)
        for peer in peers[:3]:
            peer.send(frame(TEXT, b"unfinished")[-1:])
            assert peer.read_text() == "unfinished"
        peers[0].close_frame()
        peers[0].read_close()
        book.handlers[1].conn.close()
        wait_for(lambda: server.stats().small_buffers.in_use == 0)
        assert server.stats().small_buffers.available == 2
        for peer in peers:
            peer.hang_up()
