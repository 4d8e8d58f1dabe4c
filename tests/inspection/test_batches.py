"""Batches: what goes in comes out, and nothing else is believed."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.inspection.batches import LARGEST, batches, decode, encode
from wskit.protocol.frames import Direction, FrameRecord
from wskit.taps import Capture

lengths = st.integers(0, 1 << 63)
frames = st.builds(
    lambda direction, opcode, fin, rsv, masked, wire, payload, more: FrameRecord(
        direction, opcode, fin, rsv, masked, wire, len(payload) + more, payload
    ),
    st.sampled_from(Direction),
    st.integers(0, 15),
    st.booleans(),
    st.integers(0, 7),
    st.booleans(),
    lengths,
    st.binary(max_size=200),
    st.integers(0, 1 << 40),
)
# Names come from paths, too, which may hold bytes that are no text.
names = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), max_size=20)
captures = st.builds(Capture, st.floats(0, 9e10), names, frames)


def capture(payload: bytes = b"x", name: str = "#1") -> Capture:
    size = len(payload)
    return Capture(1.5, name, FrameRecord(Direction.IN, 1, True, 0, True, size, size, payload))


@given(st.lists(captures, max_size=20))
def test_frames_come_out_as_they_went_in(some: list[Capture]) -> None:
    assert decode(encode(some)) == some
    assert [each for batch in batches(some) for each in decode(batch)] == some


@given(st.binary(max_size=200))
def test_whatever_comes_is_frames_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


@given(st.lists(captures, min_size=1, max_size=3), st.data())
def test_a_damaged_batch_is_frames_or_a_value_error(
    some: list[Capture], data: st.DataObject
) -> None:
    damaged = bytearray(encode(some))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        decode(bytes(damaged))


@given(st.lists(captures, min_size=1, max_size=3), st.data())
def test_one_that_is_cut_is_wrong(some: list[Capture], data: st.DataObject) -> None:
    whole = encode(some)
    with pytest.raises(ValueError, match="ends too early"):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_a_long_payload_is_cut_and_its_length_is_kept() -> None:
    [kept] = decode(encode([capture(b"y" * 5000)]))
    assert (len(kept.frame.payload), kept.frame.length) == (4096, 5000)


def test_a_name_is_sent_once() -> None:
    many = [capture(name="a connection with a long name")] * 100
    assert len(encode(many)) < 100 * 40


def test_no_batch_is_much_larger_than_is_said() -> None:
    many = [capture(bytes(4096)) for _ in range(300)]
    sizes = [len(batch) for batch in batches(many)]
    assert len(sizes) > 4
    assert max(sizes) < LARGEST + 5000
    assert sum(len(decode(batch)) for batch in batches(many)) == 300
    assert list(batches([])) == []


def test_no_batch_has_more_frames_than_its_names_can_have() -> None:
    empty = capture(b"")
    assert [len(decode(batch)) for batch in batches([empty] * 20_000)] == [8739, 8739, 2522]


GOOD = encode([capture()])
FRAME = len(GOOD) - 31


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends too early"),
        (b"\x02" + GOOD[1:], "version 2"),
        (GOOD + b"x", "goes on after its end"),
        (GOOD[:7] + b"\xff\xff" + GOOD[9:], "ends too early"),
        (GOOD[:FRAME] + struct.pack("!d", float("nan")) + GOOD[FRAME + 8 :], "a time"),
        (GOOD[:FRAME] + struct.pack("!d", -1.0) + GOOD[FRAME + 8 :], "a time"),
        (GOOD[: FRAME + 8] + b"\0\1" + GOOD[FRAME + 10 :], "no name 1"),
        (GOOD[: FRAME + 11] + b"\4" + GOOD[FRAME + 12 :], "flags"),
        (GOOD[: FRAME + 12] + b"\xff" * 8 + GOOD[FRAME + 20 :], "impossible length"),
        (GOOD[: FRAME + 20] + bytes(8) + GOOD[FRAME + 28 :], "impossible length"),
        (GOOD[:9] + b"\xff\xff" + GOOD[11:], "utf-8"),
    ],
)
def test_says_what_is_wrong(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode(data)
