"""Compression of message payloads: raw deflate with its last four bytes left off (RFC 7692 §7.2).

Each object belongs to one direction of one connection and to one thread at a time.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from ..errors import InvalidPayload, MessageTooBig

if TYPE_CHECKING:
    backend = zlib
else:
    try:  # a drop-in for zlib that compresses faster
        from zlib_ng import zlib_ng as backend
    except ImportError:
        backend = zlib

__all__ = ["BACKEND", "Deflater", "Inflater"]

BACKEND: str = "zlib" if backend is zlib else "zlib-ng"
"""Which library does the work: "zlib-ng" where it is installed, else "zlib"."""

# zlib-ng has hash chains in a table of 64 Ki entries, whatever mem_level is.
_TABLE = 0 if BACKEND == "zlib" else 1 << 17

_TAIL = b"\x00\x00\xff\xff"  # the end of every flush, left off on the wire (§7.2.1)
_EMPTY = b"\x00"  # an empty message (§7.2.3.6)
# Where the window need not stay, an empty block with BFINAL set shows whether that was the end.
_FRESH_TAIL = _TAIL + b"\x03\x00"
_INCOMPLETE = "compressed message is incomplete"

# Compressed bytes given to zlib at a time. What follows a final block, or is over the limit, zlib
# copies: with pieces of this size a message made of nothing but final blocks costs linear time.
_PIECE = 4096

BytesLike = bytes | bytearray | memoryview


class Deflater:
    """Compresses whole messages with a window of ``2 ** window_bits`` bytes, 9..15."""

    __slots__ = ("_arguments", "_compressor", "_flush", "_keep", "no_context_takeover")

    def __init__(
        self,
        window_bits: int,
        *,
        no_context_takeover: bool = False,
        level: int = -1,
        mem_level: int = 5,
        retain: bool = True,
    ) -> None:
        """Take zlib's ``level`` and ``mem_level``; nothing is allocated before the first message.

        ``retain=False`` frees the compressor after each message where ``no_context_takeover``
        lets it.
        """
        self.no_context_takeover = no_context_takeover
        self._arguments = (level, backend.DEFLATED, -window_bits, mem_level)
        # A full flush forgets the window as a new compressor would, without its allocation.
        self._flush = backend.Z_FULL_FLUSH if no_context_takeover else backend.Z_SYNC_FLUSH
        self._keep = retain or not no_context_takeover
        self._compressor: zlib._Compress | None = None

    def compress(self, payload: BytesLike) -> bytes:
        """Return the payload of a compressed message (§7.2.1)."""
        if not len(payload):
            return _EMPTY
        compressor = self._compressor
        if compressor is None:
            compressor = backend.compressobj(*self._arguments)
            if self._keep:
                self._compressor = compressor
        # The flush ends in the four bytes even where compress() has returned most of the data.
        return compressor.compress(payload) + compressor.flush(self._flush)[: -len(_TAIL)]

    @property
    def bytes_held(self) -> int:
        """The bytes that the compressor holds between messages, by the formula of zlib's zconf.h.

        0 while there is no compressor.
        """
        if self._compressor is None:
            return 0
        _, _, window_bits, mem_level = self._arguments
        return (1 << (2 - window_bits)) + (1 << (mem_level + 9)) + _TABLE


class Inflater:
    """Inflates messages, in pieces as they come, that a window of ``2 ** window_bits`` made.

    8 is inflated as 9: any window that is not smaller will do. ``within`` is what a piece gave
    within its limit, after a MessageTooBig.
    """

    __slots__ = ("_begun", "_decoder", "_fresh", "_window_bits", "within")

    def __init__(self, window_bits: int, *, no_context_takeover: bool = False) -> None:
        """Nothing is allocated before the first message."""
        self._window_bits = max(window_bits, 9)
        self._fresh = no_context_takeover
        self._decoder: zlib._Decompress | None = None  # None: the next byte starts a new window
        self._begun = False  # the message has had a byte
        self.within = b""

    def inflate(self, payload: BytesLike, *, final: bool, limit: int) -> bytes:
        """Inflate the next piece of a message and return what it gives; ``final`` is the last one.

        Raises MessageTooBig once that is more than ``limit`` bytes, with no more than that held,
        and InvalidPayload for what is not deflate. After either the object is of no more use.
        """
        self._begun = self._begun or len(payload) > 0
        if not self._begun:
            # No deflate stream at all. Some peers compress an empty message to that; given the
            # tail, it would be a broken block and spoil the messages after it.
            return b""
        try:
            inflated = self._inflate(payload, limit)
        except backend.error:
            raise InvalidPayload("compressed data is corrupt") from None
        if final:
            self._finish()
        return inflated

    def _inflate(self, data: BytesLike, limit: int) -> bytes:
        output: list[bytes] = []
        position = 0
        while position < len(data):
            if self._decoder is None:
                self._decoder = backend.decompressobj(-self._window_bits)
            piece = data[position : position + _PIECE]
            inflated = self._decoder.decompress(piece, limit + 1)
            limit -= len(inflated)
            if limit < 0:
                self._decoder = None
                self.within = b"".join((*output, inflated[:-1]))
                raise MessageTooBig("inflated message is too big")
            output.append(inflated)
            position += len(piece) - len(self._decoder.unused_data)
            if self._decoder.eof:
                self._decoder = None
        return b"".join(output)

    def _finish(self) -> None:
        """Put back what was left off (§7.2.2). A complete message gets no byte out of it."""
        self._begun = False
        # §7.2.3.4 wants a byte 0x00 after a last block with BFINAL set. Where it is missing, there
        # is nothing to complete.
        if self._decoder is None:
            return
        try:
            added = self._decoder.decompress(_FRESH_TAIL if self._fresh else _TAIL, 1)
        except backend.error:
            raise InvalidPayload(_INCOMPLETE) from None
        if added or self._decoder.eof is not self._fresh or self._decoder.unused_data:
            raise InvalidPayload(_INCOMPLETE)
        if self._fresh:
            self._decoder = None
