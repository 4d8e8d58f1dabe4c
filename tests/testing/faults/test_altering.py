"""Corrupt, Duplicate, DropPongs and SwallowClose; and faults together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testing.faults.echoes import Echo
from tests.testing.faults.streams import HEAD, STREAM, cut_up, sent
from wskit import Conn, Handshake
from wskit.testing import ws_pair
from wskit.testing.faults import (
    Corrupt,
    Dribble,
    DropPongs,
    Duplicate,
    Fault,
    HalfClose,
    SwallowClose,
)

AT = len(HEAD)
FLIPPED = STREAM[: AT + 3] + bytes([STREAM[AT + 3] ^ 0xFF]) + STREAM[AT + 4 :]

cuts = st.lists(st.integers(0, len(STREAM)), max_size=12)


def made(fault: Fault, places: list[int], data: bytes = STREAM) -> bytes:
    items = sent(fault.stage(response=False), cut_up(data, places))
    return b"".join(item for item in items if isinstance(item, bytes))


@given(cuts)
def test_one_byte_is_changed(places: list[int]) -> None:
    assert made(Corrupt(3), places) == FLIPPED
    assert made(Corrupt(1, frame=1), places) == FLIPPED
    assert made(Corrupt(9, frame=1), places) == STREAM
    assert made(Corrupt(99), places) == STREAM


@given(cuts)
def test_one_frame_comes_twice(places: list[int]) -> None:
    frame = STREAM[AT : AT + 4]
    assert made(Duplicate(1), places) == HEAD + frame + STREAM[AT:]
    assert made(Duplicate(2), places) == STREAM[: AT + 6] + STREAM[AT + 4 :]
    assert made(Duplicate(9), places) == STREAM


@given(cuts)
def test_pongs_are_lost_and_nothing_else(places: list[int]) -> None:
    pongs = STREAM + b"\x8a\x02hi" + b"\x8a\x00"
    assert made(DropPongs(), places, pongs) == STREAM


@given(cuts, cuts)
def test_only_the_close_that_answers_is_lost(places: list[int], others: list[int]) -> None:
    one, other = SwallowClose().stages()
    reply = b"HTTP/1.1 101 Yes\r\n\r\n\x81\x01a\x88\x02\x03\xe8"
    assert b"".join(map(bytes, sent(one, cut_up(STREAM, places)))) == STREAM  # type: ignore[arg-type]
    found = sent(other, cut_up(reply, [place % len(reply) for place in others]))
    assert b"".join(map(bytes, found)) == reply[:-4]  # type: ignore[arg-type]


def test_a_corrupt_byte_on_the_wire() -> None:
    with ws_pair(Echo, faults=[Corrupt(1, frame=1, flip=0x20)]) as peer:
        peer.send("abc")
        peer.expect_text("aBc")


def test_a_message_arrives_twice() -> None:
    with ws_pair(Echo, faults=[Duplicate(2)]) as peer:
        for text in ("one", "two", "three"):
            peer.send(text)
        for text in ("one", "two", "two", "three"):
            peer.expect_text(text)


def test_pongs_do_not_arrive() -> None:
    pongs = list[bytes]()

    class Handler(Echo):
        def client_pong(self, data: bytes) -> None:
            pongs.append(data)

    with ws_pair(Handler, faults=[DropPongs(direction="to_server")]) as peer:
        peer.pong(b"lost")
        peer.send("there")
        peer.expect_text("there")
        peer.ping(b"?")
        peer.expect_pong(b"?")
    assert pongs == []


def test_the_reply_to_a_close_does_not_arrive() -> None:
    with ws_pair(Echo, faults=[SwallowClose()]) as peer:
        peer.close(1000)
        peer.expect_close(1006)


def test_a_silent_swallow_hides_the_end_too() -> None:
    with ws_pair(Echo, faults=[SwallowClose(silent=True)]) as peer:
        peer.close(1000)
        peer.expect_nothing(within=0.02)


class Leaving(Echo):
    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        super().__init__(handshake, conn)
        conn.close(4000, "bye")


def test_the_close_of_the_one_who_begins_arrives() -> None:
    with ws_pair(Leaving, faults=[SwallowClose(direction="to_server")]) as peer:
        peer.expect_close(4000, "bye", initiated_by="server")


def test_a_swallow_of_one_direction_leaves_the_other_alone() -> None:
    with ws_pair(Echo, faults=[SwallowClose(direction="to_server")]) as peer:
        peer.close(1000)
        peer.expect_close(1000)


def test_a_stage_by_itself_swallows_nothing() -> None:
    assert made(SwallowClose(), []) == STREAM


def test_two_faults_together() -> None:
    faults = [Duplicate(1), HalfClose(frames=2), Dribble()]
    with ws_pair(Echo, faults=faults) as peer:
        peer.send("again")
        peer.expect_text("again")
        peer.expect_text("again")
        peer.expect_close(1006)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Corrupt(-1), ValueError, "offset: "),
        (lambda: Corrupt(1, frame=0), ValueError, "frame: "),
        (lambda: Corrupt(1, flip=0), ValueError, "flip: "),
        (lambda: Corrupt(1, direction=""), ValueError, "direction: "),  # type: ignore[arg-type]
        (lambda: Duplicate(0), ValueError, "frame: "),
        (lambda: DropPongs(direction=None), ValueError, "direction: "),  # type: ignore[arg-type]
        (lambda: SwallowClose(silent=1), TypeError, "silent: "),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_named(make, error, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=f"^{words}"):
        make()
