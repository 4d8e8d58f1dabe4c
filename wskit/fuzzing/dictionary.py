"""Values that have broken WebSocket code before: texts, close codes, sizes, deflate blocks."""

from __future__ import annotations

import zlib

__all__ = [
    "BLOCKS",
    "CLOSES",
    "CLOSE_CODES",
    "FIRST_BYTES",
    "NUMBERS",
    "PAYLOADS",
    "SIZES",
    "TEXTS",
    "deflated",
]


def deflated(data: bytes, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
    """Return ``data`` as the payload of a compressed message (RFC 7692 §7.2.1)."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    squeezed = compressor.compress(data) + compressor.flush(flush)
    return squeezed[:-4] if flush == zlib.Z_SYNC_FLUSH else squeezed


# Legal ones often, so that streams live long enough to mean something.
FIRST_BYTES = (
    *(0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x88, 0x89, 0x8A) * 4,
    *(0xC1, 0xC2, 0x41, 0x42) * 2,
    *(0xA1, 0x91, 0xF1, 0xC0, 0x40, 0xC8, 0xC9, 0x08, 0x09, 0x83, 0x87, 0x8B, 0x8F, 0x03, 0xA2),
)

SIZES = (0, 1, 2, 59, 60, 61, 124, 125, 126, 127, 128, 999, 1000, 1001, 2047, 2048, 4097) * 3 + (
    *(65535, 65536, 70_000, 70_001),
)
"""Where the form of a length, a limit or a buffer changes; the last ones seldom, for the time."""

NUMBERS = (
    *(0, 1, 125, 126, 127, 128, 255, 256, 1000, 1001, 65535, 65536, 70_000),
    *(
        1 << 20,
        (1 << 20) + 1,
        (1 << 31) - 1,
        1 << 31,
        1 << 32,
        (1 << 63) - 1,
        1 << 63,
        (1 << 64) - 1,
    ),
)

CLOSE_CODES = (
    *(0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013),
    *(1014, 1015, 1016, 1100, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65535),
)

TEXTS = (
    *(b"", b"a", b"hello", b"\x00", b"\n", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80"),
    *(b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf"),
    *(b"k\xc3\xb6\xe4\xb8\xad\xf0\x9f\x98\x80", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x98"),
    *(b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf"),
    *(b"\xed\xa0", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf"),
    *(b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe", b"\xff", b"a\xffb"),
)

CLOSES = (
    *(code.to_bytes(2, "big") for code in CLOSE_CODES),
    *(b"\x03", b"\x03\xe8" + b"bye", b"\x03\xe8\xff", b"\x03\xe8" + b"r" * 123),
    *(b"\x03\xe8" + b"r" * 124, b"\x03\xe8\xc3", b"\x0f\xa0" + "größe".encode()),
)

BLOCKS = (
    *(deflated(text) for text in (b"", b"a", b"hello" * 9, b"\xff", b"\xc3")),
    *(deflated(b"a" * size) for size in (60, 61, 1000, 1001, 70_001)),
    *(deflated(b"hello", zlib.Z_FINISH), deflated(b"hello", zlib.Z_FINISH) + b"\x00"),
    *(b"\x00", b"\x02\x00", b"\x03\x00", b"\x03\x00" * 9, b"\x00\x00\x00\xff\xff"),
    *(b"\x01\x00\x00\xff\xff", b"\x00\x05\x00\xfa\xffhello\x00", b"\x06", b"\x07", b"\xf2\x48\xcd"),
    *(b"\xaa\x00\xff\xff", b"\x00\x00\xff\xff", b"\x62\x00" * 5, deflated(b"x" * 300) * 2),
)

PAYLOADS = (*TEXTS, *CLOSES, *BLOCKS, b"\x80" * 125, b"x" * 126, b"a" * 1000)
"""Payloads of frames."""
