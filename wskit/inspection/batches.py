"""Frames by the hundred as one binary message, for the way from a process to its inspector.

The law of this file: whatever bytes come in, ``decode`` returns frames or raises ValueError, and
takes no more memory than some times their size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from struct import error as StructError

from ..protocol.frames import FIN, Direction, FrameRecord
from ..taps import Capture

__all__ = ["LARGEST", "batches", "decode", "encode"]

LARGEST = 1 << 18
"""Bytes of a batch, about: what ``batches`` fills has one payload more at the most."""

_VERSION = 1
_HEAD = Struct("!BHI")  # the version, how many names, how many frames
_NAME = Struct("!H")  # its bytes, which follow
# The time, the number of the name, the first byte of the frame, flags, the lengths on the wire and
# of the payload, and how many bytes of it follow.
_FRAME = Struct("!dHBBQQH")
_OUT, _MASKED = 1, 2
_KEPT = 4096  # bytes of a payload: what a tap is given anyway
_LATEST = 1e11  # seconds: the year 5138; what prints a time takes no more
_MOST = 1 << 63  # as where events are read from JSON


def batches(captures: Iterable[Capture]) -> Iterator[bytes]:
    """Yield the frames in batches of about ``LARGEST`` bytes, in order."""
    chosen: list[Capture] = []
    size = 0
    for capture in captures:
        chosen.append(capture)
        size += _FRAME.size + min(len(capture.frame.payload), _KEPT)
        if size >= LARGEST or len(chosen) == 0xFFFF:
            yield encode(chosen)
            chosen, size = [], 0
    if chosen:
        yield encode(chosen)


def encode(captures: Sequence[Capture]) -> bytes:
    """Return one batch; payloads are cut to 4096 bytes."""
    names: dict[str, int] = {}
    parts = []
    pack, out = _FRAME.pack, Direction.OUT
    for capture in captures:
        frame = capture.frame
        payload = frame.payload[:_KEPT]
        parts.append(
            pack(
                capture.time,
                names.setdefault(capture.connection, len(names)),
                FIN * frame.fin | frame.rsv << 4 | frame.opcode,
                (frame.direction is out) | frame.masked << 1,
                frame.wire_length,
                frame.length,
                len(payload),
            )
        )
        parts.append(payload)
    return b"".join((_HEAD.pack(_VERSION, len(names), len(captures)), *map(_named, names), *parts))


def decode(data: bytes) -> list[Capture]:
    """Return the frames of one batch; raises ValueError for whatever is none."""
    try:
        version, names, frames = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise ValueError(f"batch: is of version {version}, not {_VERSION}")
        at, known = _HEAD.size, []
        for _ in range(names):
            name, at = _name(data, at)
            known.append(name)
        captures = []
        for _ in range(frames):
            capture, at = _capture(data, at, known)
            captures.append(capture)
    except StructError:
        raise ValueError("batch: ends too early") from None
    if at != len(data):
        raise ValueError("batch: goes on after its end")
    return captures


def _named(name: str) -> bytes:
    octets = name.encode("utf-8", "surrogatepass")[:0xFFFF]  # a path may hold any byte
    return _NAME.pack(len(octets)) + octets


def _name(data: bytes, at: int) -> tuple[str, int]:
    (size,) = _NAME.unpack_from(data, at)
    at += _NAME.size
    return _piece(data, at, size).decode("utf-8", "surrogatepass"), at + size


def _capture(data: bytes, at: int, names: Sequence[str]) -> tuple[Capture, int]:
    moment, name, first, flags, wire_length, length, kept = _FRAME.unpack_from(data, at)
    at += _FRAME.size
    if not 0 <= moment < _LATEST:  # NaN is neither
        raise ValueError("batch: a time must be seconds since 1970")
    if name >= len(names):
        raise ValueError(f"batch: has no name {name}")
    if flags & ~(_OUT | _MASKED):
        raise ValueError(f"batch: the flags {flags:#x} are not known")
    if not kept <= length <= _MOST or wire_length > _MOST:
        raise ValueError("batch: a frame has an impossible length")
    frame = FrameRecord(
        Direction.OUT if flags & _OUT else Direction.IN,
        first & 0x0F,
        first >= FIN,
        first >> 4 & 7,
        bool(flags & _MASKED),
        wire_length,
        length,
        _piece(data, at, kept),
    )
    return Capture(moment, names[name], frame), at + kept


def _piece(data: bytes, at: int, size: int) -> bytes:
    piece = data[at : at + size]
    if len(piece) < size:
        raise ValueError("batch: ends too early")
    return piece
