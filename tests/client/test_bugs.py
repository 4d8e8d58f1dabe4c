"""The client's bugs in the library that wskit re-implements, by number: none of them here.

The numbers are those of the list of known bugs that the project was started from.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import socket
import ssl
import statistics
import threading
import time
from functools import partial

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, raw_server, response
from tests.client.test_client_closing import in_thread
from tests.client.test_dial import full
from tests.conftest import open_sockets
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import SERVER, Frame
from wskit import (
    Client,
    ClientConfig,
    Compression,
    ConnectionClosed,
    HandshakeError,
    MessageTooBig,
    MessageType,
    ProtocolError,
    connect,
)
from wskit.testing.builds import build


def test_bug_1_a_length_of_64_bits_is_refused() -> None:
    """It crashed the client: 2^64 - 1 overflowed; 2^63 - 1 is merely too big."""
    for size, error in ((2**64 - 1, ProtocolError), (2**63 - 1, MessageTooBig)):

        def script(peer: Peer, size: int = size) -> None:
            peer.accept(after=SERVER.frame(2, b"", size=size, form=64))
            peer.close_code()

        with raw_server(script) as url, connect(url) as client, pytest.raises(error):
            client.read(timeout=scaled(5))


def test_bug_3_a_response_cut_between_cr_and_lf_is_understood() -> None:
    """It crashed the client."""

    def script(peer: Peer) -> None:
        lines = response(peer.request()).split(b"\n")
        for line in lines[:-1]:
            peer.send(line)
            moment.wait(0.005)
            peer.send(b"\n")
        peer.finish()

    moment = threading.Event()
    with raw_server(script) as url, connect(url) as client:
        assert not client.is_closed


def test_bug_14_writes_of_many_threads_do_not_mix() -> None:
    frames: list[Frame] = []

    def script(peer: Peer) -> None:
        peer.accept()
        for _ in range(8 * 100):
            frames.append(peer.frame())
        peer.finish()

    def write(name: int) -> None:
        for _ in range(100):
            client.write(bytes([name]) * (name * 1000))

    with raw_server(script) as url, connect(url) as client, contextlib.ExitStack() as threads:
        for name in range(8):
            threads.enter_context(in_thread(partial(write, name)))
    assert all(frame.payload[:1] * len(frame.payload) == frame.payload for frame in frames)
    sizes = sorted(len(frame.payload) for frame in frames)
    assert sizes == sorted([name * 1000 for name in range(8)] * 100)


def test_bug_15_a_request_may_be_longer_than_the_buffer(echo: str) -> None:
    """It crashed the client."""
    with connect(echo + "x" * 3000, headers={"X": "y" * 3000}, buffer_size=256) as client:
        client.write("x")
        assert client.read() == (MessageType.TEXT, "x")


@pytest.mark.parametrize("how", ["close frame", "end", "reset", "protocol error"])
def test_bug_16_the_socket_is_freed_when_the_server_ends_first(how: str) -> None:
    """Before any close() of the application."""

    def script(peer: Peer) -> None:
        peer.accept()
        peer.frame()
        if how == "reset":
            peer.reset()
        elif how == "close frame":
            peer.send(SERVER.close(1000))
            peer.close_code()
        elif how == "protocol error":
            peer.send(SERVER.frame(3))
            peer.close_code()

    with raw_server(script) as url:
        before = open_sockets()
        client = connect(url)
        client.write("go")
        with pytest.raises((ConnectionClosed, ProtocolError)):
            client.read(timeout=scaled(5))
        wait_for(lambda: len(open_sockets() - before) <= 1, what="but for the server's own end")
        assert client._transport.fileno() == -1


@pytest.mark.parametrize("secure", [False, True])
def test_bug_17_a_blocked_read_is_woken_by_a_close(
    serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, secure: bool
) -> None:
    """It slept on; with TLS the client crashed."""
    server = serve(ssl_context=server_tls if secure else None)
    scheme, context = ("wss", client_tls) if secure else ("ws", None)
    client = connect(f"{scheme}://localhost:{server.port}/", ssl_context=context)
    with within(2.0), in_thread(client.read) as outcome:
        wait_for(client._reader.lock.locked)
        client.close()
    assert isinstance(outcome[0], ConnectionClosed)


def test_bug_19_a_timeout_of_a_tls_client_leaves_it_usable(
    serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """It crashed or dropped the connection, even with data at hand inside TLS."""
    url = f"wss://localhost:{serve(ssl_context=server_tls).port}/"
    with connect(url, ssl_context=client_tls) as client:
        for number in range(20):
            assert client.read(timeout=0.002) is None
            for _ in range(10):
                client.write(str(number))
            for _ in range(10):
                assert client.read(timeout=scaled(5)) == (MessageType.TEXT, str(number))


def test_bug_20_connecting_and_the_tls_handshake_have_a_deadline() -> None:
    with (
        full(socket.AF_INET, ("127.0.0.1", 0)) as sock,
        within(2.0),
        pytest.raises(TimeoutError),
    ):
        connect(f"ws://127.0.0.1:{sock.getsockname()[1]}/", connect_timeout=0.1)
    with (
        raw_server(Peer.rest) as url,
        within(2.0),
        pytest.raises(TimeoutError),
    ):
        connect(url.replace("ws:", "wss:"), connect_timeout=0.1)


def test_bug_21_server_and_client_in_one_process_leave_nothing(serve: Serve) -> None:
    url = f"ws://127.0.0.1:{serve().port}/"
    connect(url).close()
    descriptors = len(os.listdir("/dev/fd"))
    for _ in range(50):
        with connect(url) as client:
            client.write("x")
            client.read()
    gc.collect()
    wait_for(lambda: len(os.listdir("/dev/fd")) <= descriptors, what="their descriptors' end")
    wait_for(
        lambda: not any(t.name in ("wskit-client", "wskit-pings") for t in threading.enumerate()),
        what="their threads' end",
    )


def test_bug_22_a_copied_client_shares_the_compression(serve: Serve) -> None:
    """The original crashed: each copy had half of the state."""
    url = f"ws://127.0.0.1:{serve(compression=Compression(write_threshold=0)).port}/"
    with connect(url, compression=Compression(write_threshold=0)) as client:
        if build() != "pure":
            with pytest.raises(TypeError, match="Client"):  # instead of half a state
                copy.copy(client)
            return
        twin = copy.copy(client)
        for number in range(20):
            writer, reader = (client, twin) if number % 2 else (twin, client)
            writer.write("the same words " * 50)
            assert reader.read(timeout=scaled(5)) == (MessageType.TEXT, "the same words " * 50)


def test_bug_32_there_is_a_host_header_without_being_asked_for() -> None:
    requests: list[str] = []

    def script(peer: Peer) -> None:
        requests.append(peer.accept())
        peer.finish()

    with raw_server(script) as url:
        port = int(url[:-1].rpartition(":")[2])
        with Client(ClientConfig(host="127.0.0.1", port=port)) as client:
            client.handshake()
    assert f"\r\nHost: 127.0.0.1:{port}\r\n" in requests[0]


def test_bug_37_a_server_that_goes_away_is_an_exception_not_a_crash(serve: Serve) -> None:
    server = serve()
    with connect(f"ws://127.0.0.1:{server.port}/") as client:
        with in_thread(server.stop), pytest.raises(ConnectionClosed, match="1001"):
            client.read(timeout=scaled(5))
        with pytest.raises(ConnectionClosed):
            client.write("anyone?")
    with pytest.raises((ConnectionRefusedError, HandshakeError)):
        connect(f"ws://127.0.0.1:{server.address[1] if server.address else 1}/")


def test_bug_39_small_and_large_messages_survive_a_slow_consumer(serve: Serve) -> None:
    """An older version corrupted them under back-pressure."""
    sizes = [1, 100_000, 7, 300_000, 0, 65_536] * 10
    url = f"ws://127.0.0.1:{serve(max_write_buffer=65536).port}/"
    with connect(url) as client:

        def write() -> None:
            for number, size in enumerate(sizes):
                client.write(bytes([number]) * size)

        with in_thread(write) as outcome:
            for number, size in enumerate(sizes):
                message = client.read(timeout=scaled(10))
                assert message is not None
                assert message.data == bytes([number]) * size
        assert outcome == [None]


def test_bug_46_a_round_trip_does_not_wait_for_a_delayed_ack(echo: str) -> None:
    """Header and payload in two sends made it 44 ms."""
    with connect(echo) as client:
        times = []
        for _ in range(50):
            start = time.perf_counter()
            client.write("x" * 200)
            client.read()
            times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.02
