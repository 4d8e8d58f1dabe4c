"""Strategies for what one end says: messages, fragments and control frames, to the very end."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from hypothesis import strategies as st

from tests.protocol.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wskit.protocol.connection import Event, Protocol
from wskit.protocol.extensions import DeflateParameters

__all__ = ["Step", "agreements", "conversations", "cuts", "expected", "speak"]

# Around the borders of the three forms of length, and of the small buffer.
_LENGTHS = (0, 1, 125, 126, 127, 2040, 2048, 2100, 65535, 65536)


class Step(NamedTuple):
    """One thing said: a control frame, or a message in as many fragments as ``pieces``."""

    opcode: int
    pieces: list[bytes]
    compress: bool | None = None

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


def agreements() -> st.SearchStrategy[DeflateParameters | None]:
    """Generates what a handshake may have agreed, None without permessage-deflate."""
    bits = st.integers(9, 15)
    return st.none() | st.builds(DeflateParameters, st.booleans(), st.booleans(), bits, bits)


def cuts() -> st.SearchStrategy[list[int]]:
    """Generates the sizes of reads, in bytes, to be used over and over."""
    return st.lists(st.integers(1, 50) | st.integers(1, 5000), min_size=1, max_size=8)


def _texts() -> st.SearchStrategy[bytes]:
    long = st.builds(
        lambda text, size: (text * size)[:size], st.text(min_size=1, max_size=4), _lengths()
    )
    return (st.text(max_size=40) | long).map(str.encode)


def _binaries() -> st.SearchStrategy[bytes]:
    long = st.builds(
        lambda data, size: (data * size)[:size], st.binary(min_size=1, max_size=300), _lengths()
    )
    return st.binary(max_size=100) | long


def _lengths() -> st.SearchStrategy[int]:
    return st.sampled_from(_LENGTHS)


def _pieces(data: bytes) -> st.SearchStrategy[list[bytes]]:
    def cut(at: list[int]) -> list[bytes]:
        borders = [0, *sorted(at), len(data)]
        return [data[start:stop] for start, stop in pairwise(borders)]

    return st.lists(st.integers(0, len(data)), max_size=4).map(cut)


def _messages() -> st.SearchStrategy[Step]:
    wishes = st.sampled_from([None, True, False])
    kinds = st.tuples(st.just(TEXT), _texts()) | st.tuples(st.just(BINARY), _binaries())
    return kinds.flatmap(lambda kind: st.builds(Step, st.just(kind[0]), _pieces(kind[1]), wishes))


def _controls() -> st.SearchStrategy[Step]:
    payloads = st.binary(max_size=125).map(lambda data: [data])
    return st.builds(Step, st.sampled_from([PING, PONG]), payloads)


def conversations() -> st.SearchStrategy[list[Step]]:
    """Generates a few steps; the last may be a close frame."""
    reasons = st.text(max_size=30).map(str.encode)
    codes = st.sampled_from([1000, 1001, 1011, 3000, 4999])
    payloads = st.just(b"") | st.builds(
        lambda code, reason: code.to_bytes(2, "big") + reason, codes, reasons
    )
    closes = payloads.map(lambda payload: [Step(CLOSE, [payload])])
    steps = st.lists(_messages() | _controls(), max_size=5)
    return st.builds(lambda start, stop: start + stop, steps, closes | st.just([]))


def speak(one: Protocol, steps: list[Step]) -> bytes:
    """Have ``one`` say it all, a ping between any two fragments."""
    sent = b""
    for opcode, pieces, compress in steps:
        if opcode == CLOSE:
            code = int.from_bytes(pieces[0][:2], "big")
            sent += one.close(code, pieces[0][2:].decode()) if pieces[0] else one.close(None)
        elif opcode in (PING, PONG):
            sent += one.control(opcode, pieces[0])
        else:
            for number, piece in enumerate(pieces):
                if number:
                    sent += one.control(PING, b"between")
                last = number == len(pieces) - 1
                first = CONTINUATION if number else opcode
                sent += one.data(first, piece, compress=compress, fin=last)
    return sent


def expected(steps: list[Step]) -> list[Event]:
    """Return the events that the other end must see."""
    events: list[Event] = []
    for step in steps:
        events += [(PING, b"between")] * (len(step.pieces) - 1)
        events.append((step.opcode, step.data.decode() if step.opcode == TEXT else step.data))
    return events
