"""A small model of RFC 6455, from its text: what an end must make of bytes, and may say when.

The law of this file: it shares no code with wskit. It judges byte by byte as soon as a byte can be
judged, so that an end that waits longer (for a payload whose header is wrong) differs from it.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.protocol import utf8, wire
from tests.protocol.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame

__all__ = ["Deflate", "Heard", "Limits", "Listener", "Speaker", "close_verdict", "packed"]

Heard = tuple[int, str | bytes]
_TAIL = b"\x00\x00\xff\xff"
# §7.4.1, §7.4.2 and the IANA registry.
_CODES = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}


class Deflate(NamedTuple):
    """What was agreed for one direction: the window, and whether each message starts afresh."""

    bits: int
    fresh: bool


@dataclass(frozen=True)
class Limits:
    """What an end accepts."""

    size: int
    fragments: int

    @property
    def packed(self) -> int:
        """The bytes of one compressed frame: data that does not compress grows a little."""
        return self.size + self.size // 8 + 1024


class Broken(Exception):
    """A rule was broken; ``code`` is what the peer must be told."""

    def __init__(self, code: int) -> None:
        self.code = code


def close_verdict(payload: bytes) -> tuple[int, str]:
    """Return the code and the reason of a close payload (§5.5.1), or raise Broken."""
    if not payload:
        return 1005, ""
    if len(payload) == 1 or int.from_bytes(payload[:2], "big") not in _CODES:
        raise Broken(1002)
    if utf8.first_bad(payload[2:]) is not None or unfinished(payload[2:]):
        raise Broken(1007)
    return int.from_bytes(payload[:2], "big"), payload[2:].decode()


def unfinished(text: bytes) -> bytes:
    """Return the beginning of a character that ``text`` ends with; it is good up to there."""
    for size in (1, 2, 3):
        lead = text[-size] if size <= len(text) else 0
        if lead >= 0xC0:
            return text[-size:] if size < 2 + (lead >= 0xE0) + (lead >= 0xF0) else b""
    return b""


def packed(pieces: Sequence[bytes], bits: int, compressor: zlib._Compress | None) -> list[bytes]:
    """Compress one message, and cut the result in as many pieces (RFC 7692 §7.2.1)."""
    data = b"".join(pieces)
    compressor = compressor or zlib.compressobj(6, zlib.DEFLATED, -bits)
    whole = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    small = whole[: -len(_TAIL)] if data else b"\x00"  # §7.2.3.6
    # Not where the pieces end: a fragment may end inside a symbol (§7.2.1).
    step = max(1, len(small) // len(pieces))
    cuts = [step * number for number in range(1, len(pieces))]
    return [small[a:b] for a, b in zip([0, *cuts], [*cuts, len(small)], strict=True)]


@dataclass
class Speaker:
    """What one end has said: what it may say next follows from it (§5.4, §5.5.1)."""

    unfinished: bool = False  # a message of which fragments are missing
    closed: bool = False  # a close frame was sent, or the transport is lost
    told: tuple[int, str] | None = None  # the close frame
    frames: list[Frame] = field(default_factory=list)

    def sent(self, frame: Frame) -> None:
        """Take note of a frame; AssertionError for one that may not be sent now."""
        assert not self.closed, "nothing may follow a close frame (§5.5.1)"
        if frame.opcode < CLOSE:
            assert (frame.opcode == CONTINUATION) == self.unfinished, "fragments in order (§5.4)"
            self.unfinished = not frame.fin
        else:
            assert frame.fin, "control frames are whole (§5.5)"
            assert len(frame.payload) <= 125, "control frames are short (§5.5)"
        if frame.opcode == CLOSE:
            self.closed, self.told = True, close_verdict(frame.payload)
        self.frames.append(frame)


class Listener:
    """What one end must have heard after each byte: ``events``, then perhaps a ``code`` or a close.

    ``code`` is that of a violation, ``closed`` what a close frame said. After either, nothing
    counts. ``frames`` are those that were whole; ``inside`` the payload bytes of one that is not.
    """

    def __init__(self, *, masked: bool, limits: Limits, deflate: Deflate | None) -> None:
        self.events: list[Heard] = []
        self.frames: list[Frame] = []
        self.code: int | None = None
        self.closed: tuple[int, str] | None = None
        self.inside: int | None = None
        self._masked = masked
        self._limits = limits
        self._deflate = deflate
        self._inflater: zlib._Decompress | None = None
        self._data = b""
        self._opcode: int | None = None  # of the message that is open
        self._packed = False
        self._message = b""  # its data up to here, inflated
        self._rest = b""  # its last, unfinished character
        self._fragments = 0
        self._reading = self._read()

    @property
    def over(self) -> bool:
        """Whether nothing counts any more."""
        return self.code is not None or self.closed is not None

    def feed(self, data: bytes) -> None:
        """Hear ``data``."""
        if self.over:
            return
        self._data += data
        try:
            next(self._reading)
        except Broken as broken:
            self.code = broken.code

    def _take(self, size: int) -> Generator[None, None, bytes]:
        while len(self._data) < size:
            yield
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def _read(self) -> Generator[None, None, None]:
        while self.closed is None:
            first = (yield from self._take(1))[0]
            self._judge(first)
            size = yield from self._size(first)
            key = (yield from self._take(4)) if self._masked else None
            payload = yield from self._payload(first & 15, size, key)
            self.frames.append(Frame(first & 15, payload, first >= 0x80, first >> 4 & 7, key))
            self._end_frame(first & 15, payload, first >= 0x80)
        yield

    def _judge(self, first: int) -> None:
        fin, rsv, opcode = first >= 0x80, first >> 4 & 7, first & 15
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Broken(1002)
        if rsv and not (rsv == 4 and self._deflate is not None and opcode in (TEXT, BINARY)):
            raise Broken(1002)  # RSV1 marks the first frame of a message only (RFC 7692 §6)
        if opcode >= CLOSE:
            if not fin:
                raise Broken(1002)
            return
        if (opcode == CONTINUATION) != (self._opcode is not None):
            raise Broken(1002)
        if opcode != CONTINUATION:
            self._opcode, self._packed = opcode, rsv == 4
            self._message = self._rest = b""
            self._fragments = 0

    def _size(self, first: int) -> Generator[None, None, int]:
        second = (yield from self._take(1))[0]
        if (second >= 0x80) != self._masked:
            raise Broken(1002)  # §5.1
        size, control = second & 0x7F, first & 15 >= CLOSE
        if control and size > 125:
            raise Broken(1002)
        if size > 125:
            extra = 2 if size == 126 else 8
            size = int.from_bytes((yield from self._take(extra)), "big")
            if wire.length(size)[1:] != size.to_bytes(extra, "big") or size >= 1 << 63:
                raise Broken(1002)  # §5.2: the minimal number of bytes, and the top bit 0
        room = self._limits.packed if self._packed else self._limits.size - len(self._message)
        if not control and size > room:
            raise Broken(1009)
        return size

    def _payload(self, opcode: int, size: int, key: bytes | None) -> Generator[None, None, bytes]:
        payload = b""
        while True:
            piece, self._data = self._data[: size - len(payload)], self._data[size - len(payload) :]
            if key is not None:
                turn = len(payload) % 4
                piece = wire.masked(piece, key[turn:] + key[:turn])
            payload += piece
            self.inside = len(payload)
            if opcode < CLOSE:
                self._add(piece)
            if len(payload) == size:
                self.inside = None
                return payload
            yield

    def _add(self, piece: bytes) -> None:
        data = self._inflated(piece) if self._packed else piece
        self._message += data
        if self._opcode == TEXT:
            if utf8.first_bad(self._rest + data) is not None:
                raise Broken(1007)
            self._rest = unfinished(self._rest + data)

    def _inflated(self, piece: bytes) -> bytes:
        assert self._deflate is not None
        if self._inflater is None:
            self._inflater = zlib.decompressobj(-self._deflate.bits)
        room = self._limits.size - len(self._message)
        try:
            data = self._inflater.decompress(piece, room + 1)
        except zlib.error:
            raise Broken(1007) from None
        if len(data) > room:
            raise Broken(1009)
        return data

    def _end_frame(self, opcode: int, payload: bytes, fin: bool) -> None:
        if opcode >= CLOSE:
            if opcode == CLOSE:
                self.closed = close_verdict(payload)
            self.events.append((opcode, payload))
            return
        if fin and self._packed:
            self._add(_TAIL)
        if fin and self._rest:
            raise Broken(1007)
        self._fragments += 1
        if self._fragments > self._limits.fragments:
            raise Broken(1009)
        if fin:
            self._end_message()

    def _end_message(self) -> None:
        assert self._opcode is not None
        text = self._opcode == TEXT
        self.events.append((self._opcode, self._message.decode() if text else self._message))
        self._opcode = None
        self._packed = False
        self._message = b""
        if self._deflate is not None and self._deflate.fresh:
            self._inflater = None  # RFC 7692 §7.1.1: the next message knows nothing of this one
