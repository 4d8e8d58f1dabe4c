"""The catalogue of attacks: what each sends, what must come of it, which RFC says so."""

from __future__ import annotations

from functools import cache

from ...protocol.opcodes import Side
from ..scripts import Attack
from ..wire import Speaker
from .answers import answers
from .closing import closing
from .deflating import deflating
from .framing import framing
from .messages import messages
from .openings import openings

__all__ = ["catalogue"]


@cache
def catalogue(against: Side) -> tuple[Attack, ...]:
    """Return every attack on that side, in a fixed order; their names are all different."""
    say = Speaker(masked=against is Side.SERVER)
    first = openings() if against is Side.SERVER else answers()
    return (*first, *framing(say), *messages(say), *closing(say), *deflating(say))
