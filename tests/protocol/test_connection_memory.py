"""What a connection holds for a peer that leaves things unfinished, by bytes on the wire.

``FACTOR`` times what the peer has sent, plus ``CONSTANT`` for the small buffer (2 KiB), the least
loan (2 KiB) and the objects themselves (1.2 KiB). A compressed message holds what it has inflated
to as well, which has a limit of its own, ``max_message_size``.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
import weakref
from collections.abc import Callable

import pytest

from tests.protocol import wire
from tests.protocol.driving import CUTS, SIDES, CountingLender, cut, end, feed
from tests.protocol.wire import BINARY, CLIENT, TEXT, Peer, deflated
from wskit.protocol.connection import Protocol
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side

KIB, MIB = 1 << 10, 1 << 20
FACTOR = 4
CONSTANT = 6 * KIB
WINDOW = 48 * KIB  # what zlib needs to inflate, with a window of 15 bits
READ = 32 * KIB  # what comes at once, as from a socket
CONNECTIONS = 3

AGREED = DeflateParameters()
NOISE = random.Random(6).randbytes(600_000)


def reads(stream: bytes) -> list[bytes]:
    return [stream[at : at + READ] for at in range(0, len(stream), READ)]


def held(make: Callable[[], Protocol], stream: bytes) -> tuple[float, float]:
    """Return the bytes that a connection holds after ``stream``, and the most it held meanwhile."""
    pieces = reads(stream)
    feed(make(), pieces)  # so that what is made once is made
    tracemalloc.start()
    try:
        ends, start = [make() for _ in range(CONNECTIONS)], 0
        for one in ends:
            start, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            feed(one, pieces)
        now, peak = tracemalloc.get_traced_memory()
        return now / CONNECTIONS, peak - start
    finally:
        tracemalloc.stop()


@pytest.mark.uncounted
@SIDES
@pytest.mark.parametrize("size", [2043, 5000, 64 * KIB, 16 * MIB])
@pytest.mark.parametrize("sent", [0, 100, 2030, 2100, 10_000, 70_000, 600_000])
def test_an_unfinished_frame(sent: int, size: int, side: Side, peer: Peer) -> None:
    """Announced with ``size``, of which ``sent`` bytes came."""
    stream = peer.frame(TEXT, b"a" * min(sent, size - 1), size=size)
    now, peak = held(lambda: end(side, max_message_size=16 * MIB), stream)
    assert now <= FACTOR * len(stream) + CONSTANT
    # While it grows there are two loans; while it unmasks, some copies of what has just come.
    assert peak <= (FACTOR + 1) * len(stream) + 4 * READ + CONSTANT


@pytest.mark.uncounted
@SIDES
@pytest.mark.parametrize("payload", [b"", b"a", b"a" * 10, b"a" * 3000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_fragments_without_an_end(opcode: int, payload: bytes, side: Side, peer: Peer) -> None:
    for count in (50, 200 if len(payload) > 10 else 1000):
        stream = peer.frame(opcode, payload, fin=False) + peer.more(payload) * (count - 1)
        now, peak = held(lambda: end(side), stream)
        assert now <= FACTOR * len(stream) + CONSTANT
        assert peak <= FACTOR * len(stream) + 4 * READ + CONSTANT


def test_empty_fragments_hold_nothing() -> None:
    few, many = CLIENT.text(fin=False), CLIENT.text(fin=False) + CLIENT.more() * 1000
    (start, _), (later, _) = (
        held(lambda: end(Side.SERVER), few),
        held(lambda: end(Side.SERVER), many),
    )
    assert later - start < 200


@SIDES
@pytest.mark.parametrize("sent", [100, 2030, 10_000, 600_000])
def test_an_unfinished_compressed_frame(sent: int, side: Side, peer: Peer) -> None:
    (payload,) = deflated(NOISE)
    stream = peer.binary(payload, rsv=4)[:sent]
    now, peak = held(lambda: end(side, deflate=AGREED), stream)
    inflated = len(stream) * 1.15  # a bytearray that grows keeps an eighth in reserve
    assert now <= FACTOR * len(stream) + inflated + WINDOW + CONSTANT
    assert peak <= (FACTOR + 1) * len(stream) + 2.3 * inflated + 6 * READ + WINDOW + CONSTANT


@SIDES
def test_a_bomb_is_held_up_to_the_limit_only(side: Side, peer: Peer) -> None:
    """64 MiB of zeros in 64 KiB of wire, for an end that takes 1 MiB."""
    (bomb,) = deflated(bytes(64 * MIB))
    for stream in (peer.binary(bomb, rsv=4), peer.binary(bomb, rsv=4, fin=False)):
        _, peak = held(lambda: end(side, max_message_size=MIB, deflate=AGREED), stream)
        assert peak <= 3 * MIB + FACTOR * len(stream) + WINDOW + CONSTANT


@SIDES
def test_nothing_is_held_of_what_is_done(side: Side, peer: Peer) -> None:
    (small,) = deflated(NOISE[:100_000])
    stream = peer.binary(NOISE[:100_000]) + peer.text("a" * 50_000, fin=False) + peer.last()
    stream += peer.binary(small, rsv=4) + peer.ping(b"p" * 125)
    now, _ = held(lambda: end(side, deflate=AGREED), stream)
    assert now <= WINDOW + CONSTANT


@SIDES
@pytest.mark.parametrize("sent", [100, 70_000, 600_000])
def test_nothing_is_held_when_the_transport_is_lost(sent: int, side: Side, peer: Peer) -> None:
    stream = peer.binary(b"a" * sent, fin=False) + peer.frame(0, b"a" * 100, size=MIB - sent)

    def lost() -> Protocol:
        one = end(side)
        feed(one, reads(stream))
        one.lose()
        return one

    now, _ = held(lost, b"")
    assert now <= CONSTANT


class TestLoans:
    """Whatever happens to a message in a borrowed buffer, the buffer goes back."""

    @SIDES
    def test_after_each_message(self, side: Side, peer: Peer) -> None:
        (noise,) = deflated(bytes(range(256)) * 40, level=0)
        lender = CountingLender()
        stream = peer.binary(b"a" * 5000) + peer.text(b"b" * 3000, fin=False)
        stream += peer.last(b"c" * 3000) + peer.binary(noise, rsv=4)
        for how in CUTS:
            one = end(side, lender=lender, deflate=AGREED)
            assert len(feed(one, cut(stream, how)).messages) == 3
            assert lender.out == []
        assert len(lender.loans) > 10

    @SIDES
    @pytest.mark.parametrize(
        "payload",
        [b"a" * 5000 + b"\xff", b"\xff" + b"a" * 5000, b"a" * 4000 + b"\xff" + b"a" * 1000],
        ids=["late", "early", "middle"],
    )
    def test_after_text_that_is_wrong(self, payload: bytes, side: Side, peer: Peer) -> None:
        lender = CountingLender()
        for stream in (peer.text(payload), peer.text(fin=False) + peer.last(payload)):
            for how in CUTS:
                assert feed(end(side, lender=lender), cut(stream, how)).code == 1007
                assert lender.out == []

    @SIDES
    def test_after_data_that_does_not_inflate(self, side: Side, peer: Peer) -> None:
        lender = CountingLender()
        one = end(side, lender=lender, deflate=AGREED)
        assert feed(one, wire.bytewise(peer.binary(b"\xff" * 3000, rsv=4))).code == 1007
        assert lender.out == []

    @SIDES
    @pytest.mark.parametrize("sent", [1, 10, 3000, 5003])
    def test_when_the_transport_is_lost(self, sent: int, side: Side, peer: Peer) -> None:
        lender = CountingLender()
        one = end(side, lender=lender)
        feed(one, [peer.binary(b"a" * 5000)[:sent]])
        assert bool(lender.out) == (sent > 8)
        one.lose()
        assert lender.out == []
        one.lose()


def test_a_failed_connection_that_is_lost_leaves_no_garbage() -> None:
    """Its error knows frames that know it, with what the peer sent; a cycle would keep all that."""
    lender = CountingLender()
    lives = weakref.ref(lender)
    one = end(Side.SERVER, lender=lender)
    gc.disable()
    try:
        assert feed(one, [CLIENT.text(b"a" * 100000 + b"\xff")]).code == 1007
        one.lose()
        del one, lender
        assert lives() is None
    finally:
        gc.enable()
