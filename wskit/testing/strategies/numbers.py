"""Strategies for the numbers of RFC 6455: opcodes, masking keys, lengths and close codes."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from hypothesis import strategies as st

from .arguments import named, sizes
from .values import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

__all__ = [
    "BORDERS",
    "LONGEST",
    "OPCODES",
    "around_borders",
    "close_codes",
    "lengths",
    "masks",
    "opcodes",
]

# The simplest first: a binary frame may hold anything, and stands alone.
OPCODES = (BINARY, TEXT, CONTINUATION, PING, PONG, CLOSE)
_RESERVED = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)

LONGEST = (1 << 63) - 1  # §5.2: the top bit of the 64-bit form must be 0
BORDERS = (0, 126, 65535, LONGEST)  # each with its neighbours

# §7.4.1, §7.4.2 and the IANA registry of close codes.
_CODES = (*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999)
_BAD_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 32768, 65535)


def opcodes(*, violations: Collection[str] = ()) -> st.SearchStrategy[int]:
    """Generates opcodes: the six that are defined, or with ``{"opcode"}`` those that are not.

    Examples shrink towards 2 (BINARY), else towards 3.
    """
    return st.sampled_from(_RESERVED if named("violations", violations, ["opcode"]) else OPCODES)


def masks() -> st.SearchStrategy[bytes]:
    """Generates masking keys, which have 4 bytes.

    Examples shrink towards four zeros, the key that leaves a payload as it is.
    """
    return st.binary(min_size=4, max_size=4)


def lengths(*, min_size: int = 0, max_size: int | None = None) -> st.SearchStrategy[int]:
    """Generates payload lengths in bytes; None for ``max_size`` allows all that a header can say.

    Often small, or at a border of the three forms (125, 126, 127, 65,535, 65,536). Examples
    shrink towards ``min_size``.
    """
    return around_borders(*sizes(min_size, max_size, LONGEST))


@lru_cache(256)
def around_borders(low: int, high: int) -> st.SearchStrategy[int]:
    """Generates lengths of ``low`` to ``high`` bytes, as ``lengths`` does."""
    # The borders are integers as well, so that they shrink across the borders of these ranges.
    near = [(max(low, at - 1), min(high, at + 1)) for at in BORDERS]
    ranges = [(low, min(low + 130, high)), (low, high), *near]
    return st.one_of([st.integers(start, stop) for start, stop in ranges if start <= stop])


def close_codes(*, violations: Collection[str] = ()) -> st.SearchStrategy[int]:
    """Generates close codes that may be on the wire, or with ``{"close_code"}`` others.

    Often at the border of a range. Examples shrink towards 1000, else towards 0.
    """
    if named("violations", violations, ["close_code"]):
        wide = st.integers(0, 999) | st.integers(1016, 2999) | st.integers(5000, 65535)
        return st.sampled_from(_BAD_CODES) | wide
    return st.sampled_from(_CODES) | st.integers(3000, 4999)
