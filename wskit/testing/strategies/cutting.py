"""A strategy for how the bytes of a stream arrive: cut anywhere."""

from __future__ import annotations

from hypothesis import strategies as st

from .arguments import instance

__all__ = ["cuts"]

_HEAD = 16  # bytes; a header has up to 14
_MOST = 20  # cuts, unless every byte comes alone
_BYTEWISE = 2048  # bytes that may come alone; more would only be slow


def cuts(data: bytes) -> st.SearchStrategy[tuple[bytes, ...]]:
    """Generates ways to cut ``data``: tuples of pieces, none of them empty, that join to it.

    Often the cuts lie in the first bytes; every byte of up to 2,048 may come alone. Examples
    shrink towards one piece, and towards early cuts; b"" gives no piece.
    """
    instance("data", data, bytes)
    size = len(data)
    if size < 2:
        return st.just((data,) if data else ())
    place = st.integers(1, min(_HEAD, size - 1)) | st.integers(1, size - 1)
    some = st.sets(place, max_size=min(_MOST, size - 1))
    bytewise = st.just(set(range(1, size)))
    made = some | bytewise if size <= _BYTEWISE else some
    return made.map(lambda places: _cut(data, sorted(places)))


def _cut(data: bytes, places: list[int]) -> tuple[bytes, ...]:
    starts, stops = [0, *places], [*places, len(data)]
    return tuple(data[start:stop] for start, stop in zip(starts, stops, strict=True))
