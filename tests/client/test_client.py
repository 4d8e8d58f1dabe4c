"""Clients read: messages, timeouts, control frames, errors, iteration, one reader at a time."""

from __future__ import annotations

import contextlib
import gc
import re
import threading
import time
import weakref
from collections.abc import Callable

import pytest
from websockets.sync.server import Server as OtherServer
from websockets.sync.server import ServerConnection, serve

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, raw_server
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import SERVER
from wskit import (
    BufferProvider,
    Client,
    ClientConfig,
    ConnectionClosed,
    Message,
    MessageTooBig,
    MessageType,
    Opcode,
    connect,
)
from wskit.testing import ManualClock, ScriptedServer, ServerPeer

pytestmark = pytest.mark.wskit(timeout=scaled(5))

Scripted = Callable[..., ScriptedServer]


class TestRead:
    def test_gives_text_as_str_and_binary_as_bytes(self, echo: str) -> None:
        with connect(echo) as client:
            client.write("héllo")
            client.write(b"\0\xff")
            assert client.read() == Message(MessageType.TEXT, "héllo")
            assert client.read() == (MessageType.BINARY, b"\0\xff")

    @pytest.mark.parametrize("size", [0, 125, 126, 4094, 65535, 65536, 1 << 20])
    def test_works_at_every_size(self, echo: str, size: int) -> None:
        with connect(echo) as client:
            client.write(bytes(size))
            assert client.read(timeout=scaled(5)) == (MessageType.BINARY, bytes(size))

    def test_gives_none_after_its_timeout_and_leaves_the_connection_usable(self, echo: str) -> None:
        with connect(echo) as client:
            start = time.monotonic()
            assert client.read(timeout=0.05) is None
            assert time.monotonic() - start >= 0.05
            client.write("still there")
            assert client.read() == (MessageType.TEXT, "still there")

    def test_takes_its_default_timeout_from_the_client(self, echo: str) -> None:
        with connect(echo, read_timeout=0.01) as client:
            assert client.read() is None
            client.read_timeout = None
            client.write("x")
            assert client.read() == (MessageType.TEXT, "x")

    def test_with_timeout_0_takes_what_is_there(self, ws_script: Scripted) -> None:
        ready = threading.Event()

        def script(peer: ServerPeer) -> None:
            peer.accept()
            ready.wait(scaled(5))
            peer.send("here")

        with connect(ws_script(script).url) as client:
            assert client.read(timeout=0) is None
            ready.set()
            assert wait_for(lambda: client.read(timeout=0)) == (MessageType.TEXT, "here")

    def test_has_a_true_deadline_though_bytes_dribble(self) -> None:
        """A message that comes byte by byte, each well within the timeout, is no reason to wait."""
        stop = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            message = SERVER.text("x" * 100)
            for at in range(50):
                peer.send(message[at : at + 1])
                if stop.wait(0.03):
                    break
            peer.send(message[at + 1 :])
            peer.finish()

        with raw_server(script) as url, connect(url) as client:
            with within(1.0):
                assert client.read(timeout=0.1) is None
            stop.set()
            assert client.read() == (MessageType.TEXT, "x" * 100)

    def test_has_a_true_deadline_though_the_server_never_pauses(self) -> None:
        stop = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            reader = threading.Thread(target=peer.rest)
            reader.start()
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    peer.send(SERVER.ping(b"!") * 500)
            reader.join()

        with raw_server(script) as url, connect(url, close_timeout=0.2) as client:
            with within(2.0):
                assert client.read(timeout=0.1) is None
            with within(2.0):
                client.close()
            stop.set()

    def test_takes_what_came_together_with_the_response(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.text("one") + SERVER.binary(b"2" * 5000) + SERVER.text("3"))
            peer.finish()

        with raw_server(script) as url, connect(url) as client:
            assert client.read() == (MessageType.TEXT, "one")
            assert client.read() == (MessageType.BINARY, b"2" * 5000)
            assert client.read() == (MessageType.TEXT, "3")

    def test_joins_fragments_around_control_frames(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.send_frame(Opcode.TEXT, "a", fin=False)
            peer.ping(b"p")
            peer.send_frame(Opcode.CONTINUATION, "b")
            peer.expect_pong(b"p")

        with connect(ws_script(script).url) as client:
            assert client.read() == (MessageType.TEXT, "ab")

    def test_done_may_be_called_for_each_message(self, echo: str) -> None:
        with connect(echo) as client:
            client.write("x")
            message = client.read()
            assert message is not None
            client.done(message)
            assert message.data == "x"

    def test_is_for_one_thread_at_a_time(self, echo: str) -> None:
        with connect(echo) as client:
            got: list[Message | None] = []
            reader = threading.Thread(target=lambda: got.append(client.read()))
            reader.start()
            wait_for(client._reader.lock.locked)
            for call in (client.read, lambda: client.read_loop(Handler())):
                with pytest.raises(RuntimeError, match="another thread reads"):
                    call()
            client.write("for the first")
            reader.join(scaled(5))
            assert got == [(MessageType.TEXT, "for the first")]

    def test_before_the_handshake_is_an_error(self, serve: Serve) -> None:
        client = Client(ClientConfig(host="127.0.0.1", port=serve().port or 0))
        with client:
            with pytest.raises(RuntimeError, match=r"^read: the handshake is not done"):
                client.read()
            with pytest.raises(RuntimeError, match=r"^read_loop: the handshake is not done"):
                client.read_loop(Handler())


class Handler:
    def server_message(self, data: str | bytes) -> None: ...


class TestControlFrames:
    def test_a_ping_is_answered_while_reading(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.ping(b"are you there")
            peer.pong(b"unasked")
            peer.send("x")
            peer.expect_frame(Opcode.PONG, b"are you there")

        with connect(ws_script(script).url) as client:
            assert client.read() == (MessageType.TEXT, "x")

    def test_a_close_is_echoed_and_raises_again_and_again(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.send("last")
            peer.close(4001, "so long")
            peer.expect_close(4001, initiated_by="server", clean=True)

        client = connect(ws_script(script).url)
        assert client.read() == (MessageType.TEXT, "last")
        for _ in range(3):
            with pytest.raises(ConnectionClosed, match="closed with 4001: so long") as caught:
                client.read(timeout=scaled(5))
            assert (caught.value.code, caught.value.reason) == (4001, "so long")
        assert (client.is_closed, client.close_code, client.close_reason) == (True, 4001, "so long")
        with pytest.raises(ConnectionClosed):
            client.write("too late")

    def test_a_close_without_code_is_echoed_without_code_and_is_1005(
        self, ws_script: Scripted
    ) -> None:
        def script(peer: ServerPeer) -> None:
            peer.close(None)
            peer.expect_frame(Opcode.CLOSE, b"")

        with connect(ws_script(script).url) as client:
            with pytest.raises(ConnectionClosed) as caught:
                client.read()
            assert caught.value.code == 1005

    def test_can_be_had_and_then_nothing_is_answered(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.ping(b"1")
            peer.pong(b"2")
            peer.send("3")
            peer.close(1000, "4")
            peer.expect_frame(Opcode.PONG, b"mine")
            peer.expect_frame(Opcode.CLOSE, b"\x0b\xb8")

        with connect(ws_script(script).url) as client:
            got = [client.read(control_frames=True) for _ in range(4)]
            assert got == [
                (MessageType.PING, b"1"),
                (MessageType.PONG, b"2"),
                (MessageType.TEXT, "3"),
                (MessageType.CLOSE, b"\x03\xe84"),
            ]
            with pytest.raises(ConnectionClosed, match="1000: 4"):
                client.read(control_frames=True)
            assert not client.is_closed
            client.write_pong(b"mine")
            client.close(3000)

    def test_a_close_does_not_stretch_the_deadline_though_the_server_hangs_on(
        self, ws_script: Scripted
    ) -> None:
        done = threading.Event()

        def script(peer: ServerPeer) -> None:
            peer.close()
            done.wait(scaled(5))

        with connect(ws_script(script).url) as client:
            with within(2.0), pytest.raises(ConnectionClosed):
                client.read(timeout=0.1)
            done.set()

    def test_latency_is_that_of_the_keepalive(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.expect_ping()
            peer.send("x")

        clock = ManualClock()
        with connect(ws_script(script).url, clock=clock) as client:
            assert client.stats().latency is None
            clock.advance(20)
            client.read()
            latency = client.stats().latency
            assert latency is not None
            assert 0 < latency < scaled(5)


class TestIteration:
    @pytest.mark.parametrize("code", [1000, 1001, None])
    def test_ends_with_the_connection(self, ws_script: Scripted, code: int | None) -> None:
        def script(peer: ServerPeer) -> None:
            peer.send("a")
            peer.ping()
            peer.send(b"b")
            peer.close(code)

        with connect(ws_script(script).url, read_timeout=0.001) as client:
            assert [message.data for message in client] == ["a", b"b"]
            assert list(client) == []

    def test_raises_where_the_end_is_not_clean(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.send("a")
            peer.close(1011)

        with connect(ws_script(script).url) as client:
            messages = iter(client)
            assert next(messages).data == "a"
            with pytest.raises(ConnectionClosed, match="1011"):
                next(messages)


class TestBuffers:
    def test_a_shared_provider_lends_and_counts(self, echo: str) -> None:
        provider = BufferProvider(count=2, size=10_000, max=20_000)
        with (
            connect(echo, buffer_provider=provider, buffer_size=256) as one,
            connect(echo, buffer_provider=provider, buffer_size=256) as two,
        ):
            for client in (one, two):
                client.write(bytes(9_000))
            for client in (one, two):
                assert client.read(timeout=scaled(5)) == (MessageType.BINARY, bytes(9_000))
            stats = provider.stats()
            assert stats.hits >= 2
            assert (stats.in_use, stats.available) == (0, 2)
            one.write(bytes(20_001))
            with pytest.raises(MessageTooBig):
                one.read(timeout=scaled(5))
        assert provider.stats().in_use == 0

    def test_a_loan_comes_back_though_the_connection_is_cut(self) -> None:
        provider = BufferProvider(count=1, size=10_000, max=20_000)

        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.binary(bytes(9_000))[:5_000])

        with raw_server(script) as url, connect(url, buffer_provider=provider) as client:
            with pytest.raises(ConnectionClosed):
                client.read(timeout=scaled(5))
            assert provider.stats().in_use == 0


class TestForgotten:
    @pytest.mark.wskit(allow_leaks=True)
    def test_it_can_be_collected_and_its_socket_says_so(self, echo: str) -> None:
        """Keepalive included: the pinger's thread does not keep it, and ends."""
        client = connect(echo, ping_interval=0.01)
        reference = weakref.ref(client)
        del client
        with pytest.warns(ResourceWarning, match="unclosed <socket"):
            wait_for(lambda: gc.collect() >= 0 and reference() is None)
        wait_for(lambda: "wskit-pings" not in {thread.name for thread in threading.enumerate()})


def test_repr_says_who_and_whether(echo: str) -> None:
    with connect(echo) as client:
        assert re.fullmatch(r"<Client 127\.0\.0\.1:\d+ open>", repr(client))
    assert repr(client).endswith(" closed 1000>")


def test_it_talks_to_another_server() -> None:
    def handler(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    server: OtherServer = serve(handler, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        port = server.socket.getsockname()[1]
        with connect(f"ws://127.0.0.1:{port}/") as client:
            for data in ("text", b"binary", "x" * 70_000):
                client.write(data)
                message = client.read(timeout=scaled(5))
                assert message is not None
                assert message.data == data
            client.close(4000, "bye")
            assert (client.close_code, client.close_reason) == (4000, "bye")
    finally:
        server.shutdown()
        thread.join(scaled(5))
