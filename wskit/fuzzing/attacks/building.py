"""How attacks are written down: short words for steps and for what must come of them."""

from __future__ import annotations

from ..scripts import Attack, Does, Ending, Expects, Step

__all__ = [
    "ALIVE",
    "DEFLATE",
    "TOO_BIG",
    "alive",
    "attack",
    "closed",
    "either",
    "listen",
    "opened",
    "send",
]

DEFLATE = b"permessage-deflate; client_max_window_bits"
TOO_BIG = (1009, 1008)  # what a limit is answered with (RFC 6455 §7.4.1)


def opened(offer: bytes = b"") -> Step:
    """The opening handshake, with ``offer`` of extensions."""
    return Step(Does.OPEN, offer)


def send(data: bytes, times: int = 1) -> Step:
    """Send ``data``, ``times`` times."""
    return Step(Does.SEND, data, times)


def listen(seconds: float) -> Step:
    """Take what comes in ``seconds``, or until something has come."""
    return Step(Does.READ, seconds=seconds)


def closed(*codes: int, must: bool = True) -> Expects:
    """The connection fails with one of ``codes``."""
    return Expects(Ending.CLOSED, codes, must=must)


def alive(*messages: bytes, must: bool = True) -> Expects:
    """The connection stays open; ``messages`` come back where messages do."""
    return Expects(Ending.ALIVE, messages=messages, must=must)


def either(*codes: int, must: bool = True) -> Expects:
    """The connection stays open, or fails with one of ``codes``, as the other side likes."""
    return Expects(Ending.EITHER, codes, must=must)


ALIVE = alive()


def attack(
    name: str,
    section: str,
    expects: Expects,
    *sent: bytes | Step,
    case: str = "",
    uses: str = "",
    deflate: bool = False,
) -> Attack:
    """An attack on an open connection: bytes are sent as they are, each by itself.

    ``section`` is one of RFC 6455, or has the RFC's number before it; ``uses`` has kinds of
    message.
    """
    steps = tuple(send(part) if isinstance(part, bytes) else part for part in sent)
    rfc, _, number = section.rpartition(" ")
    where = f"RFC {rfc or '6455'} §{number}"
    first = opened(DEFLATE if deflate else b"")
    return Attack(name, where, expects, (first, *steps), case, tuple(uses.split()), deflate)
