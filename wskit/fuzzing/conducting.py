"""An attack is carried out: its steps, then what shows how the other side took them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ..protocol.opcodes import Side
from .links import Link
from .scripts import Attack, Does, Ending, Step

__all__ = ["CannotOpen", "CannotProbe", "Ground", "Learned", "Outcome", "Reaction", "conduct"]

PROBE = b"wskit fuzz: still there?"
_BRIEF = 0.1  # seconds for what need not come
_PAUSE = 0.3  # seconds for a violation to be answered before a ping asks whether it was accepted


class CannotProbe(ValueError):
    """There is nothing to attack, or it must not be; the text says why, in one line."""


class CannotOpen(Exception):
    """An opening handshake that is right was not answered as it should be."""


class Reaction(StrEnum):
    """What the other side does with a message."""

    ECHO = "echo"
    ANSWER = "answer"
    SILENCE = "silence"
    CLOSE = "close"


@dataclass(slots=True)
class Learned:
    """What the other side is like.

    ``greets``: it speaks first; ``leaves``: it closes without being asked to; ``deflate``: it
    agrees to permessage-deflate.
    """

    text: Reaction = Reaction.SILENCE
    binary: Reaction = Reaction.SILENCE
    greets: bool = False
    leaves: bool = False
    deflate: bool = False

    def all(self, uses: tuple[str, ...], reaction: Reaction) -> bool:
        """Whether every kind of message in ``uses`` meets ``reaction``."""
        return all(getattr(self, kind) is reaction for kind in uses)

    def any(self, uses: tuple[str, ...], reaction: Reaction) -> bool:
        """Whether a kind of message in ``uses`` meets ``reaction``."""
        return any(getattr(self, kind) is reaction for kind in uses)


class Ground(Protocol):
    """Where attacks take place: it makes links and knows the opening handshake."""

    learned: Learned

    def link(self) -> Link:
        """Return a new connection; raise CannotOpen where there is none."""
        ...

    def open(self, link: Link, deflate: bool) -> None:
        """Do the opening handshake; raise CannotOpen where the other side has no part in it."""
        ...

    def filled(self, link: Link, data: bytes) -> bytes:
        """Return ``data`` with what only this place knows filled in."""
        ...

    def begin(self, link: Link) -> bool:
        """Go on with frames if the other side's head allows that; say whether."""
        ...

    def crowd(self, link: Link, step: Step) -> None:
        """Make more connections, which last as long as ``link``."""
        ...


@dataclass(slots=True)
class Outcome:
    """What came of an attack.

    ``began`` says that frames could follow; ``asked`` that a ping went after a violation;
    ``answered`` that a pong came back.
    """

    link: Link
    began: bool = False
    asked: bool = False
    answered: bool = False


def conduct(ground: Ground, attack: Attack) -> Outcome:
    """Do every step of ``attack``, wait for what is expected, close; CannotOpen as Ground does."""
    outcome = Outcome(ground.link())
    outcome.link.answers_close = attack.expects.ending is not Ending.ANSWERED
    try:
        for step in attack.steps:
            _do(ground, outcome, attack, step)
        if not outcome.link.closed:
            _WAITS[attack.expects.ending](ground, outcome, attack)
        return outcome
    finally:
        outcome.link.close()


def _do(ground: Ground, outcome: Outcome, attack: Attack, step: Step) -> None:
    link = outcome.link
    match step.does:
        case Does.OPEN:
            ground.open(link, attack.deflate)
            outcome.began = True
        case Does.HEAD:
            link.send(ground.filled(link, step.data))
        case Does.CROWD:
            ground.crowd(link, step)
        case Does.DRIBBLE:
            data = step.data if outcome.began else ground.filled(link, step.data)
            link.do(Step(Does.DRIBBLE, data, seconds=step.seconds))
        case _:
            link.do(step)


def _until_closed(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    link = outcome.link
    if not link.wait(lambda: _is_closed(link), min(_PAUSE, link.patience)):
        outcome.asked = True
        link.ping(PROBE)
        link.wait(lambda: _is_closed(link) or PROBE in link.pongs)
        outcome.answered = PROBE in link.pongs
    _until_ended_by_server(link)


def _until_answered(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    link = outcome.link
    link.wait(lambda: _is_closed(link))
    _until_ended_by_server(link)


def _until_ended_by_server(link: Link) -> None:
    """After both close frames a server ends TCP at once, for which a client waits (§7.1.1)."""
    if link.close_code is not None and link.side is Side.CLIENT:
        link.wait(lambda: bool(link.ended))


def _until_pong(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    link, expected = outcome.link, attack.expects.messages
    if expected and ground.learned.all(attack.uses, Reaction.ECHO):
        link.wait(lambda: len(link.messages) >= len(expected) or _is_closed(link))
    if not _is_closed(link):
        link.ping(PROBE)
        link.wait(lambda: PROBE in link.pongs or _is_closed(link))
    outcome.answered = PROBE in link.pongs


def _until_head(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    if outcome.link.wait_head():
        outcome.began = ground.begin(outcome.link)
    if outcome.began:
        _until_pong(ground, outcome, attack)


def _until_dropped(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    link = outcome.link
    if ground.begin(link):
        link.wait(lambda: bool(link.ended or link.events))


def _until_ended(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    outcome.link.wait(lambda: bool(outcome.link.ended))


def _briefly(ground: Ground, outcome: Outcome, attack: Attack) -> None:
    link = outcome.link
    if outcome.began:
        link.wait(lambda: _is_closed(link), _BRIEF)
    elif link.wait(lambda: b"\r\n\r\n" in link.head, _BRIEF):
        outcome.began = ground.begin(link)


def _is_closed(link: Link) -> bool:
    return link.silent or link.close_code is not None


_WAITS: dict[Ending, Callable[[Ground, Outcome, Attack], None]] = {
    Ending.CLOSED: _until_closed,
    Ending.ANSWERED: _until_answered,
    Ending.ALIVE: _until_pong,
    Ending.EITHER: _until_pong,
    Ending.REFUSED: _until_head,
    Ending.OPENED: _until_head,
    Ending.DECLINED: _until_head,
    Ending.DROPPED: _until_dropped,
    Ending.ENDED: _until_ended,
    Ending.ANY: _briefly,
}
