"""Where frames begin and end in raw bytes (RFC 6455 §5.2), without a look at what they mean.

The law of this file: every byte that comes in goes out at once, unchanged and in order, so what
breaks the protocol passes as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...relaying.extents import header_size, payload_size
from ...relaying.stages import Item

__all__ = ["FrameStage", "Part", "Splitter"]

_HEAD_END = b"\r\n\r\n"
_SWITCHING = b"HTTP/1.1 101"


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one frame's header, of its payload, or of the HTTP head; never of two."""

    data: bytes
    frame: int  # 1 is the first; 0 for the HTTP head
    opcode: int = 0
    at: int = 0  # of the first byte in its frame, header included
    payload_at: int | None = None  # of the first byte in the payload; None in headers
    last: bool = False  # the frame, or the head, ends with it


class Splitter:
    """Cuts one direction of a connection into parts, from its first byte."""

    def __init__(self, *, response: bool) -> None:
        """``response``: to the client; if that is no 101 there are no frames behind the head."""
        self._response = response
        self._start = b""  # of the head, as much as tells a 101
        self._tail = b""  # of the head, as much as may be a part of its end
        self._opened = False
        self._refused = False
        self._frame = 0
        self._header = b""  # of the frame that is under way, as far as it has come
        self._left = 0  # bytes of its payload that are to come, once the header is whole
        self._payload_at = 0

    def split(self, data: bytes) -> Iterator[Part]:
        """Yield ``data`` in parts."""
        if not self._opened:
            size = self._head_size(data)
            if size:
                yield Part(data[:size], 0, last=self._opened)
            data = data[size:]
        while data:
            part = self._payload(data) if self._left else self._header_part(data)
            yield part
            data = data[len(part.data) :]

    def _head_size(self, data: bytes) -> int:
        if self._refused:
            return len(data)  # a body, if anything
        self._start += data[: len(_SWITCHING) - len(self._start)]
        before, seen = len(self._tail), self._tail + data
        end = seen.find(_HEAD_END)
        self._tail = seen[-3:]
        if end >= 0:
            self._refused = self._response and self._start != _SWITCHING
            self._opened = not self._refused
        return end + len(_HEAD_END) - before if self._opened else len(data)

    def _header_part(self, data: bytes) -> Part:
        if not self._header:
            self._frame += 1
        at, header = len(self._header), self._header
        while len(header) < header_size(header) and len(header) - at < len(data):
            header += data[len(header) - at : header_size(header) - at]
        whole = len(header) == header_size(header)
        part = Part(
            header[at:], self._frame, header[0] & 15, at, last=whole and not payload_size(header)
        )
        self._header = b"" if part.last else header
        if whole and not part.last:
            self._left, self._payload_at = payload_size(header), 0
        return part

    def _payload(self, data: bytes) -> Part:
        data = data[: self._left]
        self._left -= len(data)
        header, at = self._header, self._payload_at
        self._payload_at += len(data)
        if not self._left:
            self._header = b""
        return Part(data, self._frame, header[0] & 15, len(header) + at, at, last=not self._left)


class FrameStage(ABC):
    """A stage that sees parts; what it gives of one read is one piece again."""

    def __init__(self, *, response: bool) -> None:
        """``response``: for what goes to the client."""
        self._splitter = Splitter(response=response)

    @abstractmethod
    def part(self, part: Part) -> Iterable[Item]:
        """Return what becomes of ``part``."""

    def pass_on(self, data: bytes) -> Iterator[Item]:
        """Yield what becomes of ``data``."""
        piece: list[bytes] = []
        for part in self._splitter.split(data):
            for item in self.part(part):
                if isinstance(item, bytes):
                    piece.append(item)
                    continue
                if joined := b"".join(piece):
                    yield joined
                piece.clear()
                yield item
        if joined := b"".join(piece):
            yield joined
