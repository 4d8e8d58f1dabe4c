"""Clients close: from any thread, in bounded time, waking whoever waits."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.client.conftest import Serve
from tests.client.limits import interrupted, within
from tests.client.raw import Peer, raw_server, response
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import BINARY, SERVER
from wskit import (
    Client,
    ClientConfig,
    Conn,
    ConnectionClosed,
    Handshake,
    HandshakeError,
    MessageType,
    connect,
)


@contextlib.contextmanager
def in_thread(call: Callable[[], object]) -> Iterator[list[object]]:
    """Run ``call`` in a thread meanwhile; give a list that gets its outcome."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield outcome
    thread.join(scaled(5))
    assert not thread.is_alive(), "it was not woken"


def deaf(done: threading.Event) -> Callable[[Peer], None]:
    """Give a script that opens the WebSocket and then neither reads nor closes."""

    def script(peer: Peer) -> None:
        peer.accept()
        done.wait(scaled(10))

    return script


class TestClose:
    def test_waits_for_the_servers_half_and_its_end(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            assert peer.close_code() == 1001
            peer.send(SERVER.text("dropped") + SERVER.ping() + SERVER.close(3003, b"so be it"))
            peer.finish_sending()
            rest.append(peer.rest())

        rest: list[bytes] = []
        with raw_server(script) as url:
            client = connect(url)
            client.close(1001, "leaving")
            assert (client.close_code, client.close_reason) == (3003, "so be it")
            assert client._transport.fileno() == -1
        assert rest == [b""], "nothing may follow a close frame"

    def test_without_code_sends_none(self) -> None:
        codes: list[int | None] = []

        def script(peer: Peer) -> None:
            peer.accept()
            codes.append(peer.close_code())

        with raw_server(script) as url:
            connect(url).close(None)
        assert codes == [None]

    @pytest.mark.parametrize(
        ("code", "reason"), [(1005, ""), (1006, ""), (999, ""), (5000, ""), (1000, "x" * 124)]
    )
    def test_refuses_what_may_not_be_sent_and_stays_open(
        self, echo: str, code: int, reason: str
    ) -> None:
        with connect(echo) as client:
            with pytest.raises(ValueError, match=r"^(code|reason): "):
                client.close(code, reason)
            client.write("open")
            assert client.read() == (MessageType.TEXT, "open")

    def test_again_does_nothing(self, echo: str) -> None:
        client = connect(echo)
        client.close(4000)
        client.close(4001)
        assert client.close_code == 4000

    def test_leaving_the_block_closes_even_by_an_exception(self, echo: str) -> None:
        with pytest.raises(KeyError), connect(echo) as client:
            raise KeyError
        assert client.close_code == 1000

    def test_from_eight_threads_is_one_close(self) -> None:
        codes: list[int | None] = []

        def script(peer: Peer) -> None:
            peer.accept()
            codes.append(peer.close_code())
            peer.send(SERVER.close(codes[0]))
            peer.finish_sending()
            assert peer.rest() == b""

        with raw_server(script) as url:
            client = connect(url)
            with contextlib.ExitStack() as threads:
                for number in range(8):
                    threads.enter_context(in_thread(partial(client.close, 4000 + number)))
        assert client.close_code == codes[0]

    def test_wakes_a_read_in_another_thread(self, echo: str) -> None:
        client = connect(echo)
        with within(2.0), in_thread(client.read) as outcome:
            wait_for(client._reader.lock.locked)
            client.close(4002, "by the other thread")
        assert isinstance(outcome[0], ConnectionClosed)
        assert (outcome[0].code, outcome[0].reason) == (4002, "")

    def test_ends_an_iteration_in_another_thread(self, echo: str) -> None:
        client = connect(echo)
        with within(2.0), in_thread(lambda: list(client)) as outcome:
            wait_for(client._reader.lock.locked)
            client.close()
        assert outcome == [[]]

    def test_while_another_thread_polls_still_gets_the_servers_half(self) -> None:
        """A read whose timeout passes meanwhile does not cut the closing short."""

        def script(peer: Peer) -> None:
            peer.accept()
            peer.close_code()
            polled.wait(scaled(5))
            peer.send(SERVER.close(3001))

        polled = threading.Event()
        with raw_server(script) as url:
            client = connect(url)

            def poll() -> None:
                while not client.is_closed:
                    assert client.read(timeout=0.005) is None
                with contextlib.suppress(ConnectionClosed):  # close() may be ahead of this
                    assert client.read(timeout=0.005) is None
                polled.set()
                with contextlib.suppress(ConnectionClosed):
                    while True:
                        client.read(timeout=0.005)

            with in_thread(poll) as outcome:
                client.close()
            assert outcome == [None]
            assert client.close_code == 3001

    def test_makes_a_later_read_raise_even_while_it_is_under_way(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.close_code()
            reading.wait(scaled(5))

        reading = threading.Event()
        with raw_server(script) as url:
            client = connect(url)
            with in_thread(client.close):
                wait_for(lambda: client.is_closed and client._reader.lock.locked())
                with pytest.raises(ConnectionClosed):
                    client.read(timeout=0.01)
                reading.set()


class TestBounds:
    def test_a_server_that_never_answers(self) -> None:
        done = threading.Event()
        with raw_server(deaf(done)) as url:
            client = connect(url, close_timeout=0.2)
            with within(2.0):
                client.close()
            assert client.close_code == 1000
            done.set()

    def test_a_server_that_never_answers_while_a_thread_reads(self) -> None:
        done = threading.Event()
        with raw_server(deaf(done)) as url:
            client = connect(url, close_timeout=0.2)
            with within(2.0), in_thread(client.read) as outcome:
                wait_for(client._reader.lock.locked)
                client.close()
            assert isinstance(outcome[0], ConnectionClosed)
            done.set()

    @pytest.mark.parametrize("reading", [False, True])
    def test_a_server_that_does_not_read_while_a_writer_is_stuck(self, reading: bool) -> None:
        done = threading.Event()
        with raw_server(deaf(done), receive_buffer=8192) as url:
            client = connect(url, close_timeout=0.3, write_timeout=None)
            with contextlib.ExitStack() as threads:
                if reading:
                    threads.enter_context(in_thread(client.read))
                write = lambda: client.write(bytes(8_000_000))  # noqa: E731
                outcome = threads.enter_context(in_thread(write))
                wait_for(lambda: client.stats().queued)
                with within(3.0):
                    client.close()
                assert client.is_closed
            assert isinstance(outcome[0], ConnectionClosed)
            done.set()

    def test_a_server_whose_way_is_full_though_nobody_writes(self) -> None:
        done = threading.Event()
        with raw_server(deaf(done), receive_buffer=8192) as url:
            client = connect(url, close_timeout=0.3, write_timeout=0.1)
            # Full to the brim, without a writer: not a byte of the close frame can go.
            with contextlib.suppress(BlockingIOError):
                while True:
                    client._transport.send(bytes(1000))
            with within(3.0):
                client.close()
            assert client.is_closed
            done.set()

    def test_a_server_that_sends_without_end_and_does_not_listen(self) -> None:
        done = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            with contextlib.suppress(OSError):
                while not done.is_set():
                    peer.send(SERVER.binary(bytes(1000)) * 50)

        with raw_server(script) as url:
            client = connect(url, close_timeout=0.2)
            with within(2.0):
                client.close()
            done.set()

    def test_a_server_that_closes_but_hangs_on(self) -> None:
        done = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            peer.finish()
            done.wait(scaled(5))

        with raw_server(script) as url:
            client = connect(url, close_timeout=0.2)
            with within(2.0):
                client.close()
            assert client.close_code == 1000
            done.set()

    def test_a_callback_that_does_not_return(self, echo: str) -> None:
        release = threading.Event()

        class Handler:
            def server_message(self, data: str | bytes) -> None:
                inside.set()
                release.wait(scaled(5))

        inside = threading.Event()
        client = connect(echo, close_timeout=0.1)
        loop = client.read_loop_in_new_thread(Handler())
        client.write("x")
        assert inside.wait(scaled(5))
        with within(3.0):
            client.close()
        assert client.is_closed
        release.set()
        loop.join(scaled(5))


class TestHandshake:
    def test_is_woken_by_a_close(self) -> None:
        def script(peer: Peer) -> None:
            peer.request()
            asked.set()
            peer.rest()

        asked = threading.Event()
        with raw_server(script) as url:
            client = Client(ClientConfig(host="127.0.0.1", port=int(url[:-1].rpartition(":")[2])))
            with within(2.0), in_thread(client.handshake) as outcome:
                assert asked.wait(scaled(5))
                client.close()
            assert isinstance(outcome[0], HandshakeError)

    def test_never_done_closes_at_once(self, serve: Serve) -> None:
        client = Client(ClientConfig(host="127.0.0.1", port=serve().port or 0))
        assert client.is_closed
        with within(1.0):
            client.close()
        with pytest.raises(ConnectionClosed):
            client.handshake()
        with pytest.raises(ConnectionClosed):
            client.read()

    def test_cannot_be_done_twice(self, echo: str) -> None:
        with connect(echo) as client:
            with pytest.raises(RuntimeError, match=r"^handshake: was done before"):
                client.handshake()
            client.write("unharmed")
            assert client.read() == (MessageType.TEXT, "unharmed")

    def test_cannot_be_done_by_two_threads(self) -> None:
        def script(peer: Peer) -> None:
            request = peer.request()
            tried.wait(scaled(5))
            peer.send(response(request))
            peer.finish()

        tried = threading.Event()
        with raw_server(script) as url:
            client = Client(ClientConfig(host="127.0.0.1", port=int(url[:-1].rpartition(":")[2])))
            with in_thread(client.handshake) as outcome:
                wait_for(client._reader.lock.locked)
                with pytest.raises(RuntimeError, match="another thread"):
                    client.handshake()
                tried.set()
            assert outcome == [client.response]
            client.close()


def test_an_interrupted_write_is_completed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of a large frame must not leave half of it on the wire."""

    def script(peer: Peer) -> None:
        peer.accept()
        broken_off.wait(scaled(5))
        for _ in range(2):
            frame = peer.frame()
            got.append((frame.opcode, len(frame.payload)))
        peer.finish()

    broken_off, got = threading.Event(), list[tuple[int, int]]()
    with raw_server(script, receive_buffer=8192) as url, connect(url) as client:
        with monkeypatch.context() as fault:
            fault.setattr("wskit.client.engine.wait_writable", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.write(bytes(8_000_000))
        broken_off.set()
        client.write(b"next")
    assert got == [(BINARY, 8_000_000), (BINARY, 4)]


def test_the_servers_stop_is_1001(serve: Serve) -> None:
    class Silent:
        def __init__(self, handshake: Handshake, conn: Conn) -> None: ...

        def client_message(self, data: str | bytes) -> None: ...

    server = serve(Silent)
    with connect(f"ws://127.0.0.1:{server.port}/") as client, in_thread(client.read) as outcome:
        wait_for(client._reader.lock.locked)
        server.stop()
    assert isinstance(outcome[0], ConnectionClosed)
    assert outcome[0].code == 1001
