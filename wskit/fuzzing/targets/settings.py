"""The first two bytes of an input: on which side, under which limits, and cut how."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

from ...protocol.extensions import DeflateParameters
from ...protocol.opcodes import Side
from ..reference import Rules

__all__ = ["SETTINGS", "Settings", "cuts", "read_settings"]

SETTINGS = 2
"""How many bytes of an input are settings."""

_SMALL = (14, 20, 130, 2048)
_SIZES = (60, 1000, 70_000, 1 << 20)
_BYTEWISE = 300  # bytes; a longer stream is cut at random only


@dataclass(frozen=True, slots=True)
class Settings:
    """What a stream is given to; ``seed`` chooses where it is cut."""

    side: Side
    deflate: bool
    fresh: bool
    small: int
    max_size: int
    max_fragments: int
    seed: int

    @property
    def rules(self) -> Rules:
        """The same for the reference decoder."""
        return Rules(
            masked=self.side is Side.SERVER,
            deflate=self.deflate,
            fresh=self.fresh,
            max_size=self.max_size,
            max_fragments=self.max_fragments,
        )

    @property
    def agreed(self) -> DeflateParameters | None:
        """What the opening handshake has agreed on."""
        return DeflateParameters(self.fresh, self.fresh) if self.deflate else None


def read_settings(data: bytes) -> tuple[Settings, bytes]:
    """Return the settings and the stream after them; bytes that are missing are 0."""
    first, seed = (*data[:SETTINGS], 0, 0)[:SETTINGS]
    settings = Settings(
        side=Side.CLIENT if first & 1 else Side.SERVER,
        deflate=first & 2 != 0,
        fresh=first & 4 != 0,
        small=_SMALL[first >> 3 & 3],
        max_size=_SIZES[first >> 5 & 3],
        max_fragments=4 if first & 0x80 else 4096,
        seed=seed,
    )
    return settings, data[SETTINGS:]


def cuts(stream: bytes, seed: int) -> list[list[bytes]]:
    """Return ``stream`` whole first, then in some pieces, then (if short) byte by byte."""
    ways = [[stream]]
    if len(stream) > 1:
        rng = random.Random(seed)
        count = rng.randint(1, min(8, len(stream) - 1))
        ways.append(_split(stream, sorted(rng.sample(range(1, len(stream)), count))))
        if len(stream) <= _BYTEWISE:
            ways.append([stream[at : at + 1] for at in range(len(stream))])
    return ways


def _split(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *places, len(stream)]
    return [stream[start:stop] for start, stop in pairwise(edges)]
