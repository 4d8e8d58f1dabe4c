"""The read loop: callbacks in all shapes, in order, one at a time, and close exactly once."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, Script, raw_server
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import PONG, SERVER, Frame
from wskit import (
    Client,
    Conn,
    ConnectionClosed,
    Handshake,
    MessageType,
    ProtocolError,
    connect,
)


class Recorder:
    """Writes down what is called, and whether two calls ever overlapped."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.overlapped = False
        self.threads: set[int] = set()
        self._inside = threading.Lock()

    def note(self, name: str, data: object = None) -> None:
        if not self._inside.acquire(blocking=False):
            self.overlapped = True
            return
        self.threads.add(threading.get_ident())
        self.calls.append((name, data))
        self._inside.release()

    def server_message(self, data: str | bytes) -> None:
        self.note("message", data)

    def close(self) -> None:
        self.note("close")


class Everything(Recorder):
    def server_ping(self, data: bytes) -> None:
        self.note("ping", data)

    def server_pong(self, data: bytes) -> None:
        self.note("pong", data)

    def server_close(self, data: bytes) -> None:
        self.note("close frame", data)


def sending(*data: bytes, answers: list[Frame] | None = None) -> Script:
    """Give a script that sends these bytes, then waits for the client's close."""

    def script(peer: Peer) -> None:
        peer.accept()
        for each in data:
            peer.send(each)
        while (frame := peer.frame()).opcode != 8:
            if answers is not None:
                answers.append(frame)
        if answers is not None:
            answers.append(frame)

    return script


ALL = (SERVER.text("t"), SERVER.binary(b"b"), SERVER.ping(b"1"), SERVER.pong(b"2"))


class TestCallbacks:
    def test_each_gets_its_events_in_order_and_close_comes_last(self) -> None:
        handler, answers = Everything(), list[Frame]()
        with raw_server(sending(*ALL, SERVER.close(1001, b"x"), answers=answers)) as url:
            client = connect(url)
            client.read_loop(handler)
        assert handler.calls == [
            ("message", "t"),
            ("message", b"b"),
            ("ping", b"1"),
            ("pong", b"2"),
            ("close frame", b"\x03\xe9x"),
            ("close", None),
        ]
        assert handler.threads == {threading.get_ident()}
        assert client.is_closed
        assert client._transport.fileno() == -1
        # A ping that has a callback is that callback's to answer; a close is answered anyway.
        assert [(frame.opcode, frame.payload) for frame in answers] == [(8, b"\x03\xe9")]

    def test_without_them_pings_and_closes_are_answered(self) -> None:
        handler, answers = Recorder(), list[Frame]()
        with raw_server(sending(*ALL, SERVER.close(4000), answers=answers)) as url:
            connect(url).read_loop(handler)
        assert [name for name, _ in handler.calls] == ["message", "message", "close"]
        assert [frame[:2] for frame in answers] == [(PONG, b"1"), (8, b"\x0f\xa0")]

    def test_close_itself_may_be_missing(self) -> None:
        class Least:
            def server_message(self, data: str | bytes) -> None:
                got.append(data)

        got: list[str | bytes] = []
        with raw_server(sending(SERVER.text("x"), SERVER.close())) as url:
            connect(url).read_loop(Least())
        assert got == ["x"]

    def test_a_message_comes_in_every_shape(self) -> None:
        class Data:
            def server_message(self, data: str | bytes) -> None:
                got.append((data,))

        class Type:
            def server_message(self, data: str | bytes, type: MessageType) -> None:
                got.append((data, type))

        class Allocator:
            def server_message(self, allocator: Any, data: str | bytes) -> None:
                pieces.append(allocator.alloc(4))
                pieces[-1][:] = b"abcd"
                got.append((data, bytes(pieces[-1])))

        class AllocatorType:
            def server_message(self, allocator: Any, data: str | bytes, type: MessageType) -> None:
                pieces.append(allocator.alloc(1 << 20))
                got.append((data, type, len(pieces[-1])))

        got: list[tuple[object, ...]] = []
        pieces: list[memoryview] = []
        for kind in (Data, Type, Allocator, AllocatorType):
            with raw_server(sending(SERVER.text("t"), SERVER.close())) as url:
                connect(url).read_loop(kind())
        text = MessageType.TEXT
        assert got == [("t",), ("t", text), ("t", b"abcd"), ("t", text, 1 << 20)]
        for piece in pieces:
            with pytest.raises(ValueError, match="released"):
                piece[0]

    @pytest.mark.parametrize(
        ("handler", "message"),
        [
            (object(), r"object: must have a method server_message"),
            (type("H", (), {"server_message": lambda self: None})(), r"H\.server_message: takes"),
            (
                type("H", (Recorder,), {"server_ping": lambda self: None})(),
                r"H\.server_ping: takes",
            ),
            (type("H", (Recorder,), {"close": lambda self, x: None})(), r"H\.close: takes"),
        ],
    )
    @pytest.mark.parametrize("start", [Client.read_loop, Client.read_loop_in_new_thread])
    def test_a_wrong_one_is_an_error_in_the_caller(
        self, echo: str, handler: object, message: str, start: Callable[..., object]
    ) -> None:
        with connect(echo) as client:
            with pytest.raises(TypeError, match=message):
                start(client, handler)
            client.write("unharmed")
            assert client.read() == (MessageType.TEXT, "unharmed")

    def test_counts_messages(self, echo: str) -> None:
        handler = Recorder()
        client = connect(echo)
        loop = client.read_loop_in_new_thread(handler)
        for _ in range(3):
            client.write("x")
        wait_for(lambda: len(handler.calls) == 3)
        assert (client.stats().messages_in, client.stats().messages_out) == (3, 3)
        client.close()
        loop.join(scaled(5))


class TestNewThread:
    def test_runs_the_loop_and_ends_with_the_connection(self, echo: str) -> None:
        handler = Recorder()
        client = connect(echo)
        loop = client.read_loop_in_new_thread(handler)
        assert loop.is_alive()
        client.write("x")
        wait_for(lambda: handler.calls)
        client.close()
        loop.join(scaled(5))
        assert handler.calls == [("message", "x"), ("close", None)]
        assert handler.threads == {loop.ident}

    def test_a_close_right_after_the_start_is_not_lost(self, echo: str) -> None:
        for _ in range(20):
            handler = Recorder()
            client = connect(echo)
            loop = client.read_loop_in_new_thread(handler)
            with within(2.0):
                client.close()
            loop.join(scaled(5))
            assert handler.calls == [("close", None)]

    def test_of_a_closed_connection_only_calls_close(self, echo: str) -> None:
        handler = Recorder()
        client = connect(echo)
        client.close()
        client.read_loop(handler)
        client.read_loop_in_new_thread(handler).join(scaled(5))
        assert handler.calls == [("close", None)] * 2

    def test_is_refused_while_another_runs(self, echo: str) -> None:
        with connect(echo) as client:
            loop = client.read_loop_in_new_thread(Recorder())
            with pytest.raises(RuntimeError, match=r"^read_loop_in_new_thread: another thread"):
                client.read_loop_in_new_thread(Recorder())
        loop.join(scaled(5))

    def test_that_cannot_start_leaves_the_connection_usable(
        self, echo: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(thread: threading.Thread) -> None:
            raise RuntimeError("no more threads")

        with connect(echo) as client:
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", fail)
                with pytest.raises(RuntimeError, match="no more threads"):
                    client.read_loop_in_new_thread(Recorder())
            client.write("x")
            assert client.read() == (MessageType.TEXT, "x")

    def test_an_error_goes_to_the_log(self, echo: str, caplog: pytest.LogCaptureFixture) -> None:
        class Broken(Recorder):
            def server_message(self, data: str | bytes) -> None:
                raise KeyError("of the handler")

        client = connect(echo)
        with caplog.at_level(logging.ERROR, "wskit"):
            loop = client.read_loop_in_new_thread(Broken())
            client.write("x")
            loop.join(scaled(5))
        assert client.close_code == 1011
        (record,) = caplog.records
        assert record.name == "wskit.client"
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], KeyError)


class TestEnd:
    @pytest.mark.parametrize("name", ["server_message", "server_ping", "server_pong"])
    def test_an_exception_closes_with_1011_and_comes_out(self, name: str) -> None:
        def fail(self: Recorder, data: object) -> None:
            raise KeyError(name)

        handler = type("Handler", (Recorder,), {name: fail})()
        answers: list[Frame] = []
        with (
            raw_server(sending(*ALL, answers=answers)) as url,
            pytest.raises(KeyError, match=name),
        ):
            connect(url).read_loop(handler)
        assert answers[-1].opcode == 8
        assert answers[-1].payload[:2] == b"\x03\xf3"
        assert handler.calls[-1] == ("close", None)
        assert handler.calls.count(("close", None)) == 1

    def test_an_exception_in_close_comes_out_and_the_socket_is_freed(self) -> None:
        class Handler(Recorder):
            def close(self) -> None:
                raise KeyError("close")

        with raw_server(sending(SERVER.close())) as url:
            client = connect(url)
            with pytest.raises(KeyError, match="close"):
                client.read_loop(Handler())
            assert client._transport.fileno() == -1

    def test_a_protocol_error_comes_out_after_close(self) -> None:
        handler, answers = Recorder(), list[Frame]()
        with (
            raw_server(sending(SERVER.text("x"), SERVER.frame(3), answers=answers)) as url,
            pytest.raises(ProtocolError, match="reserved opcode"),
        ):
            connect(url).read_loop(handler)
        assert handler.calls == [("message", "x"), ("close", None)]
        assert answers[-1].payload[:2] == b"\x03\xea"

    @pytest.mark.parametrize("end", [Peer.finish_sending, Peer.reset])
    def test_a_server_that_is_gone_is_no_error(self, end: Callable[[Peer], None]) -> None:
        """Bug 37: knowing that the server went away without crashing the client."""

        def script(peer: Peer) -> None:
            peer.accept()
            peer.frame()
            end(peer)

        handler = Recorder()
        with raw_server(script) as url:
            client = connect(url)
            client.write("go")
            client.read_loop(handler)
        assert handler.calls == [("close", None)]
        assert client.close_code == 1006

    def test_a_write_to_a_dead_connection_is_no_error_of_the_handler(self) -> None:
        """Messages that came before the end are still delivered, and the server's code is known."""

        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(b"".join(SERVER.text(str(n)) for n in range(5)) + SERVER.close(1001))

        class Writer(Recorder):
            def server_message(self, data: str | bytes) -> None:
                self.note("message", data)
                wait_for(lambda: client.write("x"))  # until it raises ConnectionClosed

        handler = Writer()
        with raw_server(script) as url:
            client = connect(url)
            client.read_loop(handler)
        assert [data for name, data in handler.calls if name == "message"] == list("01234")
        assert client.close_code == 1001

    def test_a_close_in_a_callback_is_the_last_that_it_hears(self, echo: str) -> None:
        class Handler(Recorder):
            def server_message(self, data: str | bytes) -> None:
                self.note("message", data)
                with within(1.0):
                    client.close(4000, "enough")

            def server_close(self, data: bytes) -> None:
                self.note("close frame", data)

        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.text("1") + SERVER.text("2"))
            codes.append(peer.close_code())
            peer.send(SERVER.text("3") + SERVER.close(4000, b"enough"))

        handler, codes = Handler(), list[int | None]()
        with raw_server(script) as url:
            client = connect(url)
            client.read_loop(handler)
        assert codes == [4000]
        assert handler.calls == [("message", "1"), ("close", None)]

    def test_a_close_in_the_close_callback_does_nothing(self) -> None:
        class Handler(Recorder):
            def close(self) -> None:
                self.note("close")
                with within(1.0):
                    client.close()

        handler = Handler()
        with raw_server(sending(SERVER.close(1001))) as url:
            client = connect(url)
            client.read_loop(handler)
        assert handler.calls == [("close", None)]

    def test_a_server_that_does_not_answer_does_not_hold_the_loop(self) -> None:
        class Handler(Recorder):
            def server_message(self, data: str | bytes) -> None:
                client.close()

        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.text("x"))
            done.wait(scaled(5))

        done = threading.Event()
        with raw_server(script) as url:
            client = connect(url, close_timeout=0.2)
            with within(2.0):
                client.read_loop(Handler())
            done.set()

    def test_an_interrupt_ends_the_loop_and_leaves_the_connection_open(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            wait_for(lambda: client and client[0]._reader.lock.locked())
            signal.pthread_kill(main, signal.SIGINT)
            peer.finish()

        main = threading.main_thread().ident or 0
        client: list[Client] = []
        handler = Recorder()
        with raw_server(script) as url:
            client.append(connect(url))
            with pytest.raises(KeyboardInterrupt):
                client[0].read_loop(handler)
            assert handler.calls == [("close", None)]
            assert not client[0].is_closed
            client[0].close()
            assert client[0].close_code == 1000


def test_callbacks_never_overlap_though_eight_threads_write_and_close(serve: Serve) -> None:
    class Chatty:
        def __init__(self, handshake: Handshake, conn: Conn) -> None:
            self.conn = conn

        def client_message(self, data: str | bytes) -> None:
            for _ in range(3):
                self.conn.write(data)

    url = f"ws://127.0.0.1:{serve(Chatty).port}/"
    for _ in range(5):
        handler = Everything()
        client = connect(url)
        loop = client.read_loop_in_new_thread(handler)

        def use(number: int, client: Client = client) -> None:
            try:
                for _ in range(50):
                    client.write(str(number))
                    client.write_ping()
            except ConnectionClosed:
                pass
            if number % 4 == 0:
                client.close()

        threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(scaled(10))
        loop.join(scaled(10))
        assert not loop.is_alive()
        assert not handler.overlapped
        assert handler.calls[-1] == ("close", None)
        assert handler.calls.count(("close", None)) == 1
