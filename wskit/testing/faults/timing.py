"""Faults of time: bytes come in small pieces, late, slowly, or not until they are released."""

from __future__ import annotations

import math
import os
import random
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from ... import fields
from ...relaying.stages import Gate, Item, Stage, Wait
from ..timeouts import Patience
from .fault import Direction, Fault, check_direction
from .places import AfterBytes, AtPlace, InFrame, Place

__all__ = ["Delay", "Dribble", "SlowReader", "Stall", "Throttle"]

_SLICE = 0.01  # seconds of sending that a throttled stream gives out at once


@dataclass(frozen=True)
class Delay(Fault):
    """Every piece is sent ``seconds`` after it came, or after the piece before it was sent.

    A piece is what was read at once, or what the fault before this one made of it.
    """

    seconds: float
    direction: Direction = field(default="both", kw_only=True)

    def __post_init__(self) -> None:
        """Check every field."""
        fields.seconds("seconds", self.seconds)
        check_direction(self.direction)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return _Delaying(self.seconds)


class _Delaying:
    def __init__(self, seconds: float) -> None:
        self._wait = Wait(seconds)

    def pass_on(self, data: bytes) -> Iterator[Item]:
        yield self._wait
        yield data


@dataclass(frozen=True)
class Dribble(Fault):
    """The stream is sent in pieces of ``sizes`` bytes: one size, or several in turn.

    ``sizes`` None makes random ones up to ``most`` from ``seed``, which ``repr`` shows. The system
    may join what the reader is slow to take: ``pause`` seconds between pieces keep them apart.
    """

    sizes: int | Sequence[int] | None = 1
    pause: float = field(default=0.0, kw_only=True)
    most: int = field(default=16, kw_only=True)
    seed: int | None = field(default=None, kw_only=True)
    direction: Direction = field(default="both", kw_only=True)

    def __post_init__(self) -> None:
        """Check every field; choose the seed if it is left open."""
        check_direction(self.direction)
        fields.seconds("pause", self.pause, zero=True)
        fields.integer("most", self.most, 1)
        if self.seed is not None:
            fields.integer("seed", self.seed, 0)
        if self.sizes is None:
            seed = int.from_bytes(os.urandom(4), "big") if self.seed is None else self.seed
            object.__setattr__(self, "seed", seed)
            return
        sizes = [self.sizes] if isinstance(self.sizes, int) else self.sizes
        fields.sequence("sizes", sizes)
        if not sizes:
            raise ValueError("sizes: must not be empty")
        for size in sizes:
            fields.integer("sizes", size, 1)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return _Dribbling(self._sizes(), self.pause)

    def _sizes(self) -> Iterator[int]:
        if self.sizes is None:
            chance = random.Random(self.seed)
            return iter(lambda: chance.randint(1, self.most), 0)
        return cycle([self.sizes] if isinstance(self.sizes, int) else self.sizes)


class _Dribbling:
    def __init__(self, sizes: Iterator[int], pause: float) -> None:
        self._sizes = sizes
        self._left = next(sizes)  # bytes of the piece that is under way
        self._pause = pause

    def pass_on(self, data: bytes) -> Iterator[Item]:
        while data:
            piece, data = data[: self._left], data[self._left :]
            yield piece
            self._left -= len(piece)
            if not self._left:
                self._left = next(self._sizes)
                if self._pause:
                    yield Wait(self._pause)


@dataclass(frozen=True)
class Throttle(Fault):
    """At most ``rate`` bytes per second go through; a sender that is faster feels it."""

    rate: float
    direction: Direction = field(default="both", kw_only=True)

    def __post_init__(self) -> None:
        """Check every field."""
        if isinstance(self.rate, bool) or not isinstance(self.rate, int | float):
            raise TypeError(f"rate: must be a number, not {type(self.rate).__name__}")
        if not math.isfinite(self.rate) or self.rate <= 0:
            raise ValueError(f"rate: must be more than 0 bytes per second, not {self.rate}")
        check_direction(self.direction)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return _Throttling(self.rate)


class _Throttling:
    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._size = max(1, int(rate * _SLICE))

    def pass_on(self, data: bytes) -> Iterator[Item]:
        for start in range(0, len(data), self._size):
            piece = data[start : start + self._size]
            yield piece
            yield Wait(len(piece) / self._rate)


class _Holding(Fault):
    """What Stall and SlowReader have in common: a gate, shared by all connections."""

    _gate: Gate

    def release(self) -> None:
        """Let go on what is held, on every connection, and hold nothing any more."""
        self._gate.release()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until a connection is held; AssertionError after ``timeout`` seconds.

        None stands for the default of the test.
        """
        __tracebackhide__ = True
        patience = Patience(timeout)
        while not self._gate.wait(patience.left):
            if not patience.left:
                raise AssertionError(f"expected {self} to hold a connection within {patience}")

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return AtPlace(self._place(), self._gate, response=response, goes_on=True)

    @abstractmethod
    def _place(self) -> Place:
        """Return where it holds; each kind has its own."""


@dataclass(frozen=True)
class Stall(_Holding):
    """Nothing goes through after ``after`` bytes of frame number ``frame``, until ``release()``.

    The first frame after the opening handshake is 1; its header counts. While it is stalled the
    connection is not read either.
    """

    frame: int = 1
    after: int = field(default=1, kw_only=True)
    direction: Direction = field(default="to_server", kw_only=True)
    _gate: Gate = field(default_factory=Gate, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every field."""
        fields.integer("frame", self.frame, 1)
        fields.integer("after", self.after, 1)
        check_direction(self.direction)

    def _place(self) -> Place:
        return InFrame(self.frame, self.after)


@dataclass(frozen=True)
class SlowReader(_Holding):
    """The receiving end reads no more than ``after`` bytes behind the opening handshake.

    So the buffers of the system fill up (some 100 KB) and the sender has to wait, until
    ``release()``. By default the reader is the client.
    """

    after: int = 0
    direction: Direction = field(default="to_client", kw_only=True)
    _gate: Gate = field(default_factory=Gate, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every field."""
        fields.integer("after", self.after, 0)
        check_direction(self.direction)

    def _place(self) -> Place:
        return AfterBytes(self.after, handshake=False)
