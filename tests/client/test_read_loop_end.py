"""How a read loop ends: close callbacks, exceptions, closes from everywhere, interrupts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import pytest

from tests.client.limits import interrupted, within
from tests.client.raw import Peer, raw_server
from tests.client.recording import Everything, Recorder, one_of_each
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import SERVER
from wskit import ProtocolError, connect
from wskit.testing import ScriptedServer, ServerPeer

pytestmark = pytest.mark.wskit(timeout=scaled(5))

Scripted = Callable[..., ScriptedServer]


def leaves(peer: ServerPeer) -> None:
    """Close without having said anything."""
    peer.close(1001)


class TestEnd:
    @pytest.mark.parametrize("name", ["server_message", "server_ping", "server_pong"])
    def test_an_exception_closes_with_1011_and_comes_out(
        self, name: str, ws_script: Scripted
    ) -> None:
        def fail(self: Recorder, data: object) -> None:
            raise KeyError(name)

        def script(peer: ServerPeer) -> None:
            one_of_each(peer)
            peer.expect_close(1011, initiated_by="client")

        handler = type("Handler", (Recorder,), {name: fail})()
        with pytest.raises(KeyError, match=name):
            connect(ws_script(script).url).read_loop(handler)
        assert handler.calls[-1] == ("close", None)
        assert handler.calls.count(("close", None)) == 1

    def test_an_exception_in_close_comes_out_and_the_socket_is_freed(
        self, ws_script: Scripted
    ) -> None:
        class Handler(Recorder):
            def close(self) -> None:
                raise KeyError("close")

        client = connect(ws_script(leaves).url)
        with pytest.raises(KeyError, match="close"):
            client.read_loop(Handler())
        assert client._transport.fileno() == -1

    def test_a_protocol_error_comes_out_after_close(self, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.send("x")
            peer.send_frame(3)
            peer.expect_close(1002, initiated_by="client")

        handler = Recorder()
        with pytest.raises(ProtocolError, match="reserved opcode"):
            connect(ws_script(script).url).read_loop(handler)
        assert handler.calls == [("message", "x"), ("close", None)]

    @pytest.mark.parametrize("end", [ServerPeer.half_close, ServerPeer.abort])
    def test_a_server_that_is_gone_is_no_error(
        self, end: Callable[[ServerPeer], None], ws_script: Scripted
    ) -> None:
        """Bug 37: knowing that the server went away without crashing the client."""

        def script(peer: ServerPeer) -> None:
            peer.expect_text("go")
            end(peer)

        handler = Recorder()
        client = connect(ws_script(script).url)
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

    def test_a_close_in_a_callback_is_the_last_that_it_hears(self) -> None:
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

    def test_after_a_close_in_another_thread_nothing_more_is_delivered(
        self, ws_script: Scripted
    ) -> None:
        def script(peer: ServerPeer) -> None:
            peer.auto_close = False
            peer.expect_close(initiated_by="client")
            peer.send("late")
            peer.ping()
            peer.close(3001)

        handler = Everything()
        client = connect(ws_script(script).url)
        loop = client.read_loop_in_new_thread(handler)
        client.close()
        loop.join(scaled(5))
        assert handler.calls == [("close", None)]
        assert client.close_code == 3001

    def test_an_exception_on_a_full_way_frees_the_socket_in_time(self) -> None:
        class Broken(Recorder):
            def server_message(self, data: str | bytes) -> None:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        client._transport.send(bytes(1000))
                raise KeyError("of the handler")

        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.text("x"))
            done.wait(scaled(5))

        done = threading.Event()
        with raw_server(script, receive_buffer=8192) as url:
            client = connect(url, close_timeout=0.2)
            with within(2.0), pytest.raises(KeyError, match="of the handler"):
                client.read_loop(Broken())
            assert client._transport.fileno() == -1
            done.set()

    def test_a_close_in_the_close_callback_does_nothing(self, ws_script: Scripted) -> None:
        class Handler(Recorder):
            def close(self) -> None:
                self.note("close")
                with within(1.0):
                    client.close()

        handler = Handler()
        client = connect(ws_script(leaves).url)
        client.read_loop(handler)
        assert handler.calls == [("close", None)]

    def test_a_server_that_does_not_answer_does_not_hold_the_loop(
        self, ws_script: Scripted
    ) -> None:
        class Handler(Recorder):
            def server_message(self, data: str | bytes) -> None:
                client.close()

        def script(peer: ServerPeer) -> None:
            peer.send("x")
            done.wait(scaled(5))

        done = threading.Event()
        client = connect(ws_script(script).url, close_timeout=0.2)
        with within(2.0):
            client.read_loop(Handler())
        done.set()

    def test_an_interrupt_ends_the_loop_and_leaves_the_connection_open(
        self, ws_script: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def script(peer: ServerPeer) -> None:
            peer.expect_close(1000, initiated_by="client")

        handler = Recorder()
        client = connect(ws_script(script).url)
        with monkeypatch.context() as fault:
            fault.setattr("wskit.waiting.Readable.wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.read_loop(handler)
        assert handler.calls == [("close", None)]
        assert not client.is_closed
        client.close()
        assert client.close_code == 1000
