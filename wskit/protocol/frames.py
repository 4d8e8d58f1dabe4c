"""Frames as bytes: headers, close payloads, ready-made frames, and the record that a tap is given.

RFC 6455 §5.2 has the layout, §5.5.1 and §7.4 the close payload.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from struct import Struct

from ..errors import InvalidPayload, ProtocolError
from .masking import masked_frame
from .opcodes import Opcode

__all__ = [
    "FIN",
    "MAX_CONTROL",
    "RSV1",
    "Direction",
    "FrameRecord",
    "Tap",
    "close_payload",
    "encode",
    "frame_bin",
    "frame_text",
    "header",
    "parse_close",
]

FIN = 0x80
RSV1 = 0x40
MAX_CONTROL = 125  # §5.5
_MASK = 0x80
_LENGTH_16 = Struct("!BBH").pack
_LENGTH_64 = Struct("!BBQ").pack
_CODE = Struct("!H")
# The two bytes of the headers that make nearly all traffic, ready for use: 0.1 us a frame.
_READY = {
    first: [bytes((first, second)) for second in range(256)] for first in (0x81, 0x82, 0x89, 0x8A)
}

BytesLike = bytes | bytearray | memoryview


class Direction(Enum):
    """Where a frame goes, seen from the end that the tap sits on."""

    IN = "in"
    OUT = "out"


@dataclass(slots=True)
class FrameRecord:
    """One frame as it passed a tap; it owns its bytes.

    ``payload`` is the start of the application data (inflated, unmasked); ``length`` its true size
    and ``wire_length`` that of the payload on the wire, both in bytes. ``rsv`` holds RSV1-3 as a
    number 0..7 (RSV1 is 4).
    """

    direction: Direction
    opcode: int
    fin: bool
    rsv: int
    masked: bool
    wire_length: int
    length: int
    payload: bytes


Tap = Callable[[FrameRecord], None]


def header(first: int, size: int, mask: int = 0) -> bytes:
    """Return the header of a frame: ``first`` is FIN, RSV and opcode, ``size`` in bytes.

    The length takes the shortest of its three forms, as §5.2 requires; ``mask`` 0x80 announces a
    masking key.
    """
    if size <= 125:
        ready = _READY.get(first)
        return ready[size | mask] if ready is not None else bytes((first, size | mask))
    if size <= 0xFFFF:
        return _LENGTH_16(first, 126 | mask, size)
    return _LENGTH_64(first, 127 | mask, size)


def encode(first: int, payload: BytesLike, key: int | None = None) -> bytes:
    """Return one whole frame, masked when ``key`` is given (§5.3)."""
    if key is None:
        return header(first, len(payload)) + payload
    return masked_frame(header(first, len(payload), _MASK), payload, key)


def frame_text(data: str | BytesLike) -> bytes:
    """Return a whole unmasked text frame, to be sent many times with ``write_framed``.

    Bytes must be UTF-8 (UnicodeDecodeError). Only servers may send unmasked frames (§5.1).
    """
    if isinstance(data, str):
        data = data.encode()
    else:
        str(data, "utf-8")
    return encode(FIN | Opcode.TEXT, data)


def frame_bin(data: BytesLike) -> bytes:
    """Return a whole unmasked binary frame, to be sent many times with ``write_framed``."""
    return encode(FIN | Opcode.BINARY, data)


def _may_appear(code: int) -> bool:
    # §7.4.1, §7.4.2 and the IANA registry: 1004 is reserved, 1005, 1006 and 1015 are for reporting
    # only, 1016-2999 are unassigned, and nothing above 4999 is defined.
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def close_payload(code: int | None, reason: str = "") -> bytes:
    """Return the payload of a close frame; ``None`` makes an empty one.

    Raises ValueError for a code that may not be sent (§7.4), a reason without a code, or one of
    more than 123 bytes of UTF-8.
    """
    if code is None:
        if reason:
            raise ValueError("reason: needs a code to go with it")
        return b""
    if not _may_appear(code):
        raise ValueError(f"code: {code} may not be sent, RFC 6455 §7.4 has the codes that may")
    text = reason.encode()
    if len(text) > MAX_CONTROL - 2:
        raise ValueError(f"reason: must be at most 123 bytes of UTF-8, not {len(text)}")
    return _CODE.pack(code) + text


def parse_close(payload: bytes) -> tuple[int, str]:
    """Return code and reason of a close frame that came in; 1005 for an empty one (§7.1.5).

    Raises ProtocolError for 1 byte or a code that may not appear, InvalidPayload for a reason that
    is not UTF-8.
    """
    if not payload:
        return 1005, ""
    if len(payload) == 1:
        raise ProtocolError("close payload of 1 byte")
    (code,) = _CODE.unpack_from(payload)
    if not _may_appear(code):
        raise ProtocolError(f"close code {code} may not appear on the wire")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise InvalidPayload("close reason is not UTF-8") from None
