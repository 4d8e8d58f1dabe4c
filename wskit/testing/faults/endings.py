"""Faults that end a connection before its time: Cut, HalfClose, Reset."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import ClassVar

from ... import fields
from ...relaying.stages import Ending, Stage
from .fault import Direction, Fault, check_direction
from .places import AfterBytes, AfterFrames, AtPlace, Place

__all__ = ["Breaking", "Cut", "HalfClose", "Reset"]


@dataclass(frozen=True)
class Breaking(Fault):
    """What Cut, HalfClose and Reset have in common: the place where it happens.

    That is after so many bytes (``handshake``: HTTP head included) or ``frames``; with neither, at
    a random one of the first ``within`` bytes, made from ``seed``. ``repr`` shows seed and place.
    """

    after: int | None = None
    frames: int | None = field(default=None, kw_only=True)
    seed: int | None = field(default=None, kw_only=True)
    within: int = field(default=1024, kw_only=True)
    handshake: bool = field(default=False, kw_only=True)
    direction: Direction = field(default="to_server", kw_only=True)
    ending: ClassVar[Ending]

    def __post_init__(self) -> None:
        """Check every field; choose the place if it is left open."""
        check_direction(self.direction)
        fields.boolean("handshake", self.handshake)
        fields.integer("within", self.within, 1)
        if self.seed is not None:
            fields.integer("seed", self.seed, 0)
        if self.frames is not None:
            fields.integer("frames", self.frames, 0)
            if self.after is not None or self.handshake:
                raise ValueError("frames: cannot go with after or handshake")
        elif self.after is None:
            seed = int.from_bytes(os.urandom(4), "big") if self.seed is None else self.seed
            object.__setattr__(self, "seed", seed)
            object.__setattr__(self, "after", random.Random(seed).randrange(self.within))
        else:
            fields.integer("after", self.after, 0)

    def stage(self, *, response: bool) -> Stage:
        """Return a new stage."""
        return AtPlace(self._place(), self.ending, response=response, goes_on=False)

    def _place(self) -> Place:
        if self.frames is not None:
            return AfterFrames(self.frames)
        assert self.after is not None
        return AfterBytes(self.after, handshake=self.handshake)


class Cut(Breaking):
    """The connection ends without a close frame: end of stream in both directions."""

    ending = Ending.CUT


class HalfClose(Breaking):
    """One direction ends (FIN) and what is still sent that way is lost; the other goes on."""

    ending = Ending.END


class Reset(Breaking):
    """Both ends get RST; over a socket pair that would be an end of stream, so it implies TCP."""

    ending = Ending.RESET
    needs_tcp = True
