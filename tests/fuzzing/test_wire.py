"""Frames that are sent to others: an independent decoder reads them, where they are right."""

from __future__ import annotations

import zlib

import pytest

from tests.protocol import wire
from wskit.fuzzing.wire import KEY, Speaker, deflated, pattern


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_a_frame_is_what_it_should_be(size: int, masked: bool) -> None:
    (frame,) = wire.frames(Speaker(masked=masked).frame(2, pattern(size)))
    assert frame == wire.Frame(2, pattern(size), key=KEY if masked else None)


def test_the_example_of_the_rfc() -> None:
    """RFC 6455 §5.7: a single-frame masked text message."""
    frame = Speaker(masked=True).frame(1, b"Hello")
    assert frame == bytes.fromhex("818537fa213d7f9f4d5158")


def test_wrong_ones() -> None:
    say = Speaker(masked=False)
    assert say.frame(1, b"a", fin=False, rsv=7) == b"\x71\x01a"
    assert say.frame(1, b"a", masked=True)[:6] == b"\x81\x81" + KEY
    assert say.frame(1, b"a", form=16) == b"\x81\x7e\x00\x01a"
    assert say.head(2, 1 << 63, form=64) == b"\x82\x7f\x80" + bytes(7)
    assert say.close(1005, b"x") == b"\x88\x03\x03\xedx"


def test_a_payload_in_pieces() -> None:
    say = Speaker(masked=True)
    (frame,) = wire.frames(say.head(2, 24) + say.payload(b"abcd") * 6)
    assert frame.payload == b"abcd" * 6
    assert Speaker(masked=False).payload(b"abcd") == b"abcd"


def test_a_compressed_payload() -> None:
    data = pattern(1000)
    made = zlib.decompressobj(-15).decompress(deflated(data) + b"\0\0\xff\xff")
    assert made == data
