"""Delay, Dribble, Throttle, Stall and SlowReader."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deadlines import scaled, wait_for
from tests.testing.faults.echoes import Echo
from tests.testing.faults.streams import HEAD, STREAM, sent
from wskit import Conn, Handshake
from wskit.relaying.stages import Wait
from wskit.server import ServerConfig
from wskit.testing import ws_pair
from wskit.testing.faults import Delay, Dribble, Fault, SlowReader, Stall, Throttle


def test_one_byte_at_a_time() -> None:
    stage = Dribble().stage(response=False)
    assert sent(stage, [STREAM]) == [bytes([byte]) for byte in STREAM]
    with ws_pair(Echo, faults=[Dribble()]) as peer:
        peer.send("héllo")
        peer.expect_text("héllo")


def test_pieces_of_given_sizes_go_across_reads() -> None:
    stage = Dribble([3, 1], pause=2).stage(response=False)
    assert sent(stage, [b"ab", b"cdef"]) == [b"ab", b"c", Wait(2), b"d", Wait(2), b"ef"]


def test_random_pieces_can_be_had_again() -> None:
    fault = Dribble(None, most=3)
    assert f"seed={fault.seed}" in repr(fault)
    pieces = sent(fault.stage(response=False), [bytes(100)])
    assert {len(piece) for piece in pieces if isinstance(piece, bytes)} == {1, 2, 3}
    assert sent(Dribble(None, most=3, seed=fault.seed).stage(response=False), [bytes(100)]) == (
        pieces
    )


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4), text=st.text(max_size=50))
def test_any_pieces_inside_of_given(sizes: list[int], text: str) -> None:
    with ws_pair(Echo, faults=[Dribble(sizes)]) as peer:
        peer.send(text)
        peer.expect_text(text)


def test_a_delay_holds_up_one_direction_only() -> None:
    with ws_pair(Echo, faults=[Delay(0.05, direction="to_server")]) as peer:
        began = time.monotonic()
        peer.send("late")
        peer.expect_text("late")
        assert 0.05 <= time.monotonic() - began < scaled(2)


def test_a_throttle_takes_its_time() -> None:
    stage = Throttle(1000).stage(response=False)
    assert sent(stage, [bytes(15)]) == [bytes(10), Wait(0.01), bytes(5), Wait(0.005)]
    with ws_pair(Echo, faults=[Throttle(20_000, direction="to_server")]) as peer:
        began = time.monotonic()
        peer.send(bytes(2000))
        peer.expect_binary(bytes(2000))
        assert 0.05 <= time.monotonic() - began < scaled(2)


def test_a_stall_in_mid_frame_until_released() -> None:
    stall = Stall(2, after=4)
    with ws_pair(Echo, faults=[stall]) as peer:
        peer.send("first")
        peer.send("second")
        peer.expect_text("first")
        stall.wait()
        peer.send("third")
        peer.expect_nothing(within=0.02)
        stall.release()
        peer.expect_text("second")
        peer.expect_text("third")


def test_a_stall_does_not_hold_up_the_other_direction() -> None:
    class Greeter(Echo):
        def client_message(self, data: str | bytes) -> None:
            self.conn.write("one")
            self.conn.write("two")

    stall = Stall(2, direction="to_client")
    with ws_pair(Greeter, faults=[stall]) as peer:
        peer.send("go")
        peer.expect_text("one")
        stall.wait()
        peer.send("go")
        peer.expect_nothing(within=0.01)


def test_a_slow_reader_reads_on_when_released() -> None:
    class Flood(Echo):
        def client_message(self, data: str | bytes) -> None:
            self.conn.write(bytes(1 << 20))

    slow = SlowReader(2)
    config = ServerConfig(port=None, max_write_buffer=1 << 22)
    with ws_pair(Flood, config=config, faults=[slow]) as peer:
        peer.send("flood")
        slow.wait()
        assert not peer.drain()
        slow.release()
        assert peer.expect_binary(timeout=scaled(5)) == bytes(1 << 20)


def test_the_queue_of_a_sender_fills_behind_a_slow_reader() -> None:
    conns = list[Conn]()

    class Flood(Echo):
        def __init__(self, handshake: Handshake, conn: Conn) -> None:
            super().__init__(handshake, conn)
            conns.append(conn)

        def client_message(self, data: str | bytes) -> None:
            self.conn.write(bytes(1 << 20))

    config = ServerConfig(port=None, max_write_buffer=1 << 22)
    with ws_pair(Flood, config=config, faults=[SlowReader()]) as peer:
        peer.send("flood")
        wait_for(lambda: conns[0].stats().queued > 1 << 19)


def test_waiting_for_a_stall_that_does_not_come() -> None:
    with pytest.raises(AssertionError, match=r"expected Stall\(frame=1.* within 0.01 s"):
        Stall().wait(0.01)


@pytest.mark.parametrize(
    "fault",
    [Stall(), Stall(direction="both"), SlowReader(), SlowReader(direction="to_server")],
    ids=repr,
)
def test_an_end_in_the_middle_is_orderly_and_quick(fault: Fault) -> None:
    codes = list[int | None]()

    class Handler(Echo):
        def close(self) -> None:
            codes.append(self.conn.close_code)

    began = time.monotonic()
    with ws_pair(Handler, faults=[fault]) as peer:
        peer.send("held")
    assert codes == [1000]
    assert time.monotonic() - began < scaled(0.8)


def test_an_end_does_not_wait_for_a_delay() -> None:
    began = time.monotonic()
    with ws_pair(Echo, faults=[Delay(0.03)]) as peer:
        peer.send("held")
    assert time.monotonic() - began < scaled(0.8)


def test_the_head_is_not_counted_by_a_slow_reader() -> None:
    stage = SlowReader(1, direction="to_server").stage(response=False)
    items = sent(stage, [STREAM])
    assert items[0] == HEAD + STREAM[len(HEAD) : len(HEAD) + 1]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Delay(0), ValueError, "seconds: "),
        (lambda: Delay("1"), TypeError, "seconds: "),  # type: ignore[arg-type]
        (lambda: Dribble(0), ValueError, "sizes: "),
        (lambda: Dribble([]), ValueError, "sizes: must not be empty"),
        (lambda: Dribble("ab"), TypeError, "sizes: "),  # type: ignore[arg-type]
        (lambda: Dribble([1, 0]), ValueError, "sizes: "),
        (lambda: Dribble(pause=-1), ValueError, "pause: "),
        (lambda: Dribble(None, most=0), ValueError, "most: "),
        (lambda: Dribble(None, seed=1.5), TypeError, "seed: "),  # type: ignore[arg-type]
        (lambda: Throttle(0), ValueError, "rate: "),
        (lambda: Throttle(True), TypeError, "rate: "),
        (lambda: Stall(0), ValueError, "frame: "),
        (lambda: Stall(after=0), ValueError, "after: "),
        (lambda: SlowReader(-1), ValueError, "after: "),
        (lambda: Stall(direction="server"), ValueError, "direction: "),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_named(make, error, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=f"^{words}"):
        make()
