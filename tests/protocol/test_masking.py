"""Masking against XOR byte by byte (RFC 6455 §5.3)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import wire
from wskit.protocol import masking
from wskit.protocol.masking import (
    KEY,
    masked,
    masked_frame,
    rotated,
    unmask_in_place,
    unmasked,
)
from wskit.testing.builds import pure

keys = st.integers(0, 2**32 - 1)
# Every length around the borders of the three ways to do it.
LENGTHS = [*range(140), *range(252, 262), 16383, 16384, 16385, 32767, 32768, 32769, 50001]


def by_byte(payload: bytes, key: int) -> bytes:
    return bytes(byte ^ key >> 8 * (at % 4) & 255 for at, byte in enumerate(payload))


def test_the_example_of_the_rfc() -> None:
    (key,) = KEY.unpack(bytes.fromhex("37fa213d"))
    assert masked(b"Hello", key) == bytes.fromhex("7f9f4d5158")


@pytest.mark.parametrize("key", [0, 1, 0x01020304, 0x80000000, 0xFFFFFFFF])
def test_every_length(key: int) -> None:
    source = random.Random(key)
    for length in LENGTHS:
        payload = source.randbytes(length)
        assert masked(payload, key) == by_byte(payload, key)


@given(st.binary(max_size=300), keys)
def test_masking_twice_gives_the_payload(payload: bytes, key: int) -> None:
    assert masked(masked(payload, key), key) == payload


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("length", [5, 200, 20000])
def test_the_payload_may_be_any_kind_of_bytes_and_stays(
    kind: type[bytes | bytearray | memoryview], length: int
) -> None:
    data = random.Random(length).randbytes(length)
    payload = kind(data)
    assert type(masked(payload, 0x01020304)) is bytes
    assert masked(payload, 0x04030201) == wire.masked(data, wire.KEY)
    assert payload == data


@pytest.mark.parametrize("length", [*LENGTHS[-8:], 0, 1, 7])
def test_in_place_touches_its_range_only(length: int) -> None:
    data = random.Random(length).randbytes(length + 8)
    buffer = bytearray(data)
    with memoryview(buffer):  # so the buffer cannot be resized
        unmask_in_place(buffer, 3, 3 + length, 0x04030201)
    assert buffer == data[:3] + wire.masked(data[3 : 3 + length], wire.KEY) + data[3 + length :]


@given(st.binary(max_size=50), keys, st.integers(0, 50))
def test_a_rotated_key_continues_a_payload(payload: bytes, key: int, at: int) -> None:
    start, rest = payload[:at], payload[at:]
    assert masked(start, key) + masked(rest, rotated(key, len(start))) == masked(payload, key)


def test_blocks_do_not_turn_the_key() -> None:
    assert masking._BLOCK % 4 == 0


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_is_masked_and_unmasked_with_the_key_it_carries(length: int) -> None:
    data = random.Random(length).randbytes(length)
    frame = masked_frame(b"ab", data, 0x04030201)
    assert frame == b"ab" + wire.KEY + wire.masked(data, wire.KEY)
    assert unmasked(bytearray(frame), 6, len(frame)) == data


@pytest.mark.parametrize("length", LENGTHS)
def test_the_way_of_c_gives_the_same_in_python(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """With bytearrays for bytes, which Python cannot write to."""
    twin = pure("wskit.protocol.masking")
    monkeypatch.setattr(twin, "_COMPILED", True)
    data = random.Random(length).randbytes(length)
    frame = twin.masked_frame(bytearray(b"ab"), data, 0x04030201)
    assert frame == masked_frame(b"ab", data, 0x04030201)
    assert twin.masked(data, 0x04030201) == frame[6:]
    assert twin.plain(frame, 6, len(frame)) == frame[6:]
    assert twin.unmasked(frame, 6, len(frame)) == data
