"""Gates: every frame is recorded or counted, and a shut gate saves the record."""

from __future__ import annotations

import pytest

from wskit.protocol.connection import Protocol
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.frames import FIN, RSV1, Direction, FrameRecord, encode, frame_text
from wskit.protocol.gates import Budget, Gate
from wskit.protocol.opcodes import BINARY, CLOSE, PING, TEXT, Side

IN, OUT = Direction.IN, Direction.OUT
KEY = 0x01020304


class Watched:
    """A server's protocol with a tap behind a gate."""

    def __init__(self, left: int, deflate: DeflateParameters | None = None) -> None:
        self.seen: list[FrameRecord] = []
        self.gate = Gate(Budget(left))
        compression = Compression(write_threshold=0) if deflate is not None else None
        self.protocol = Protocol(Side.SERVER, deflate=deflate, compression=compression)
        self.protocol.tap = self.seen.append
        self.protocol.gate = self.gate

    def traffic(self) -> int:
        """Let frames of every kind pass, and return how many."""
        inbound = [
            encode(FIN | TEXT, b"a", KEY),
            encode(BINARY, b"b", KEY),
            encode(FIN, b"c", KEY),
            encode(FIN | PING, b"d", KEY),
            encode(FIN | CLOSE, b"\x03\xe8", KEY),
        ]
        events = list(self.protocol.receive(b"".join(inbound)))
        assert [data for _, data in events] == ["a", b"bc", b"d", b"\x03\xe8"]
        sent = [
            self.protocol.data(TEXT, b"e"),
            self.protocol.data(TEXT, b"f", fin=False),
            self.protocol.data(0, b"g"),
            self.protocol.control(PING, b"h"),
            self.protocol.framed(frame_text("i")),
            self.protocol.unchecked(0xF3, b"j", masked=True),
            self.protocol.close(1000),
        ]
        assert all(sent)
        return len(inbound) + len(sent)


def test_an_open_one_lets_everything_through() -> None:
    watched = Watched(1)
    count = watched.traffic()
    assert len(watched.seen) == count
    assert watched.gate.skipped == 0


def test_a_shut_one_counts_everything_by_direction() -> None:
    watched = Watched(0)
    count = watched.traffic()
    assert watched.seen == []
    assert (watched.gate.skipped_in, watched.gate.skipped_out) == (5, 7)
    assert watched.gate.skipped == count


def test_what_is_sent_is_the_same() -> None:
    opened, shut = Watched(1), Watched(0)
    for payload in (b"", b"x" * 125, b"x" * 126, b"x" * 70_000):
        assert opened.protocol.data(TEXT, payload) == shut.protocol.data(TEXT, payload)


def test_compressed_frames_count_too() -> None:
    watched = Watched(0, DeflateParameters())
    frame = watched.protocol.data(TEXT, b"a" * 100)
    assert frame[0] == FIN | RSV1 | TEXT
    assert watched.gate.skipped_out == 1


def test_it_opens_and_shuts_amid_the_traffic() -> None:
    watched = Watched(0)
    for left in (0, 3, -1, 1):
        watched.gate.budget.left = left
        watched.protocol.data(TEXT, b"x")
        [_] = watched.protocol.receive(encode(FIN | TEXT, b"y", KEY))
    assert (len(watched.seen), watched.gate.skipped) == (4, 4)


def test_a_budget_is_shared() -> None:
    budget = Budget(1)
    one, other = Gate(budget), Gate(budget)
    budget.left -= 1
    assert one.skips(IN)
    assert other.skips(OUT)
    assert (one.skipped_in, one.skipped_out) == (1, 0)
    assert (other.skipped_in, other.skipped_out) == (0, 1)


@pytest.mark.parametrize("direction", [IN, OUT])
def test_an_open_gate_skips_nothing(direction: Direction) -> None:
    gate = Gate(Budget(1))
    assert not gate.skips(direction)
    assert gate.skipped == 0
