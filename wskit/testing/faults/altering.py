"""Faults that change what arrives: a wrong byte, a frame twice, a frame that is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ... import fields
from ...protocol.opcodes import CLOSE, PONG
from ...relaying.stages import Gate, Item, Stage
from .fault import Direction, Fault, check_direction
from .splitter import FrameStage, Part

__all__ = ["Corrupt", "DropPongs", "Duplicate", "SwallowClose"]


@dataclass(frozen=True)
class Corrupt(Fault):
    """The byte at ``offset`` is XORed with ``flip``.

    ``offset`` counts from the end of the opening handshake, or in the payload of frame number
    ``frame`` (the first is 1); a byte that never comes is not corrupted.
    """

    offset: int
    frame: int | None = field(default=None, kw_only=True)
    flip: int = field(default=0xFF, kw_only=True)
    direction: Direction = field(default="to_server", kw_only=True)

    def __post_init__(self) -> None:
        """Check every field."""
        fields.integer("offset", self.offset, 0)
        if self.frame is not None:
            fields.integer("frame", self.frame, 1)
        fields.integer("flip", self.flip, 1, 255)
        check_direction(self.direction)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return _Corrupting(self, response=response)


class _Corrupting(FrameStage):
    def __init__(self, fault: Corrupt, *, response: bool) -> None:
        super().__init__(response=response)
        self._fault = fault
        self._seen = 0  # bytes behind the HTTP head

    def part(self, part: Part) -> Iterator[Item]:
        index = self._index(part)
        if index is None or not 0 <= index < len(part.data):
            yield part.data
            return
        changed = bytearray(part.data)
        changed[index] ^= self._fault.flip
        yield bytes(changed)

    def _index(self, part: Part) -> int | None:
        offset, frame = self._fault.offset, self._fault.frame
        if part.frame == 0:
            return None
        if frame is None:
            before, self._seen = self._seen, self._seen + len(part.data)
            return offset - before
        if part.frame != frame or part.payload_at is None:
            return None
        return offset - part.payload_at


@dataclass(frozen=True)
class Duplicate(Fault):
    """Frame number ``frame`` (the first is 1) arrives twice, the second right after the first."""

    frame: int = 1
    direction: Direction = field(default="to_server", kw_only=True)

    def __post_init__(self) -> None:
        """Check every field."""
        fields.integer("frame", self.frame, 1)
        check_direction(self.direction)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return _Duplicating(self.frame, response=response)


class _Duplicating(FrameStage):
    def __init__(self, frame: int, *, response: bool) -> None:
        super().__init__(response=response)
        self._frame = frame
        self._copy = b""

    def part(self, part: Part) -> Iterator[Item]:
        yield part.data
        if part.frame == self._frame:
            self._copy += part.data
            if part.last:
                yield self._copy
                self._copy = b""


@dataclass(frozen=True)
class DropPongs(Fault):
    """Pongs are lost, as if the peer did not answer pings."""

    direction: Direction = field(default="both", kw_only=True)

    def __post_init__(self) -> None:
        """Check the direction."""
        check_direction(self.direction)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return _DroppingPongs(response=response)


class _DroppingPongs(FrameStage):
    def part(self, part: Part) -> Iterator[Item]:
        if part.opcode != PONG:
            yield part.data


@dataclass(frozen=True)
class SwallowClose(Fault):
    """The close frame that answers another is lost; ``direction`` says which way it would go.

    The sender then ends the stream as it always does, and that is seen; with ``silent`` nothing is
    seen any more, as if the answer took for ever.
    """

    silent: bool = field(default=False, kw_only=True)
    direction: Direction = field(default="both", kw_only=True)

    def __post_init__(self) -> None:
        """Check every field."""
        fields.boolean("silent", self.silent)
        check_direction(self.direction)

    def stage(self, *, response: bool) -> Stage:
        """Return a stage for a direction that knows nothing of the other, so it loses nothing."""
        return _SwallowingClose(set(), self, response=response)

    def stages(self) -> tuple[Stage, Stage]:
        """Return new stages for one connection; each watches for the close of the other."""
        closed: set[bool] = set()
        return (
            _SwallowingClose(closed, self, response=False),
            _SwallowingClose(closed, self, response=True),
        )


class _SwallowingClose(FrameStage):
    def __init__(self, closed: set[bool], fault: SwallowClose, *, response: bool) -> None:
        super().__init__(response=response)
        self._closed = closed  # the directions in which a close frame was sent first
        self._response = response
        self._silent = fault.silent
        self._swallows = fault.direction in ("both", "to_client" if response else "to_server")

    def part(self, part: Part) -> Iterator[Item]:
        if part.opcode != CLOSE:
            yield part.data
            return
        if not self._swallows or (not self._response) not in self._closed:
            self._closed.add(self._response)
            yield part.data
        elif part.last and self._silent:
            yield Gate()  # nobody has the key
