"""Frames for tests, legal and illegal, made and read without any code of wskit (RFC 6455 §5.2)."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from itertools import cycle
from operator import xor
from typing import NamedTuple

__all__ = [
    "BINARY",
    "CLIENT",
    "CLOSE",
    "CONTINUATION",
    "KEY",
    "PING",
    "PONG",
    "SERVER",
    "TEXT",
    "Frame",
    "Peer",
    "bytewise",
    "deflated",
    "frames",
    "masked",
    "shredded",
]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = bytes.fromhex("01020304")


class Frame(NamedTuple):
    """One frame as it was on the wire; ``payload`` is unmasked, ``rsv`` 0..7 with RSV1 as 4."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0
    key: bytes | None = None


@dataclass(frozen=True)
class Peer:
    """The other end of the connection under test: it masks with ``key``, or not at all."""

    key: bytes | None

    def frame(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        rsv: int = 0,
        size: int | None = None,
        form: int | None = None,
    ) -> bytes:
        """Make any frame; ``size`` is announced instead of the true one, in a ``form`` of 7..64."""
        first = bytes([fin << 7 | rsv << 4 | opcode])
        rest = length(len(payload) if size is None else size, form)
        if self.key is None:
            return first + rest + payload
        return first + bytes([rest[0] | 0x80]) + rest[1:] + self.key + masked(payload, self.key)

    def text(self, data: str | bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
        payload = data.encode() if isinstance(data, str) else data
        return self.frame(TEXT, payload, fin=fin, rsv=rsv)

    def binary(self, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
        return self.frame(BINARY, payload, fin=fin, rsv=rsv)

    def more(self, payload: bytes = b"", *, fin: bool = False) -> bytes:
        """Make a continuation."""
        return self.frame(CONTINUATION, payload, fin=fin)

    def last(self, payload: bytes = b"") -> bytes:
        """Make the continuation that ends a message."""
        return self.more(payload, fin=True)

    def ping(self, payload: bytes = b"") -> bytes:
        return self.frame(PING, payload)

    def pong(self, payload: bytes = b"") -> bytes:
        return self.frame(PONG, payload)

    def close(self, code: int | None = None, reason: bytes = b"") -> bytes:
        start = b"" if code is None else code.to_bytes(2, "big")
        return self.frame(CLOSE, start + reason)


CLIENT = Peer(KEY)  # what a server hears
SERVER = Peer(None)  # what a client hears


def length(size: int, form: int | None = None) -> bytes:
    """Encode a payload length, in its shortest form unless ``form`` says which."""
    if form == 7 or (form is None and size < 126):
        return bytes([size])
    if form == 16 or (form is None and size < 65536):
        return bytes([126]) + size.to_bytes(2, "big")
    return bytes([127]) + size.to_bytes(8, "big")


def masked(payload: bytes, key: bytes) -> bytes:
    """XOR byte ``i`` with byte ``i % 4`` of the key (§5.3)."""
    return bytes(map(xor, payload, cycle(key)))


def frames(stream: bytes) -> list[Frame]:
    """Read whole frames; ValueError where one is cut off."""
    found, at = [], 0
    while at < len(stream):
        first, second = stream[at], stream[at + 1]
        extra = {126: 2, 127: 8}.get(second & 0x7F, 0)
        at += 2
        size = int.from_bytes(stream[at : at + extra], "big") if extra else second & 0x7F
        at += extra
        key = stream[at : at + 4] if second & 0x80 else None
        at += len(key or b"")
        payload = stream[at : at + size]
        if len(payload) != size:
            raise ValueError(f"{size} bytes announced, {len(payload)} there")
        at += size
        payload = masked(payload, key) if key is not None else payload
        found.append(Frame(first & 15, payload, first >= 0x80, first >> 4 & 7, key))
    return found


def deflated(*pieces: bytes, bits: int = 15, level: int = 6) -> list[bytes]:
    """Compress one message in as many fragments as there are pieces (RFC 7692 §7.2.1)."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -bits)
    made = [compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    made[-1] = made[-1][:-4]
    return made


def bytewise(stream: bytes) -> list[bytes]:
    """Cut ``stream`` into single bytes."""
    return [stream[at : at + 1] for at in range(len(stream))]


def shredded(stream: bytes, source: random.Random) -> list[bytes]:
    """Cut ``stream`` at random: many tiny pieces, some large ones."""
    pieces, at = [], 0
    while at < len(stream):
        size = source.choice((1, 2, 3, source.randint(1, 40), source.randint(1, 4000)))
        pieces.append(stream[at : at + size])
        at += size
    return pieces
