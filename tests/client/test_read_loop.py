"""The read loop: callbacks in all shapes, in order, one at a time, and close exactly once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.recording import Everything, Recorder, one_of_each
from tests.deadlines import scaled, wait_for
from wskit import (
    Client,
    Conn,
    ConnectionClosed,
    Handshake,
    MessageType,
    Opcode,
    connect,
)
from wskit.testing import ScriptedServer, ServerPeer

pytestmark = pytest.mark.wskit(timeout=scaled(5))

Scripted = Callable[..., ScriptedServer]


def brief(peer: ServerPeer) -> None:
    """Say one thing and close."""
    peer.send("t")
    peer.close(None)


class TestCallbacks:
    def test_each_gets_its_events_in_order_and_close_comes_last(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            one_of_each(peer)
            peer.close(1001, "x")
            # A ping that has a callback is that callback's to answer; a close is answered anyway.
            peer.expect_frame(Opcode.CLOSE, b"\x03\xe9")

        handler = Everything()
        client = connect(ws_script(script).url)
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

    def test_without_them_pings_and_closes_are_answered(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            one_of_each(peer)
            peer.close(4000)
            peer.expect_frame(Opcode.PONG, b"1")
            peer.expect_frame(Opcode.CLOSE, b"\x0f\xa0")

        handler = Recorder()
        connect(ws_script(script).url).read_loop(handler)
        assert [name for name, _ in handler.calls] == ["message", "message", "close"]

    def test_close_itself_may_be_missing(self, ws_script: Scripted) -> None:
        class Least:
            def server_message(self, data: str | bytes) -> None:
                got.append(data)

        got: list[str | bytes] = []
        connect(ws_script(brief).url).read_loop(Least())
        assert got == ["t"]

    def test_a_message_comes_in_every_shape(self, ws_script: Scripted) -> None:
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
            connect(ws_script(brief).url).read_loop(kind())
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

    @pytest.mark.wskit(allow_errors=True)
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
