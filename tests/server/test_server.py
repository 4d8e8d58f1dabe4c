"""The server as applications see it: handlers, listening, broadcasting."""

from __future__ import annotations

import logging
import threading

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Live, Serve
from tests.server.recording import Book, Recorded
from wskit import (
    Conn,
    Handshake,
    MessageType,
    Opcode,
    Server,
    ServerConfig,
    ThreadPoolConfig,
    frame_bin,
    frame_text,
)
from wskit.scratch import Scratch

pytestmark = pytest.mark.wskit(timeout=scaled(5))


class TestHandlers:
    """The shapes of a handler, on live connections."""

    @pytest.mark.parametrize("shape", ["data", "data, type", "allocator, data", "all three"])
    def test_client_message_is_called_in_the_shape_that_it_has(
        self, live: Live, shape: str
    ) -> None:
        given: list[tuple[object, ...]] = []

        class Base:
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                self.conn = conn

            def note(self, *arguments: object) -> None:
                given.append(arguments)
                self.conn.write("noted")

        class Data(Base):
            def client_message(self, data: object) -> None:
                self.note(data)

        class DataType(Base):
            def client_message(self, data: object, type: object) -> None:
                self.note(data, type)

        class AllocatorData(Base):
            def client_message(self, allocator: Scratch, data: object) -> None:
                self.note(len(allocator.alloc(10)), data)

        class AllThree(Base):
            def client_message(self, allocator: Scratch, data: object, type: object) -> None:
                self.note(len(allocator.alloc(10)), data, type)

        kinds = [Data, DataType, AllocatorData, AllThree]
        names = ["data", "data, type", "allocator, data", "all three"]
        peer = live(dict(zip(names, kinds, strict=True))[shape]).connect()
        peer.send("é")
        peer.send(b"\xff")
        peer.expect_text("noted")
        peer.expect_text("noted")
        size = (10,) if "al" in shape else ()
        types = shape in ("data, type", "all three")
        assert given == [
            (*size, "é", *([MessageType.TEXT] * types)),
            (*size, b"\xff", *([MessageType.BINARY] * types)),
        ]

    def test_scratch_memory_is_void_after_the_callback_and_lent_again(self, live: Live) -> None:
        pieces: list[memoryview] = []
        blocks: set[int] = set()

        class Keeps:
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                self.conn = conn

            def client_message(self, allocator: Scratch, data: str) -> None:
                pieces.append(allocator.alloc(100))
                blocks.add(id(pieces[-1].obj))
                pieces[-1][:] = data.encode() * 100
                self.conn.write(pieces[-1])

        peer = live(Keeps, thread_pool=ThreadPoolConfig(count=1)).connect()
        for letter in "abc":
            peer.send(letter)
            peer.expect_binary(letter.encode() * 100)
        wait_for(lambda: all(_released(piece) for piece in pieces))
        assert len(blocks) == 1

    @pytest.mark.parametrize("takes_app", [False, True])
    def test_init_and_after_init_are_given_the_app_if_they_take_it(
        self, live: Live, takes_app: bool
    ) -> None:
        given: list[object] = []

        class Base:
            def client_message(self, data: object) -> None: ...

        class Without(Base):
            def __init__(self, handshake: Handshake, conn: Conn) -> None: ...
            def after_init(self) -> None:
                given.append(None)

        class With(Base):
            def __init__(self, handshake: Handshake, conn: Conn, app: object) -> None:
                given.append(app)

            def after_init(self, app: object) -> None:
                given.append(app)

        app = object()
        live(With if takes_app else Without, app).connect()
        expected = [app, app] if takes_app else [None]
        wait_for(lambda: given == expected)


def _released(piece: memoryview) -> bool:
    try:
        return len(piece) < 0
    except ValueError:
        return True


class TestListening:
    def test_port_and_address_are_known_afterwards(self, serve: Serve, blocking: bool) -> None:
        fresh = Server(Recorded, ServerConfig(port=0, blocking=blocking))
        assert (fresh.port, fresh.address, fresh.connections) == (None, None, [])
        server = serve(Recorded)
        assert server.port
        assert server.address == ("127.0.0.1", server.port)

    def test_listen_returns_when_the_server_stops(self, blocking: bool, book: Book) -> None:
        server = Server(Recorded, ServerConfig(port=0, blocking=blocking))
        thread = threading.Thread(target=server.listen, args=(book,))
        thread.start()
        wait_for(lambda: server.port)
        server.stop()
        thread.join(scaled(5))
        assert not thread.is_alive()

    def test_listening_twice_is_an_error(self, serve: Serve) -> None:
        server = serve(Recorded)
        with pytest.raises(RuntimeError, match="listening already"):
            server.listen()
        with pytest.raises(RuntimeError, match="listening already"):
            server.listen_in_new_thread()

    def test_a_server_can_be_used_again(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        for _ in range(3):
            peer = server.connect()
            peer.send("hi")
            peer.expect_text("hi")
            peer.end()
            server.stop()
            server.server.listen_in_new_thread(book)

    def test_as_a_context_manager_it_stops(self, blocking: bool) -> None:
        with Server(Recorded, ServerConfig(port=0, blocking=blocking)) as server:
            thread = server.listen_in_new_thread()
        thread.join(scaled(5))
        assert not thread.is_alive()
        with Server(Recorded):
            pass  # one that never listened

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"code": 1005}, ValueError, "code: 1005 may not be sent"),
            ({"reason": "x" * 124}, ValueError, "reason: must be at most 123"),
            ({"timeout": -1}, ValueError, "timeout: must be at least 0"),
            ({"timeout": "1"}, TypeError, "timeout: must be a number"),
        ],
    )
    def test_stop_checks_what_it_is_told_before_it_does_anything(
        self,
        live: Live,
        book: Book,
        arguments: dict[str, object],
        error: type[Exception],
        message: str,
    ) -> None:
        server = live(Recorded, book)
        peer = server.connect()
        with pytest.raises(error, match=f"^{message}"):
            server.server.stop(**arguments)  # type: ignore[arg-type]
        peer.send("still here")
        peer.expect_text("still here")

    def test_the_config_must_be_one(self) -> None:
        with pytest.raises(TypeError, match=r"^config: must be a ServerConfig, not dict$"):
            Server(Recorded, {"port": 0})  # type: ignore[arg-type]

    def test_what_goes_on_is_logged(
        self, live: Live, caplog: pytest.LogCaptureFixture, book: Book
    ) -> None:
        with caplog.at_level(logging.DEBUG, "wskit"):
            server = live(Recorded, book)
            peer = server.connect()
            peer.close(3000)
            peer.expect_close(3000, initiated_by="client")
            wait_for(lambda: "closed 3000" in caplog.text)
            server.stop()
        assert {record.name for record in caplog.records} == {"wskit.server"}
        address = "127.0.0.1:" + str(book.handlers[0].conn.address[1])
        found = [(record.levelname, record.getMessage()) for record in caplog.records]
        assert ("INFO", f"listening on 127.0.0.1:{server.port}") == found[0]
        assert ("DEBUG", f"{address}: open") in found
        assert ("DEBUG", f"{address}: closed 3000") in found
        assert found[-2:] == [("INFO", "stopping"), ("INFO", "stopped")]


class TestBroadcast:
    @pytest.mark.parametrize("data", ["é", b"\xff", bytearray(b"ab")])
    def test_reaches_every_connection_as_what_it_is(
        self, live: Live, book: Book, data: str | bytes
    ) -> None:
        server = live(Recorded, book)
        peers = [server.connect() for _ in range(5)]
        assert server.server.broadcast(data) == 5
        for peer in peers:
            peer.expect_fragments([data if isinstance(data, str) else bytes(data)])

    def test_counts_only_who_took_it(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        gone, *others = [server.connect() for _ in range(3)]
        book.handler(0).conn.close()
        assert server.server.broadcast("hi") == 2
        gone.expect_close(1000, initiated_by="server")
        for peer in others:
            peer.expect_text("hi")

    def test_waits_for_nobody(self, serve: Serve, connect: Connect, book: Book) -> None:
        server = serve(Recorded, book, max_write_buffer=10_000, write_timeout=scaled(30))
        slow = connect(server, narrow=True)
        quick = connect(server)
        data = bytes(50_000)
        results = []
        for _ in range(300):  # 15 MB: more than any socket buffer holds
            results.append(server.broadcast(data))
            assert quick.read().payload == data
        assert results[0] == 2
        assert results[-1] == 1, "the slow one has no room"
        slow.hang_up()
        book.closed()

    def test_who_is_in_the_middle_of_a_message_does_not_get_it_and_harms_nobody(
        self, live: Live, book: Book
    ) -> None:
        server = live(Recorded, book)
        first, second, _ = [server.connect() for _ in range(3)]
        middle = book.handler(1).conn
        middle.write_frame(Opcode.TEXT, "a", fin=False)
        assert server.server.broadcast("hi") == 2
        middle.write_frame(Opcode.CONTINUATION, "b")
        assert server.server.broadcast("bye") == 3
        first.expect_text("hi")
        first.expect_text("bye")
        second.expect_fragments(["a", "b"])
        second.expect_text("bye")

    def test_before_listen_there_is_nobody(self) -> None:
        assert Server(Recorded).broadcast("hi") == 0

    def test_needs_a_message(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        server.connect()
        with pytest.raises(TypeError):
            server.server.broadcast(None)  # type: ignore[arg-type]


class TestFramedMessages:
    def test_are_framed_once_for_many(self, live: Live, book: Book) -> None:
        server = live(Recorded, book)
        peers = [server.connect() for _ in range(3)]
        ready = [frame_text("é"), frame_text(b"\xc3\xa9"), frame_bin(b"\xff")]
        for conn in server.connections:
            for each in ready:
                conn.write_framed(each)
        for peer in peers:
            peer.expect_fragments(["é"])
            peer.expect_fragments(["é"])
            peer.expect_fragments([b"\xff"])
