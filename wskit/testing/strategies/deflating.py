"""Strategies for compressed payloads, and the compressor behind them (RFC 7692 §7.2)."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from .arguments import flag, named, sizes
from .contents import MOST, payloads
from .values import Agreement, DeflateStream, Frame

__all__ = ["Compressor", "agreements", "deflate_streams"]

_TAIL = b"\x00\x00\xff\xff"

_FLUSHES = (zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH)

# None of these inflates, whatever comes before or after: they begin on a byte of their own.
_CORRUPT = (
    b"\x06",  # a block of type 3, which is reserved
    b"\x07",
    b"\x00\x00\x00\x00\x00",  # a stored block whose length and complement do not agree
    b"\x00\x01\x00\x01\x00",
    b"\xfc\xff\xff",  # a dynamic block with more codes than there are
)


def agreements(*, window_bits: int = 9) -> st.SearchStrategy[Agreement]:
    """Generates what handshakes can agree on, with windows of ``window_bits`` to 15.

    Examples shrink towards what a bare "permessage-deflate" means.
    """
    if window_bits not in range(9, 16):
        raise InvalidArgument(f"window_bits: must be 9..15, not {window_bits!r}")
    bits = st.integers(0, 15 - window_bits).map(lambda less: 15 - less)
    return st.builds(Agreement, st.booleans(), st.booleans(), bits, bits)


def deflate_streams(
    *,
    max_size: int | None = None,
    text: bool = False,
    window_bits: int = 15,
    violations: Collection[str] = (),
) -> st.SearchStrategy[DeflateStream]:
    r"""Generates compressed messages of up to ``max_size`` bytes (65,600), made in every way that
    RFC 7692 §7.2 allows: all levels and strategies, stored blocks, flushes anywhere, empty
    blocks, and a last block that says so.

    The window has ``window_bits``, 9..15; ``text`` makes it UTF-8. With ``{"deflate"}`` the data
    is corrupt. Examples shrink towards an empty message, else towards b"\x06".
    """
    top = sizes(0, max_size, MOST)[1]
    flag("text", text)
    if window_bits not in range(9, 16):
        raise InvalidArgument(f"window_bits: must be 9..15, not {window_bits!r}")
    if named("violations", violations, ["deflate"]):
        start = st.just(b"") | _whole(min(top, 200), text, window_bits, _FLUSHES).map(_flushed)
        return st.builds(_spoiled, start, st.sampled_from(_CORRUPT), st.binary(max_size=4))
    return _whole(top, text, window_bits, (*_FLUSHES, zlib.Z_FINISH))


class Compressor:
    """Compresses one end's messages one after the other, with the context that was agreed."""

    def __init__(self, agreement: Agreement, sender: str) -> None:
        """Start with an empty window."""
        self._bits = agreement.window_bits(sender)
        self._fresh = agreement.fresh(sender)
        self._zlib = zlib.compressobj(6, zlib.DEFLATED, -self._bits)

    def compress(self, plain: bytes) -> bytes:
        """Return the payload of a message."""
        data = self._zlib.compress(plain) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        if self._fresh:
            self._zlib = zlib.compressobj(6, zlib.DEFLATED, -self._bits)
        return data[: -len(_TAIL)]

    def message(self, frames: list[Frame]) -> list[Frame]:
        """Return the frames of one message compressed, cut where the plain ones are cut."""
        plain = [frame.payload for frame in frames if not frame.control]
        pieces = iter(_divided(self.compress(b"".join(plain)), [len(each) for each in plain]))
        made = [
            frame if frame.control else replace(frame, payload=next(pieces)) for frame in frames
        ]
        made[0] = replace(made[0], rsv=4)
        return made


def _whole(
    top: int, text: bool, bits: int, flushes: tuple[int, ...]
) -> st.SearchStrategy[DeflateStream]:
    plain = payloads(max_size=top, text=text)
    at = st.lists(st.integers(0, 64), max_size=3)
    level = st.integers(0, 9).map(lambda less: 9 - less)
    strategy = st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED])
    flush = st.sampled_from(flushes)
    return st.builds(_deflated, plain, at, level, strategy, flush, st.just(bits))


def _deflated(
    plain: bytes, at: list[int], level: int, strategy: int, flush: int, bits: int
) -> DeflateStream:
    final = flush == zlib.Z_FINISH
    if not (plain or at or final):
        return DeflateStream(b"\x00", b"")  # §7.2.3.6
    one = zlib.compressobj(level, zlib.DEFLATED, -bits, 8, strategy)
    borders = [0, *(min(each, len(plain)) for each in sorted(at)), len(plain)]
    *pieces, last = [plain[start:stop] for start, stop in pairwise(borders)]
    payload = b""
    for piece in pieces:
        payload += one.compress(piece) + one.flush(zlib.Z_SYNC_FLUSH if final else flush)
    payload += one.compress(last) + one.flush(flush)
    if final:  # §7.2.3.4: a last block, then one byte to complete the tail
        return DeflateStream(payload + b"\x00", plain)
    return DeflateStream(payload[: -len(_TAIL)], plain)


def _flushed(stream: DeflateStream) -> bytes:
    return stream.payload + _TAIL


def _spoiled(start: bytes, corrupt: bytes, rest: bytes) -> DeflateStream:
    return DeflateStream(start + corrupt + rest, None)


def _divided(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut ``data`` in the proportion of ``sizes``."""
    total, said, borders = sum(sizes), 0, [0]
    for size in sizes[:-1]:
        said += size
        borders.append(len(data) * said // total if total else 0)
    return [data[start:stop] for start, stop in pairwise([*borders, len(data)])]
