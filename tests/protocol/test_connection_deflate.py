"""What a Protocol compresses, and how its peer inflates that (RFC 7692)."""

from __future__ import annotations

import random
import zlib

import pytest

from tests.protocol import wire
from tests.protocol.driving import CONTEXTS, SIDES, client, end, server
from tests.protocol.wire import BINARY, CONTINUATION, PING, TEXT, Frame, Peer
from wskit.protocol.connection import Protocol
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.opcodes import Side

AGREED = DeflateParameters()
RSV1 = 4
DATA = b'{"user": "alice", "action": "move"}' * 4


def inflate(payload: bytes, decoder: zlib._Decompress | None = None, bits: int = 15) -> bytes:
    """Inflate one message by zlib itself; ``decoder`` carries the window on."""
    decoder = decoder if decoder is not None else zlib.decompressobj(-bits)
    return decoder.decompress(payload + b"\x00\x00\xff\xff")


def sent(one: Protocol, data: bytes, compress: bool | None = None) -> Frame:
    (frame,) = wire.frames(one.data(BINARY, data, compress=compress))
    return frame


def fresh(side: Side) -> DeflateParameters:
    """Return parameters by which ``side`` compresses each message by itself."""
    return DeflateParameters(side is Side.SERVER, side is Side.CLIENT)


class TestWhatIsCompressed:
    @SIDES
    @pytest.mark.parametrize(
        ("threshold", "compress", "size", "expected"),
        [
            (None, None, 1000, False),
            (None, True, 1000, True),
            (None, False, 1000, False),
            (100, None, 99, False),
            (100, None, 100, True),
            (100, True, 99, True),
            (100, False, 100, False),
            (0, None, 50, True),
            (0, False, 50, False),
        ],
    )
    def test_by_threshold_and_by_wish(
        self,
        threshold: int | None,
        compress: bool | None,
        size: int,
        expected: bool,
        side: Side,
        peer: Peer,
    ) -> None:
        wish = Compression(write_threshold=threshold)
        one = end(side, deflate=AGREED, compression=wish)
        frame = sent(one, b"a" * size, compress)
        assert frame.rsv == (RSV1 if expected else 0)
        assert (inflate(frame.payload) if expected else frame.payload) == b"a" * size

    @SIDES
    def test_nothing_where_deflate_was_not_agreed(self, side: Side, peer: Peer) -> None:
        one = end(side, compression=Compression(write_threshold=0))
        for compress in (None, True, False):
            assert sent(one, DATA, compress)[1:4] == (DATA, True, 0)

    @SIDES
    def test_only_what_is_asked_for_where_nothing_was_wished(self, side: Side, peer: Peer) -> None:
        one = end(side, deflate=AGREED)
        assert sent(one, DATA).rsv == 0
        assert sent(one, DATA, True).rsv == RSV1

    @SIDES
    def test_never_control_frames(self, side: Side, peer: Peer) -> None:
        one = end(side, deflate=AGREED, compression=Compression(write_threshold=0))
        found = wire.frames(one.control(PING, b"a" * 125) + one.close(1000, "a" * 100))
        assert [(frame.rsv, len(frame.payload)) for frame in found] == [(0, 125), (0, 102)]

    @SIDES
    def test_never_fragments(self, side: Side, peer: Peer) -> None:
        one = end(side, deflate=AGREED, compression=Compression(write_threshold=0))
        stream = one.data(TEXT, DATA, compress=True, fin=False)
        stream += one.data(CONTINUATION, DATA, compress=True, fin=False)
        stream += one.data(CONTINUATION, DATA, compress=True)
        assert [(each.rsv, each.payload) for each in wire.frames(stream)] == [(0, DATA)] * 3


class TestContext:
    @SIDES
    def test_is_kept_between_messages(self, side: Side, peer: Peer) -> None:
        one, decoder = end(side, deflate=AGREED), zlib.decompressobj(-15)
        noise = random.Random(3).randbytes(300)
        frames = [sent(one, noise, True) for _ in range(3)]
        assert [inflate(frame.payload, decoder) for frame in frames] == [noise] * 3
        assert len(frames[2].payload) < 50

    @SIDES
    def test_is_not_kept_without_takeover(self, side: Side, peer: Peer) -> None:
        one = end(side, deflate=fresh(side))
        frames = [sent(one, DATA, True) for _ in range(3)]
        assert [inflate(frame.payload) for frame in frames] == [DATA] * 3

    def test_the_senders_own_parameter_counts(self) -> None:
        ends = [
            (client(fresh(Side.SERVER)), False),
            (server(fresh(Side.CLIENT)), False),
            (client(fresh(Side.CLIENT)), True),
            (server(fresh(Side.SERVER)), True),
        ]
        for one, alone in ends:
            sizes = [len(sent(one, DATA, True).payload) for _ in range(2)]
            assert (sizes[1] >= sizes[0]) == alone

    @SIDES
    @CONTEXTS
    def test_what_grows_is_sent_plain_only_without_takeover(
        self, fresh: bool, side: Side, peer: Peer
    ) -> None:
        """With takeover it went through our context, so the peer's must see it, too."""
        one = end(side, deflate=DeflateParameters(fresh, fresh))
        noise, decoder = random.Random(4).randbytes(200), zlib.decompressobj(-15)
        frames = [sent(one, data, True) for data in (noise, b"", noise, DATA)]
        assert [frame.rsv for frame in frames] == ([0, 0, 0, 4] if fresh else [4, 4, 4, 4])
        plain = [
            inflate(frame.payload, decoder) if frame.rsv else frame.payload for frame in frames
        ]
        assert plain == [noise, b"", noise, DATA]

    @SIDES
    @pytest.mark.parametrize("bits", range(9, 16))
    def test_stays_within_the_agreed_window(self, bits: int, side: Side, peer: Peer) -> None:
        agreed = (
            DeflateParameters(server_max_window_bits=bits)
            if side is Side.SERVER
            else DeflateParameters(client_max_window_bits=bits)
        )
        one, decoder = end(side, deflate=agreed), zlib.decompressobj(-bits)
        noise = random.Random(bits).randbytes((1 << bits) - 300)
        for _ in range(3):
            assert inflate(sent(one, noise, True).payload, decoder) == noise

    @SIDES
    def test_level_and_memory_are_those_wished(self, side: Side, peer: Peer) -> None:
        prose = b" ".join(b"%d bottles" % (number * 7919 % 1000) for number in range(500))
        sizes = [
            len(
                sent(end(side, deflate=AGREED, compression=Compression(level=level)), prose, True)[
                    1
                ]
            )
            for level in (0, 1, 9)
        ]
        assert sizes[0] > sizes[1] > sizes[2]
        held = []
        for mem_level in (1, 9):
            one = end(side, deflate=AGREED, compression=Compression(mem_level=mem_level))
            sent(one, prose, True)
            held.append(one.compression_bytes)
        assert held[0] < held[1]

    @SIDES
    @pytest.mark.parametrize("retain", [True, False])
    def test_the_compressor_can_be_let_go_without_takeover(
        self, retain: bool, side: Side, peer: Peer
    ) -> None:
        wish = Compression(retain_write_buffer=retain)
        one = end(side, deflate=fresh(side), compression=wish)
        assert inflate(sent(one, DATA, True).payload) == DATA
        assert (one.compression_bytes > 0) == retain
