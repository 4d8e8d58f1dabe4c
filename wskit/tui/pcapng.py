"""Capture files as Wireshark reads them: the blocks of pcapng.

The law of this file: the layout is that of draft-ietf-opsawg-pcapng; packets begin with their IP
header and times count microseconds.
"""

from __future__ import annotations

from struct import Struct

__all__ = ["head", "packet"]

_BLOCK = Struct("<II").pack  # type, length; the length stands at the end, too
_LENGTH = Struct("<I").pack
_SECTION = Struct("<IHHq").pack  # byte order, version, length of the section (-1: not known)
_INTERFACE = Struct("<HHI").pack  # link type, reserved, most bytes of a packet
_PACKET = Struct("<IIIII").pack  # interface, time (high, low), length here, length then
_OPTION = Struct("<HH").pack

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_ENHANCED_PACKET = 6
_MAGIC = 0x1A2B3C4D
_RAW_IP = 101
_COMMENT = 1
_APPLICATION = 4  # of a section header
_LATEST = (1 << 64) - 1
_LONGEST = 8000  # characters of an option, which has room for 65535 bytes


def head(application: str, comment: str) -> bytes:
    """Return what a file begins with; ``application`` wrote it."""
    options = _option(_COMMENT, comment) + _option(_APPLICATION, application)
    section = _block(_SECTION_HEADER, _SECTION(_MAGIC, 1, 0, -1) + _ended(options))
    return section + _block(_INTERFACE_DESCRIPTION, _INTERFACE(_RAW_IP, 0, 0))


def packet(time: float, data: bytes, comment: str = "") -> bytes:
    """Return one packet of IP that passed at ``time`` (Unix seconds)."""
    moment = min(max(int(time * 1_000_000), 0), _LATEST)
    size = len(data)
    fields = _PACKET(0, moment >> 32, moment & 0xFFFFFFFF, size, size)
    return _block(_ENHANCED_PACKET, fields + _padded(data) + _ended(_option(_COMMENT, comment)))


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return _BLOCK(kind, length) + body + _LENGTH(length)


def _option(code: int, text: str) -> bytes:
    if not text:
        return b""
    value = text[:_LONGEST].encode("utf-8", "replace")
    return _OPTION(code, len(value)) + _padded(value)


def _ended(options: bytes) -> bytes:
    return options + bytes(4) if options else b""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
