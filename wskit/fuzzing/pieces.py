"""Frames as a fuzzer sees them: any bytes can be read as some, and any of them can be written.

The law of this file: nothing is judged, and it shares no code with ``wskit.protocol``; what is
read and written again gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Piece", "read_pieces", "write_pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame, right or wrong, or a rest that is too short for a header (``first`` None).

    ``form`` is the width of the length in bytes beside the seven bits: 0, 2 or 8; ``claim`` the
    length that is written, None for the true one; ``key`` b"" for none; ``payload`` is unmasked.
    """

    first: int | None
    payload: bytes = b""
    key: bytes = b""
    form: int = 0
    claim: int | None = None

    @property
    def opcode(self) -> int:
        """The low four bits; -1 of a rest."""
        return -1 if self.first is None else self.first & 0x0F


def read_pieces(data: bytes, most: int = 512) -> list[Piece]:
    """Read ``data`` as frames, at most ``most``; what cannot be one is the last piece."""
    pieces: list[Piece] = []
    at = 0
    while at < len(data) and len(pieces) < most - 1:
        found = _read(data, at)
        if found is None:
            break
        piece, at = found
        pieces.append(piece)
    if at < len(data):
        pieces.append(Piece(None, data[at:]))
    return pieces


def write_pieces(pieces: list[Piece]) -> bytes:
    """Return the bytes of ``pieces``, one after the other."""
    return b"".join(map(_written, pieces))


def _read(data: bytes, at: int) -> tuple[Piece, int] | None:
    if len(data) - at < 2:
        return None
    first, second = data[at], data[at + 1]
    form = {126: 2, 127: 8}.get(second & 0x7F, 0)
    body = at + 2 + form
    claim = int.from_bytes(data[at + 2 : body], "big") if form else second & 0x7F
    start = body + (4 if second & 0x80 else 0)
    if len(data) < start:
        return None
    key = data[body:start]
    payload = xored(data[start : start + claim], key)
    whole = len(payload) == claim
    return Piece(first, payload, key, form, None if whole else claim), start + len(payload)


def _written(piece: Piece) -> bytes:
    if piece.first is None:
        return piece.payload
    size = len(piece.payload) if piece.claim is None else piece.claim
    form = max(piece.form, least_form(size) if piece.claim is None else piece.form)
    if not form and size > 125:
        form = least_form(size)
    short = {0: size, 2: 126, 8: 127}[form]
    length = (size % (1 << 8 * form)).to_bytes(form, "big") if form else b""
    head = bytes((piece.first, short | (0x80 if piece.key else 0)))
    return head + length + piece.key + xored(piece.payload, piece.key)


def least_form(size: int) -> int:
    """Return the shortest form that can say ``size``."""
    return 0 if size <= 125 else 2 if size <= 0xFFFF else 8


def xored(payload: bytes, key: bytes) -> bytes:
    """Return ``payload`` masked or unmasked with ``key``, which is 4 bytes or none."""
    if not key or not payload:
        return payload
    pad = key * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(pad[: len(payload)], "big")
    return number.to_bytes(len(payload), "big")
