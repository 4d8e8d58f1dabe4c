"""Many threads at one connection, slow peers, and compression whose context has an order."""

from __future__ import annotations

import random
import socket
import threading
import time
import zlib

import pytest

from tests.deadlines import scaled, wait_for
from tests.protocol import wire
from tests.server.adopting import Link, linked
from tests.server.peer import BINARY, TEXT
from tests.server.recording import Recorded
from wskit import Compression, ConnectionClosed, WriteTimeout
from wskit.protocol.extensions import DeflateParameters


class TestCompression:
    DEFLATE = DeflateParameters()

    @pytest.mark.parametrize(
        ("threshold", "compress", "compressed"),
        [
            (None, None, False),
            (None, True, True),
            (0, None, True),
            (0, False, False),
            (1000, None, True),
            (1001, None, False),
            (1001, True, True),
        ],
    )
    def test_is_chosen_by_threshold_or_per_message(
        self, blocking: bool, threshold: int | None, compress: bool | None, compressed: bool
    ) -> None:
        compression = Compression(write_threshold=threshold)
        with linked(blocking=blocking, deflate=self.DEFLATE, compression=compression) as link:
            for write in (link.conn.write, link.conn.write_text):
                write("a" * 1000, compress=compress)
            link.conn.write_bin(b"a" * 1000, compress=compress)
            inflater = zlib.decompressobj(-15)
            for opcode in (TEXT, TEXT, BINARY):
                got = link.peer.read()
                assert (got.opcode, got.rsv) == (opcode, 4 if compressed else 0)
                payload = got.payload
                if compressed:
                    assert len(payload) < 50
                    payload = inflater.decompress(payload + b"\0\0\xff\xff")
                assert payload == b"a" * 1000
            assert (link.conn.stats().compression_bytes > 0) is compressed

    def test_has_no_effect_where_it_was_not_agreed_on(self, link: Link) -> None:
        link.conn.write("a" * 1000, compress=True)
        assert link.peer.read() == (TEXT, b"a" * 1000, True, 0)

    def test_keeps_its_context_in_order_whatever_thread_writes(self, blocking: bool) -> None:
        compression = Compression(write_threshold=0)
        with linked(blocking=blocking, deflate=self.DEFLATE, compression=compression) as link:

            def write(number: int) -> None:
                for count in range(100):
                    link.conn.write(f"{number}:{count}:" + "abc" * 50)

            threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            inflater, counts = zlib.decompressobj(-15), [0] * 4
            for _ in range(400):
                data = inflater.decompress(link.peer.read().payload + b"\0\0\xff\xff").decode()
                number, count, rest = data.split(":")
                assert counts[int(number)] == int(count)
                assert rest == "abc" * 50
                counts[int(number)] += 1
            for thread in threads:
                thread.join()


class TestThreads:
    @pytest.mark.parametrize("buffer", [None, 4096], ids=["wide", "narrow"])
    def test_frames_of_eight_writers_never_mix_and_keep_their_order(
        self, blocking: bool, buffer: int | None
    ) -> None:
        each, writers = 150, 8
        with linked(blocking=blocking, buffer=buffer, max_write_buffer=20_000) as link:
            start = threading.Barrier(writers)

            def write(number: int) -> None:
                chance = random.Random(number)
                start.wait(scaled(10))
                for count in range(each):
                    filler = "x" * chance.choice((0, 1, 100, 200, 3000))
                    data = f"{number}:{count}:{filler}"
                    link.conn.write(data if count % 2 else data.encode())
                    if count % 10 == 0:
                        link.conn.write_ping(b"%d:%d:" % (number, count))

            threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
            for thread in threads:
                thread.start()
            received = bytearray()
            reader = threading.Thread(target=read_until_close, args=(link.peer.sock, received))
            reader.start()
            for thread in threads:
                thread.join()
            link.conn.close()
            reader.join(scaled(10))
        messages: dict[int, list[int]] = {number: [] for number in range(writers)}
        for got in wire.frames(bytes(received)):
            assert (got.fin, got.rsv, got.key) == (True, 0, None)
            if got.opcode in (TEXT, BINARY):
                number, count, filler = got.payload.decode().split(":")
                assert got.opcode == (TEXT if int(count) % 2 else BINARY)
                assert not filler.strip("x")
                messages[int(number)].append(int(count))
        assert messages == {number: list(range(each)) for number in range(writers)}

    def test_a_write_while_the_handler_writes_is_a_whole_frame(self, blocking: bool) -> None:
        class Bursts(Recorded):
            def on_message(self, data: str | bytes) -> None:
                for _ in range(5):
                    self.conn.write("b" * 200)

        with linked(blocking=blocking, handler=Bursts) as link:
            link.peer.text(*["go"] * 50)
            for _ in range(100):
                link.conn.write("a" * 300)
            texts = [link.peer.read_text() for _ in range(350)]
        assert sorted(set(texts)) == ["a" * 300, "b" * 200]

    def test_a_writer_waits_while_a_peer_does_not_read(self, blocking: bool) -> None:
        with linked(blocking=blocking, buffer=4096, max_write_buffer=50_000) as link:
            written: list[int] = []

            def write() -> None:
                for number in range(100):
                    link.conn.write(bytes(20_000))
                    written.append(number)

            thread = threading.Thread(target=write)
            thread.start()
            wait_for(lambda: link.conn.stats().queued > 20_000)
            assert len(written) < 100
            assert link.conn.stats().queued <= 50_100
            for _ in range(100):
                assert len(link.peer.read().payload) == 20_000
            thread.join(scaled(5))
            assert len(written) == 100

    def test_a_writer_that_waits_too_long_drops_the_connection(self, blocking: bool) -> None:
        with linked(
            blocking=blocking, buffer=4096, max_write_buffer=1000, write_timeout=0.05
        ) as link:
            link.conn.write(bytes(1_000_000))
            before = time.monotonic()
            with pytest.raises(WriteTimeout):
                link.conn.write(bytes(1000))
            assert time.monotonic() - before < scaled(2)
            assert link.conn.is_closed
            assert link.conn.close_code == 1006
            link.book.closed()
            assert link.peer.ended()

    def test_after_that_every_write_fails_even_in_the_same_callback(self, blocking: bool) -> None:
        raised: list[ConnectionClosed] = []

        class Floods(Recorded):
            def on_message(self, data: str | bytes) -> None:
                self.conn.write(bytes(1_000_000))
                for write in (self.conn.write, self.conn.write, self.conn.write_ping):
                    try:
                        write(bytes(100))
                    except ConnectionClosed as error:
                        raised.append(error)

        with linked(
            blocking=blocking,
            buffer=4096,
            handler=Floods,
            max_write_buffer=1000,
            write_timeout=0.05,
        ) as link:
            link.peer.text("go")
            link.book.closed()
        assert [type(error) for error in raised] == [WriteTimeout, *[ConnectionClosed] * 2]

    def test_a_writer_that_waits_is_woken_when_the_connection_ends(self, blocking: bool) -> None:
        with linked(blocking=blocking, buffer=4096, max_write_buffer=1000) as link:
            link.conn.write(bytes(1_000_000))
            raised: list[ConnectionClosed] = []

            def write() -> None:
                try:
                    link.conn.write(bytes(1000))
                except ConnectionClosed as error:
                    raised.append(error)

            thread = threading.Thread(target=write)
            thread.start()
            wait_for(lambda: link.conn._outbound._room is not None, what="the writer to wait")
            link.peer.hang_up()
            thread.join(scaled(5))
            assert not thread.is_alive()
            assert [error.code for error in raised] == [1006]


def read_until_close(sock: socket.socket, received: bytearray) -> None:
    """Read the raw stream up to and with a close frame 1000, which nothing else here looks like."""
    while not received.endswith(b"\x88\x02\x03\xe8"):
        received += sock.recv(1 << 16)
