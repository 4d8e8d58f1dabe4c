"""The dictionary has the values that the RFCs have boundaries at."""

from __future__ import annotations

import zlib

from wskit.fuzzing.dictionary import CLOSE_CODES, FIRST_BYTES, NUMBERS, PAYLOADS, SIZES, deflated


def test_boundaries_are_there() -> None:
    assert {0, 125, 126, 127, 65535, 65536} <= set(SIZES) & (set(NUMBERS) | {127})
    assert {1 << 63, (1 << 64) - 1} <= set(NUMBERS)
    assert {999, 1000, 1004, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000} <= set(CLOSE_CODES)
    assert {0x81, 0x82, 0x00, 0x88, 0xC1, 0xA1, 0x91, 0xC0, 0x83, 0x8B} <= set(FIRST_BYTES)
    assert {b"", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x03\xed"} <= set(PAYLOADS)


def test_deflated_is_what_a_message_has() -> None:
    data = deflated(b"hello" * 9)
    assert zlib.decompressobj(-15).decompress(data + b"\0\0\xff\xff") == b"hello" * 9
    assert zlib.decompress(deflated(b"hi", zlib.Z_FINISH), -15) == b"hi"
