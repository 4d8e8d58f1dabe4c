"""Clients write: from many threads, masked, in time, at once."""

from __future__ import annotations

import contextlib
import random
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_other

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, listener, raw_server
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import BINARY, CONTINUATION, PING, PONG, SERVER, TEXT, Frame
from wskit import (
    Client,
    ClientConfig,
    Compression,
    ConnectionClosed,
    MessageType,
    Opcode,
    WriteTimeout,
    connect,
    frame_text,
)


def recorded(frames: list[Frame], count: int) -> Callable[[Peer], None]:
    """Give a script that writes down so many frames."""

    def script(peer: Peer) -> None:
        peer.accept()
        for _ in range(count):
            frames.append(peer.frame())
        peer.finish()

    return script


class TestFrames:
    def test_each_kind_is_one_masked_frame(self) -> None:
        frames: list[Frame] = []
        with raw_server(recorded(frames, 8)) as url, connect(url) as client:
            client.write("a")
            client.write_text(b"b")
            client.write(bytearray(b"c"))
            client.write_bin(memoryview(b"d"))
            client.write_ping(b"e")
            client.write_pong(b"f")
            client.write_frame(Opcode.TEXT, "g", fin=False)
            client.write_frame(Opcode.CONTINUATION, "h")
        assert [(f.opcode, f.payload, f.fin) for f in frames] == [
            (TEXT, b"a", True),
            (TEXT, b"b", True),
            (BINARY, b"c", True),
            (BINARY, b"d", True),
            (PING, b"e", True),
            (PONG, b"f", True),
            (TEXT, b"g", False),
            (CONTINUATION, b"h", True),
        ]

    def test_what_was_framed_without_mask_is_refused(self, echo: str) -> None:
        with connect(echo) as client, pytest.raises(ValueError, match="a client must mask"):
            client.write_framed(frame_text("x"))

    def test_a_buffer_is_sent_as_one_message(self, echo: str) -> None:
        with connect(echo) as client:
            with client.write_buffer(MessageType.TEXT) as buffer:
                print("a", "b", file=buffer)
            assert client.read() == (MessageType.TEXT, "a b\n")

    def test_a_close_frame_by_hand_is_a_close(self, echo: str) -> None:
        with connect(echo) as client:
            client.write_frame(Opcode.CLOSE, b"\x0b\xb8bye")
            assert client.close_code == 3000

    @pytest.mark.parametrize("size", [3, 125, 126, 70_000])
    def test_the_callers_data_is_never_modified(self, echo: str, size: int) -> None:
        data = bytearray(random.Random(size).randbytes(size))
        before = bytes(data)
        with connect(echo) as client:
            client.write(data)
            client.write_bin(memoryview(data))
            assert data == before
            assert client.read() == (MessageType.BINARY, before)
            assert client.read() == (MessageType.BINARY, before)

    def test_before_the_handshake_is_an_error(self, serve: Serve) -> None:
        with Client(ClientConfig(host="127.0.0.1", port=serve().port or 0)) as client:
            with pytest.raises(ConnectionClosed):
                client.write("too early")
            with pytest.raises(ConnectionClosed):
                client.write_ping()


class TestMasks:
    def test_are_what_the_application_wants(self) -> None:
        frames: list[Frame] = []
        keys = iter([0x04030201, 0, 0xFFFFFFFF, 1])
        script = recorded(frames, 3)
        with raw_server(script) as url, connect(url, mask_fn=lambda: next(keys)) as client:
            for _ in range(3):
                client.write("hello")
        assert [f.key for f in frames] == [b"\1\2\3\4", bytes(4), b"\xff" * 4]
        assert {f.payload for f in frames} == {b"hello"}

    def test_are_unpredictable_by_default(self) -> None:
        frames: list[Frame] = []
        with raw_server(recorded(frames, 1000)) as url, connect(url) as client:
            for _ in range(1000):
                client.write("")
        keys = [f.key or b"" for f in frames]
        assert len(set(keys)) >= 998
        # Each of the 32 bits is set about half of the time: 500 ± 7 sigma.
        numbers = [int.from_bytes(key, "big") for key in keys]
        for bit in range(32):
            assert 390 < sum(number >> bit & 1 for number in numbers) < 610


class TestThreads:
    def test_frames_of_eight_writers_never_mix(self) -> None:
        """Large ones included, to a server that reads slowly, while pings are answered."""
        frames: list[Frame] = []
        sizes = [0, 1, 125, 126, 4000, 65535, 65536, 300_000]

        def script(peer: Peer) -> None:
            peer.accept()
            for index in range(8 * 20):
                if index % 10 == 0:
                    peer.send(SERVER.ping(b"%d" % index))
                frames.append(peer.frame())
            while (frame := peer.frame()).opcode != 8:
                frames.append(frame)
            peer.send(SERVER.close(1000))

        def write(client: Client, name: int) -> None:
            source = random.Random(name)
            for number in range(20):
                client.write(b"%d:%d:" % (name, number) + bytes([name]) * source.choice(sizes))

        with raw_server(script, receive_buffer=16384) as url, connect(url) as client:
            threads = [threading.Thread(target=write, args=(client, n)) for n in range(8)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                assert client.read(timeout=0.01) is None
            client.close()
        seen: dict[int, list[int]] = {name: [] for name in range(8)}
        for frame in frames:
            if frame.opcode == BINARY:
                name, number, filling = frame.payload.split(b":", 2)
                assert filling == bytes([int(name)]) * len(filling)
                seen[int(name)].append(int(number))
        assert seen == {name: list(range(20)) for name in range(8)}

    def test_a_reader_is_never_held_up_by_a_writer(self) -> None:
        """Neither by the pong that it owes: the server reads on only once its messages are read."""

        def script(peer: Peer) -> None:
            peer.accept()
            stuck.wait(scaled(5))
            peer.send(SERVER.ping(b"1") + SERVER.ping(b"2") + SERVER.text("read this"))
            read.wait(scaled(5))
            while (frame := peer.frame()).opcode == BINARY:
                pass
            answered.append(frame)
            peer.finish()

        stuck, read, answered = threading.Event(), threading.Event(), list[Frame]()
        with raw_server(script, receive_buffer=8192) as url, connect(url) as client:

            def write() -> None:
                client.write(bytes(8_000_000))

            writer = threading.Thread(target=write)
            writer.start()
            wait_for(lambda: client.stats().queued)
            stuck.set()
            with within(3.0):
                assert client.read() == (MessageType.TEXT, "read this")
            read.set()
            assert client.read(timeout=0.2) is None  # the pong leaves when it can
            writer.join(scaled(5))
            wait_for(lambda: client.read(timeout=0.01) is None and answered)
            client.close()
        assert answered[0][:2] == (PONG, b"2"), "only the last ping needs an answer (§5.5.3)"


class TestSpeed:
    def test_a_round_trip_costs_no_40_ms(self, echo: str) -> None:
        """Nagle's algorithm and a peer that delays its ACK would make it so (bug 46)."""
        with connect(echo) as client, raw_ping_pong() as raw:

            def trip() -> None:
                client.write("ping")
                client.read()

            ours = statistics.median(timed(trip) for _ in range(50))
            theirs = statistics.median(timed(raw) for _ in range(50))
            option = client._transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)  # type: ignore[union-attr]
        assert option != 0
        # The server's threads and two frames each way cost something; 44 ms would be 400 times.
        assert ours < max(30 * theirs, 0.02), (ours, theirs)


class TestDeadline:
    def test_a_server_that_never_reads_costs_the_connection(self) -> None:
        done = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            done.wait(scaled(10))

        with (
            raw_server(script, receive_buffer=8192) as url,
            connect(url, write_timeout=0.3, close_timeout=0.3) as client,
        ):
            reader_saw: list[BaseException] = []

            def read() -> None:
                try:
                    client.read()
                except ConnectionClosed as error:
                    reader_saw.append(error)

            reader = threading.Thread(target=read)
            reader.start()
            with within(3.0), pytest.raises(WriteTimeout, match="the peer did not read in time"):
                client.write(bytes(8_000_000))
            assert client.is_closed
            with pytest.raises(ConnectionClosed):
                client.write("more")
            reader.join(scaled(5))
            assert [type(error) for error in reader_saw] == [ConnectionClosed]
            done.set()

    def test_it_is_one_for_all_of_the_message(self) -> None:
        """A server that reads on, but slowly, does not stretch it."""
        done = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept()
            while not done.wait(0.02):
                with contextlib.suppress(OSError):
                    peer.sock.recv(65536)

        with (
            raw_server(script, receive_buffer=65536) as url,
            connect(url, close_timeout=0.3) as client,
        ):
            client._transport.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            client.write_timeout = 0.3
            assert client.write_timeout == 0.3
            with within(3.0), pytest.raises(WriteTimeout):
                client.write(bytes(8_000_000))
            done.set()

    def test_none_waits(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            blocked.wait(scaled(5))
            assert len(peer.frame().payload) == 8_000_000
            peer.finish()

        blocked = threading.Event()
        with (
            raw_server(script, receive_buffer=8192) as url,
            connect(url, write_timeout=None) as client,
        ):
            writer = threading.Thread(target=client.write, args=(bytes(8_000_000),))
            writer.start()
            wait_for(lambda: client.stats().queued)
            blocked.set()
            writer.join(scaled(5))

    @pytest.mark.parametrize("wrong", [0, -1, "1", True])
    def test_is_checked(self, echo: str, wrong: object) -> None:
        with (
            connect(echo) as client,
            pytest.raises((ValueError, TypeError), match=r"^write_timeout"),
        ):
            client.write_timeout = wrong  # type: ignore[assignment]


class TestCompression:
    @pytest.mark.parametrize("threshold", [None, 0, 100])
    def test_follows_the_threshold_unless_asked_otherwise(
        self, serve: Serve, threshold: int | None
    ) -> None:
        url = f"ws://127.0.0.1:{serve(compression=Compression(write_threshold=50)).port}/"
        with connect(url, compression=Compression(write_threshold=threshold)) as client:
            assert client.response is not None
            assert client.response.extensions is not None
            sent = []
            for size, compress in [(99, None), (101, None), (1000, False), (1000, True)]:
                before = client.stats().bytes_out
                client.write("x" * size, compress=compress)
                sent.append(client.stats().bytes_out - before < size)
                assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "x" * size)
        by_default = threshold is not None
        assert sent == [by_default and threshold == 0, by_default, False, True]

    def test_without_agreement_has_no_effect(self, echo: str) -> None:
        with connect(echo, compression=Compression(write_threshold=0)) as client:
            assert client.response is not None
            assert client.response.extensions is None
            client.write("x" * 1000, compress=True)
            assert client.stats().bytes_out > 1000
            assert client.read() == (MessageType.TEXT, "x" * 1000)

    def test_works_with_another_server(self) -> None:
        def handler(connection: ServerConnection) -> None:
            for message in connection:
                connection.send(message)

        with serve_other(handler, "127.0.0.1", 0) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            port = server.socket.getsockname()[1]
            wish = Compression(write_threshold=0)
            with connect(f"ws://127.0.0.1:{port}/", compression=wish) as client:
                assert client.response is not None
                assert client.response.extensions is not None
                for text in ("a" * 1000, "b" * 100_000, "", "a" * 1000):
                    client.write(text)
                    assert client.read(timeout=scaled(5)) == (MessageType.TEXT, text)
                assert client.stats().bytes_in < 1000
            server.shutdown()
            thread.join(scaled(5))


@contextlib.contextmanager
def raw_ping_pong() -> Iterator[Callable[[], object]]:
    """Give a call that sends a byte to a thread and waits for its answer."""

    def answer() -> None:
        peer, _ = sock.accept()
        with peer:
            while data := peer.recv(1):
                peer.send(data)

    with listener() as sock:
        thread = threading.Thread(target=answer)
        thread.start()
        with socket.create_connection(sock.getsockname()) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield lambda: (client.send(b"x"), client.recv(1))
        thread.join(scaled(5))


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
