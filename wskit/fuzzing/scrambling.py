"""Plain changes of bytes, for whatever has no structure, or shall lose it."""

from __future__ import annotations

import random

from .dictionary import NUMBERS, PAYLOADS

__all__ = ["scrambled"]


def scrambled(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """Return ``data`` with one change: bits, bytes, blocks, or a part of ``donor``."""
    if not data:
        return rng.choice(PAYLOADS)
    at = rng.randrange(len(data))
    stop = min(len(data), at + (1 << rng.randrange(7)))
    kind = rng.randrange(8)
    if kind == 0:
        return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]
    if kind == 1:
        return data[:at] + bytes((rng.randrange(256),)) + data[at + 1 :]
    if kind == 2:
        return data[:at] + data[stop:]
    if kind == 3:
        return data[:stop] + data[at:stop] + data[stop:]
    if kind == 4:
        return data[:at] + rng.choice(PAYLOADS) + data[at:]
    if kind == 5:
        return data[:at] + _number(rng) + data[at:]
    if kind == 6 and donor:
        start = rng.randrange(len(donor))
        return data[:at] + donor[start : start + (1 << rng.randrange(10))] + data[stop:]
    return data[:at]


def _number(rng: random.Random) -> bytes:
    width = rng.choice((1, 2, 8))
    return (rng.choice(NUMBERS) % (1 << 8 * width)).to_bytes(width, "big")
