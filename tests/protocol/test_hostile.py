"""Random and mutated bytes by the megabyte: events or documented errors, bounded memory, no more.

``WSKIT_HOSTILE_MB`` says how many megabytes there are (default 6); with 100 or more, every valid
stream is cut at every byte, else the long ones at some. ``WSKIT_HOSTILE_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Callable, Iterable

import pytest

from tests.protocol import streams, utf8, wire
from tests.protocol.driving import SIDES, CountingLender, Outcome, end
from tests.protocol.wire import BINARY, CLOSE, PING, PONG, TEXT, Peer
from wskit.errors import ProtocolError
from wskit.protocol.connection import Protocol
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side

MEGABYTES = float(os.environ.get("WSKIT_HOSTILE_MB", "6"))
SEED = int(os.environ.get("WSKIT_HOSTILE_SEED", random.SystemRandom().randrange(1 << 32)))
LARGEST = 1 << 16  # bytes of a hostile stream
LIMITS = (0, 1000, 1 << 14, 1 << 16, 1 << 16, 1 << 16)
# What an end may need of memory for a stream: loans and copies by its length, and by the limit.
MEMORY = 12 * LARGEST + 8 * max(LIMITS) + (1 << 17)


def noise(source: random.Random, peer: Peer, deflate: bool) -> bytes:
    """Make random bytes; nearly all die at their first header."""
    return source.randbytes(source.choice((1, 14, 200, 3000)))


def frames(source: random.Random, peer: Peer, deflate: bool) -> bytes:
    """Make frames that are right nearly always, so that the parser gets deep."""
    stream, open_message, packed = [], False, False
    for _ in range(source.randint(1, 80)):
        if source.random() < 0.2:
            stream.append(peer.frame(source.choice((PING, PONG)), payload(source, 125)))
            continue
        fin = source.random() < 0.6
        if not open_message:
            packed = deflate and source.random() < 0.5
        data = payload(source, 3000)
        if packed:
            data = wire.deflated(*([data] if fin else [data, b""]))[0]
        opcode = 0 if open_message else source.choice((TEXT, BINARY))
        rsv = 4 if packed and not open_message else 0
        stream.append(peer.frame(opcode, data, fin=fin, rsv=rsv))
        open_message = not fin
        if source.random() < 0.01:
            stream.append(wrong(source, peer))
    return b"".join(stream)


def payload(source: random.Random, largest: int) -> bytes:
    size = source.choice((0, 1, source.randint(0, 125), source.randint(0, largest)))
    return b"".join(source.choices(TEXTS, k=size // 3))[:size] if size < 50 else b"a" * size


def wrong(source: random.Random, peer: Peer) -> bytes:
    """Make one frame that is likely to be wrong, in its header or in what it carries."""
    data = source.choice((*utf8.INVALID.values(), source.randbytes(source.randint(0, 200))))
    if source.random() < 0.5:
        return peer.frame(source.choice((0, TEXT, CLOSE)), data, fin=source.random() < 0.5)
    return peer.frame(source.randrange(16), data, rsv=source.choice((0, 4, source.randrange(8))))


def mutants(source: random.Random, peer: Peer, deflate: bool) -> bytes:
    """Take valid streams, and change a few bytes."""
    valid = [
        stream.wire
        for stream in streams.valid_streams(peer).values()
        if len(stream.wire) < 10_000 and deflate >= stream.deflate
    ]
    stream = bytearray(b"".join(source.choices(valid, k=source.randint(1, 6))))
    for _ in range(source.randint(0, 4)):
        at = source.randrange(len(stream))
        span = slice(at, at + source.choice((1, 2, 8, 100)))
        match source.randrange(5):
            case 0:
                stream[at] ^= 1 << source.randrange(8)
            case 1:
                stream[at] = source.choice((0, 0x80, 0x81, 0x88, 0xFE, 0xFF))
            case 2:
                stream[span] = b""
            case 3:
                stream[at:at] = stream[span]
            case 4:
                stream[span] = source.randbytes(source.choice((1, 2, 8, 100)))
        stream = stream or bytearray(1)
    return bytes(stream)


TEXTS = [b"a", b"the ", "é".encode(), "€".encode(), "\U0001f600".encode()]
Maker = Callable[[random.Random, Peer, bool], bytes]


def hostile_end(
    side: Side, source: random.Random, lender: CountingLender, deflate: bool
) -> Protocol:
    agreed = DeflateParameters(source.random() < 0.5, source.random() < 0.5)
    return end(
        side,
        lender=lender,
        max_message_size=source.choice(LIMITS),
        max_fragments=source.choice((3, 20, 4096, 4096)),
        small_size=source.choice((14, 100, 2048)),
        deflate=agreed if deflate else None,
    )


def survive(one: Protocol, lender: CountingLender, pieces: Iterable[bytes]) -> Outcome:
    """Feed it all; any error but a documented one ends the test."""
    outcome, sent = Outcome(), 0
    small = len(one.parser.target())
    for piece in pieces:
        sent += len(piece)
        try:
            for event in one.receive(piece):
                outcome.events.append(event)
                outcome.sent += one.reply(event)
        except ProtocolError as error:
            assert outcome.error is None
            outcome.error = error
            outcome.sent += one.fail(error)
        assert len(lender.out) <= 1
        assert lender.bytes_out <= 4 * sent + small
    one.lose()
    assert lender.out == []
    return outcome


def check(outcome: Outcome) -> None:
    """Fail unless this is what may come of any bytes."""
    kinds = [opcode for opcode, _ in outcome.events]
    assert set(kinds) <= {1, 2, 8, 9, 10}
    assert CLOSE not in kinds[:-1]
    assert all(type(data) is (str if opcode == TEXT else bytes) for opcode, data in outcome.events)
    assert outcome.code in (None, 1002, 1007, 1009)
    told = wire.frames(outcome.sent)
    over = outcome.error is not None or CLOSE in kinds
    assert [frame.opcode for frame in told] == [PONG] * kinds.count(PING) + [CLOSE] * over
    if outcome.error is not None:
        assert int.from_bytes(told[-1].payload[:2], "big") == outcome.code


@pytest.mark.uncounted
@SIDES
@pytest.mark.parametrize("make", [noise, frames, mutants])
def test_hostile_bytes(make: Maker, side: Side, peer: Peer) -> None:
    source = random.Random(f"{SEED} {make.__name__} {side.name}")
    print(f"WSKIT_HOSTILE_SEED={SEED}")
    left, number = MEGABYTES * 1e6 / 6, 0
    codes, events = set(), 0
    while left > 0:
        deflate = source.random() < 0.5
        stream = make(source, peer, deflate)[:LARGEST]
        left -= len(stream)
        number += 1
        lender = CountingLender()
        one = hostile_end(side, source, lender, deflate)
        pieces = [stream] if source.random() < 0.3 else wire.shredded(stream, source)
        outcome = bounded(one, lender, pieces) if number % 50 == 0 else survive(one, lender, pieces)
        check(outcome)
        codes.add(outcome.code)
        events += len(outcome.events)
    print(f"{number} streams, {events} events")
    if make is not noise and number >= 100:  # else the luck of the draw decides
        assert codes == {None, 1002, 1007, 1009}


def bounded(one: Protocol, lender: CountingLender, pieces: list[bytes]) -> Outcome:
    """Survive, and measure how much memory that takes."""
    tracemalloc.start()
    try:
        outcome = survive(one, lender, pieces)
        assert tracemalloc.get_traced_memory()[1] <= MEMORY
    finally:
        tracemalloc.stop()
    return outcome


def places(stream: bytes) -> Iterable[int]:
    """Say where to cut ``stream`` in two: everywhere, if it is short or there is time."""
    if len(stream) <= 300 or MEGABYTES >= 100:
        return range(1, len(stream))
    borders = {14, 2048, 2062, len(stream) - 1, len(stream) // 2}
    return sorted({*range(1, 20), *borders, *range(1, len(stream), len(stream) // 20)})


@pytest.mark.uncounted
@SIDES
def test_a_valid_stream_cut_in_two_says_the_same(side: Side, peer: Peer) -> None:
    for name, (stream, events, deflate) in streams.valid_streams(peer).items():
        agreed = DeflateParameters() if deflate else None
        lender = CountingLender()
        for at in places(stream):
            one = end(side, lender=lender, deflate=agreed)
            outcome = survive(one, lender, [stream[:at], stream[at:]])
            assert (outcome.events, outcome.error) == (events, None), (name, at)


@pytest.mark.uncounted
@SIDES
def test_a_valid_stream_in_single_bytes_says_the_same(side: Side, peer: Peer) -> None:
    for name, (stream, events, deflate) in streams.valid_streams(peer).items():
        lender = CountingLender()
        one = end(side, lender=lender, deflate=DeflateParameters() if deflate else None)
        size = 1 if len(stream) <= 10_000 or MEGABYTES >= 100 else 31
        pieces = (stream[at : at + size] for at in range(0, len(stream), size))
        outcome = survive(one, lender, pieces)
        assert (outcome.events, outcome.error) == (events, None), name


@pytest.mark.uncounted
@SIDES
def test_a_valid_stream_that_ends_early_is_no_error(side: Side, peer: Peer) -> None:
    for name, (stream, events, deflate) in streams.valid_streams(peer).items():
        lender = CountingLender()
        for at in list(places(stream))[:300]:
            one = end(side, lender=lender, deflate=DeflateParameters() if deflate else None)
            outcome = survive(one, lender, [stream[:at]])
            assert outcome.error is None, (name, at)
            assert outcome.events == events[: len(outcome.events)], (name, at)
