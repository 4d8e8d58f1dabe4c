"""Joins frames into messages: fragments, UTF-8, inflation (RFC 6455 §5.4, §8.1; RFC 7692 §6.2).

The law of this file: text is judged as it comes, so that the first bad byte ends it, and what a
message holds is bounded by ``max_message_size`` and ``max_fragments`` whatever its fragments are.
"""

from __future__ import annotations

import codecs
from typing import Protocol as Interface

from ..errors import InvalidPayload, MessageTooBig
from .opcodes import BINARY, TEXT
from .parser import MOST, FrameParser

__all__ = ["Assembler", "Inflates", "Utf8Validator"]

_NOT_UTF8 = "text is not UTF-8"


class Inflates(Interface):
    """What the assembler needs of an inflater."""

    within: bytes

    def inflate(self, payload: bytes | memoryview, *, final: bool, limit: int) -> bytes:
        """Return the inflated piece; ``final`` ends the message."""


class Utf8Validator:
    """Judges UTF-8 in pieces; a character may be cut anywhere."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        """Start between characters."""
        self._rest = b""

    def feed(self, piece: bytes | memoryview, final: bool = False) -> None:
        """Judge the next ``piece``; raises InvalidPayload at the first bad byte."""
        if not self._rest and isinstance(piece, bytes) and piece.isascii():
            return  # looked at where it is, eight bytes at a time
        data = self._rest + piece if self._rest else piece
        try:
            used = codecs.utf_8_decode(data, "strict", final)[1]
        except UnicodeDecodeError:
            raise InvalidPayload(_NOT_UTF8) from None
        self._rest = bytes(data[used:])
        # Python awaits the third byte of a surrogate (ED A0..BF), but the second is bad already.
        if b"\xed\xa0" <= self._rest < b"\xee":
            raise InvalidPayload(_NOT_UTF8)


class Assembler:
    """Takes the data frames that ``parser`` finds and returns messages.

    ``take()`` is for whole frames, ``glance()`` for an unfinished one. Used by one thread.
    """

    __slots__ = (
        "_buffer",
        "_fragments",
        "_inflater",
        "_inflating",
        "_mark",
        "_max_fragments",
        "_max_size",
        "_opcode",
        "_parser",
        "_validator",
        "inflated",
        "watched",
    )

    def __init__(
        self, parser: FrameParser, *, max_size: int, max_fragments: int, inflater: Inflates | None
    ) -> None:
        """Join up to ``max_fragments`` frames into messages of up to ``max_size`` bytes."""
        self._parser = parser
        self._max_size = min(max_size, MOST)
        self._max_fragments = max_fragments
        self._inflater = inflater
        self._opcode: int | None = None  # of the open message; None between messages
        self._fragments = 0
        self._inflating = False
        self._buffer = bytearray()
        self._mark = 0  # where in it the inflated bytes of the frame at hand begin
        self._validator: Utf8Validator | None = None
        self.watched = False  # whether take() is to leave a compressed frame's bytes ...
        self.inflated: bytes | None = None  # ... here, as far as they could be inflated

    def take(self) -> tuple[int, str | bytes] | None:
        """Take the parser's frame; return (opcode, data) when it completes a message.

        Raises InvalidPayload or MessageTooBig.
        """
        first, payload = self._parser.first, self._parser.payload
        if self._opcode is None:
            if first == 0x82:
                return BINARY, _octets(payload)
            if first == 0x81:
                return TEXT, _text(payload)
            self._open(first)
        return self._add(payload, final=first & 0x80 != 0)

    def glance(self) -> None:
        """Judge what has come of an unfinished data frame; it stays in the parser's hands."""
        if self._opcode is None:
            self._open(self._parser.first)
        if self._inflating:
            self._inflate(self._parser.unseen(), final=False)
        elif self._validator is not None:
            self._validator.feed(self._parser.unseen())

    def abandon(self) -> None:
        """Drop the unfinished message; the connection is over."""
        self._buffer = bytearray()

    def _open(self, first: int) -> None:
        self._opcode = first & 0x0F
        self._inflating = first & 0x40 != 0
        self._fragments = 0
        self._mark = 0
        self._validator = Utf8Validator() if self._opcode == TEXT else None

    def _add(self, payload: bytes | memoryview, *, final: bool) -> tuple[int, str | bytes] | None:
        if self._inflating:
            self._inflate_rest(final)
        elif self._validator is not None:
            piece = self._parser.unseen()
            if self._fragments or not final:  # else to decode it all is to judge it
                self._validator.feed(piece, final)
        self._fragments += 1
        # Empty fragments count: they are how a peer could pin memory and time for 6 bytes each.
        if self._fragments > self._max_fragments:
            raise MessageTooBig("too many fragments")
        if final:
            return self._finish(payload)
        if self._inflating:
            self._mark = len(self._buffer)
            self._parser.room = self._parser.deflated_room
        else:
            self._buffer += payload
            self._parser.room = self._max_size - len(self._buffer)
        return None

    def _inflate_rest(self, final: bool) -> None:
        try:
            self._inflate(self._parser.unseen(), final=final)
        finally:
            if self.watched:
                self.inflated = bytes(self._buffer[self._mark :])

    def _inflate(self, piece: bytes | memoryview, *, final: bool) -> None:
        assert self._inflater is not None  # the parser lets RSV1 pass only when deflate is agreed
        room = self._max_size - len(self._buffer)
        try:
            data = self._inflater.inflate(piece, final=final, limit=room)
        except MessageTooBig:
            if self._validator is not None:
                # Bad text before the limit is what ends it, as if it had come by itself.
                self._validator.feed(self._inflater.within)
            raise
        self._buffer += data
        if self._validator is not None:
            self._validator.feed(data, final)

    def _finish(self, payload: bytes | memoryview) -> tuple[int, str | bytes]:
        assert self._opcode is not None
        opcode, buffer = self._opcode, self._buffer
        self._opcode = None
        self._validator = None
        self._parser.room = self._max_size
        data = payload
        if self._inflating or self._fragments > 1:
            if not self._inflating:
                buffer += payload
            self._buffer = bytearray()
            data = memoryview(buffer)
        return opcode, _text(data) if opcode == TEXT else bytes(data)


def _text(payload: bytes | memoryview) -> str:
    try:
        if not isinstance(payload, bytes):
            return str(payload, "utf-8")
        data = payload  # of this name the .pxd knows the type
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidPayload(_NOT_UTF8) from None


def _octets(payload: bytes | memoryview) -> bytes:
    return payload if isinstance(payload, bytes) else bytes(payload)
