"""Frames as bytes, right or wrong, for what is sent to other software; shares no code with ours."""

from __future__ import annotations

import zlib

__all__ = ["KEY", "Speaker", "deflated", "pattern"]

KEY = b"\x37\xfa\x21\x3d"  # the one of RFC 6455 §5.7: what is sent is the same every time
_FORMS = {7: 0, 16: 126, 64: 127}


class Speaker:
    """Makes the frames of one side: a client's are masked."""

    def __init__(self, *, masked: bool) -> None:
        """``masked`` says what is right; a frame can be made the other way."""
        self.masked = masked

    def head(
        self,
        opcode: int,
        size: int,
        *,
        fin: bool = True,
        rsv: int = 0,
        masked: bool | None = None,
        form: int | None = None,
    ) -> bytes:
        """Return a header, with the key; ``form`` is 7, 16 or 64 bits of length, else the least."""
        masks = self.masked if masked is None else masked
        if form is None:
            form = 7 if size < 126 else 16 if size < 1 << 16 else 64
        length = bytes([masks << 7 | (_FORMS[form] or size)])
        if form != 7:
            length += size.to_bytes(form // 8, "big")
        return bytes([fin << 7 | rsv << 4 | opcode]) + length + (KEY if masks else b"")

    def frame(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        rsv: int = 0,
        masked: bool | None = None,
        form: int | None = None,
    ) -> bytes:
        """Return a whole frame; arguments as of ``head``."""
        masks = self.masked if masked is None else masked
        head = self.head(opcode, len(payload), fin=fin, rsv=rsv, masked=masks, form=form)
        return head + (_xored(payload) if masks else payload)

    def close(self, code: int, reason: bytes = b"") -> bytes:
        """Return a close frame with any code below 65536."""
        return self.frame(8, code.to_bytes(2, "big") + reason)

    def payload(self, piece: bytes) -> bytes:
        """Return ``piece``, of a length that 4 divides, as it stands in a payload many times."""
        return _xored(piece) if self.masked else piece


def pattern(size: int) -> bytes:
    """Return ``size`` bytes of ASCII that differ from place to place."""
    return (b"0123456789abcdefghijklmnopqrstuvwxyz!" * (size // 37 + 1))[:size]


def deflated(data: bytes, *, bits: int = 15, level: int = 9) -> bytes:
    """Return ``data`` as the payload of a compressed message (RFC 7692 §7.2.1)."""
    maker = zlib.compressobj(level, zlib.DEFLATED, -bits)
    return (maker.compress(data) + maker.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def _xored(payload: bytes) -> bytes:
    pad = (KEY * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return number.to_bytes(len(payload), "big")
