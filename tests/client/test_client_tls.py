"""wss: what OpenSSL holds back, closing, and threads that share one connection."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, Script, raw_server
from tests.client.test_client_closing import deaf, in_thread
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import SERVER
from wskit import Client, Compression, ConnectionClosed, MessageType, WriteTimeout, connect
from wskit.waiting import wait_readable

Open = Callable[..., Client]
TLSServer = Callable[..., contextlib.AbstractContextManager[str]]


@pytest.fixture
def tls_server(server_tls: ssl.SSLContext) -> TLSServer:
    """Give ``raw_server`` under TLS."""

    def start(script: Script, **options: int) -> contextlib.AbstractContextManager[str]:
        return raw_server(script, tls=server_tls, **options)

    return start


@pytest.fixture
def secure(client_tls: ssl.SSLContext) -> Open:
    """Give ``connect`` with a context that trusts the test servers."""

    def start(url: str, **options: object) -> Client:
        return connect(url, ssl_context=client_tls, **options)  # type: ignore[arg-type]

    return start


class TestReading:
    @pytest.mark.parametrize("compression", [None, Compression(write_threshold=0)])
    def test_large_messages_pass_both_ways(
        self,
        serve: Serve,
        server_tls: ssl.SSLContext,
        secure: Open,
        compression: Compression | None,
    ) -> None:
        server = serve(ssl_context=server_tls, compression=compression)
        with secure(f"wss://127.0.0.1:{server.port}/", compression=compression) as client:
            for size in (1, 16384, 16385, 1 << 20):
                client.write(b"x" * size)
                assert client.read(timeout=scaled(10)) == (MessageType.BINARY, b"x" * size)

    def test_messages_of_one_record_are_read_though_the_socket_is_silent(
        self, tls_server: TLSServer, secure: Open
    ) -> None:
        """Bug 19: whether the socket is readable says nothing about what OpenSSL holds."""

        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(b"".join(SERVER.text("x" * 300) for _ in range(40)))
            peer.finish()

        with tls_server(script) as url, secure(url) as client:
            assert client.read(timeout=scaled(5)) is not None
            assert not wait_readable([client._transport.fileno()], 0)
            for _ in range(39):
                assert client.read(timeout=0) == (MessageType.TEXT, "x" * 300)
            assert client.read(timeout=0) is None

    def test_a_timeout_leaves_the_connection_usable(
        self, tls_server: TLSServer, secure: Open
    ) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            message = SERVER.text("hello")
            peer.send(message[:4])
            waited.wait(scaled(5))
            peer.send(message[4:])
            peer.finish()

        waited = threading.Event()
        with tls_server(script) as url, secure(url) as client:
            for _ in range(3):
                assert client.read(timeout=0.01) is None
            waited.set()
            assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "hello")

    def test_an_end_without_close_notify_is_1006(self, tls_server: TLSServer, secure: Open) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.frame()
            peer.reset()

        with tls_server(script) as url, secure(url) as client:
            client.write("x")
            with pytest.raises(ConnectionClosed, match="1006"):
                client.read(timeout=scaled(5))

    def test_what_arrived_before_a_cut_is_not_taken_for_plain_text(
        self, tls_server: TLSServer, secure: Open
    ) -> None:
        """Which it would be, and a protocol error, if the keys went with the cut."""

        def script(peer: Peer) -> None:
            peer.accept()
            for _ in range(20):
                peer.send(SERVER.text("secret"))
            sent.set()
            peer.rest()

        sent = threading.Event()
        with tls_server(script) as url, secure(url) as client:
            assert sent.wait(scaled(5))
            client._reader.shut_down()
            with pytest.raises(ConnectionClosed, match="1006"):
                client.read(timeout=scaled(5))


class TestWriting:
    def test_a_server_that_never_reads_costs_the_connection(
        self, tls_server: TLSServer, secure: Open
    ) -> None:
        done = threading.Event()
        with (
            tls_server(deaf(done), receive_buffer=8192) as url,
            secure(url, write_timeout=0.2, close_timeout=0.2) as client,
            in_thread(client.read) as outcome,
        ):
            with within(3.0), pytest.raises(WriteTimeout):
                client.write(bytes(8_000_000))
            done.set()
        assert isinstance(outcome[0], ConnectionClosed)

    def test_both_ways_at_once_until_all_is_through(
        self, serve: Serve, server_tls: ssl.SSLContext, secure: Open
    ) -> None:
        """An echo of more than all buffers hold needs a reader that no writer holds up."""
        server = serve(ssl_context=server_tls, ping_interval=0.01)
        with secure(f"wss://127.0.0.1:{server.port}/", max_size=1 << 21) as client:

            def write() -> None:
                for number in range(40):
                    client.write(bytes([number]) * 500_000)

            with in_thread(write) as outcome:
                for number in range(40):
                    message = client.read(timeout=scaled(20))
                    assert message is not None
                    assert message.data == bytes([number]) * 500_000
            assert outcome == [None]


class TestClosing:
    def test_the_server_gets_close_frame_and_close_notify(
        self, tls_server: TLSServer, secure: Open
    ) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            codes.append(peer.close_code())
            peer.send(SERVER.close(codes[0]))
            peer.sock.unwrap()  # type: ignore[attr-defined]

        codes: list[int | None] = []
        with tls_server(script) as url:
            client = secure(url)
            with within(3.0):
                client.close(4000)
            assert client.close_code == 4000
        assert codes == [4000]

    def test_a_blocked_read_is_woken(
        self, serve: Serve, server_tls: ssl.SSLContext, secure: Open
    ) -> None:
        """Bug 17; with TLS the original crashed."""
        client = secure(f"wss://127.0.0.1:{serve(ssl_context=server_tls).port}/")
        with within(2.0), in_thread(client.read) as outcome:
            wait_for(client._reader.lock.locked)
            client.close()
        assert isinstance(outcome[0], ConnectionClosed)

    @pytest.mark.parametrize("writing", [False, True])
    def test_it_is_bounded_in_time(
        self, tls_server: TLSServer, secure: Open, writing: bool
    ) -> None:
        done = threading.Event()
        with tls_server(deaf(done), receive_buffer=8192) as url:
            client = secure(url, close_timeout=0.2, write_timeout=None)
            with contextlib.ExitStack() as threads:
                outcomes = [threads.enter_context(in_thread(client.read))]
                if writing:
                    write = lambda: client.write(bytes(8_000_000))  # noqa: E731
                    outcomes.append(threads.enter_context(in_thread(write)))
                    wait_for(lambda: client.stats().queued)
                with within(3.0):
                    client.close()
            assert [type(outcome[0]) for outcome in outcomes] == [ConnectionClosed] * len(outcomes)
            done.set()
