"""Makes new inputs of old ones: frames are taken apart and put together again, or bytes changed.

The law of this file: whatever is chosen comes from one seeded generator, so a seed repeats a run.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from .dictionary import BLOCKS, CLOSES, FIRST_BYTES, NUMBERS, PAYLOADS, SIZES, TEXTS
from .pieces import Piece, read_pieces, write_pieces
from .rewording import reworded
from .scrambling import scrambled

__all__ = ["LONGEST", "Mutator"]

LONGEST = 150_000
"""No input is longer, in bytes."""

_MOST_PIECES = 64
_PLAIN = 0.15  # the share of changes that know nothing of frames


class Mutator:
    """Changes inputs of one structure; the first ``settings`` bytes are changed by themselves."""

    def __init__(
        self, rng: random.Random, structure: Literal["frames", "head", "bytes"], settings: int
    ) -> None:
        """``rng`` decides everything."""
        self._rng = rng
        self._structure = structure
        self._settings = settings

    def mutated(self, data: bytes, other: bytes) -> bytes:
        """Return a new input made of ``data`` and perhaps parts of ``other``."""
        rng = self._rng
        settings, stream = self._parted(data)
        if rng.random() < 0.2:
            settings = bytes(rng.randrange(256) if rng.random() < 0.5 else b for b in settings)
        _, donor = self._parted(other)
        for _ in range(1 << rng.randrange(3)):
            stream = self._changed(stream, donor, settings)
        return settings + stream[:LONGEST]

    def _parted(self, data: bytes) -> tuple[bytes, bytes]:
        count = self._settings
        return data[:count].ljust(count, b"\0"), data[count:]

    def _changed(self, stream: bytes, donor: bytes, settings: bytes) -> bytes:
        if self._structure == "bytes" or self._rng.random() < _PLAIN:
            return scrambled(self._rng, stream, donor)
        if self._structure == "head":
            return reworded(self._rng, stream, donor)
        # Bit 0 of the settings says which end this is; a server is sent masked frames.
        to_server = not settings or not settings[0] & 1
        pieces = read_pieces(stream)
        self._change(pieces, read_pieces(donor), to_server)
        return write_pieces(pieces[:_MOST_PIECES])

    def _change(self, pieces: list[Piece], donor: list[Piece], to_server: bool) -> None:
        rng = self._rng
        if not pieces or rng.random() < 0.25:
            new = self._new(to_server)
            # After a close nothing counts.
            at = len(pieces) if new.opcode == 8 else rng.randint(0, len(pieces))
            pieces.insert(at, new)
            return
        at = rng.randrange(len(pieces))
        kind = rng.randrange(10)
        if kind == 0:
            del pieces[at]
        elif kind == 1:
            pieces.insert(rng.randint(0, len(pieces)), pieces[at])
        elif kind == 2:
            to = rng.randrange(len(pieces))
            pieces[at], pieces[to] = pieces[to], pieces[at]
        elif kind == 3 and donor:
            start = rng.randrange(len(donor))
            pieces[at:at] = donor[start : start + rng.randint(1, 4)]
        elif kind == 4:
            pieces[at : at + 1] = self._fragments(pieces[at])
        elif kind == 5:
            del pieces[at + 1 :]
            pieces[at] = self._unfinished(pieces[at])
        else:
            pieces[at] = self._altered(pieces[at], donor)

    def _new(self, to_server: bool) -> Piece:
        rng = self._rng
        first = rng.choice(FIRST_BYTES)
        return Piece(first, _payload(rng, first), _key(rng) if to_server else b"")

    def _fragments(self, piece: Piece) -> list[Piece]:
        """Cut a frame in two or three (§5.4)."""
        if piece.first is None or len(piece.payload) > LONGEST // 2:
            return [piece]
        places = sorted(self._rng.randint(0, len(piece.payload)) for _ in range(2))
        parts = [piece.payload[: places[0]], piece.payload[places[0] : places[1]]]
        parts.append(piece.payload[places[1] :])
        first = replace(piece, first=piece.first & 0x7F, payload=parts[0], claim=None, form=0)
        middle = replace(first, first=0x00, payload=parts[1])
        last = replace(first, first=piece.first & 0x80, payload=parts[2])
        return [first, middle, last] if self._rng.random() < 0.5 else [
            replace(first, payload=parts[0] + parts[1]), last
        ]  # fmt: skip

    def _unfinished(self, piece: Piece) -> Piece:
        sent = piece.payload[: self._rng.randint(0, len(piece.payload))]
        size = self._rng.choice((len(piece.payload), len(sent) + 1, self._rng.choice(NUMBERS)))
        return replace(piece, payload=sent, claim=size)

    def _altered(self, piece: Piece, donor: Sequence[Piece]) -> Piece:
        """Change one thing of one frame."""
        rng, first = self._rng, piece.first
        if first is None:
            return replace(piece, payload=scrambled(rng, piece.payload, b""))
        if first == 0x88 and rng.random() < 0.5:
            return replace(piece, payload=rng.choice(CLOSES), claim=None)
        kind = rng.randrange(9)
        if kind == 0:
            return replace(piece, first=first ^ 1 << rng.randrange(8))
        if kind == 1:
            return replace(piece, first=rng.choice(FIRST_BYTES))
        if kind == 2:
            return replace(piece, key=b"" if piece.key else _key(rng))
        if kind == 3:
            return replace(piece, form=rng.choice((0, 2, 8)))
        if kind == 4:
            return replace(piece, claim=rng.choice(NUMBERS))
        if kind == 5:
            return replace(piece, payload=_payload(rng, first), claim=None)
        if kind == 6:
            return replace(piece, payload=_sized(rng, piece.payload), claim=None)
        if kind == 7 and donor:
            return replace(piece, payload=rng.choice(donor).payload, claim=None)
        return replace(piece, payload=scrambled(rng, piece.payload, rng.choice(PAYLOADS)))


def _payload(rng: random.Random, first: int) -> bytes:
    """Choose one that means something in such a frame, mostly."""
    if rng.random() < 0.3:
        return rng.choice(PAYLOADS)
    if first & 0x40:
        return rng.choice(BLOCKS)
    return rng.choice({0x01: TEXTS, 0x08: CLOSES}.get(first & 0x0F, PAYLOADS))


def _key(rng: random.Random) -> bytes:
    return rng.choice((b"\0\0\0\0", b"\x01\x02\x03\x04", b"\xff\xff\xff\xff", rng.randbytes(4)))


def _sized(rng: random.Random, payload: bytes) -> bytes:
    """Make it as long as one of the sizes where the form of the length changes."""
    size = rng.choice(SIZES)
    filler = payload or b"x"
    return (filler * (size // len(filler) + 1))[:size]
