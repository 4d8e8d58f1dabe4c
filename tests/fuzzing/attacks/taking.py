"""What our own core makes of an attack, without sockets: the catalogue is held against it."""

from __future__ import annotations

from tests.protocol.driving import Outcome, end, feed
from wskit.fuzzing.scripts import Attack, Does, Ending
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side

__all__ = ["check", "sent", "taken"]


def sent(attack: Attack) -> list[bytes]:
    """Give all that is sent after the opening handshake."""
    pieces = []
    for step in attack.steps:
        if step.does is Does.DRIBBLE:
            pieces += [bytes([byte]) for byte in step.data]
        elif step.does is Does.SEND:
            pieces += [step.data * min(step.times, 64)] * -(-step.times // 64)
    return pieces


def taken(attack: Attack, against: Side) -> Outcome:
    """Give what an end of wskit makes of it; it answers as RFC 6455 wants."""
    agreed = DeflateParameters() if attack.deflate else None
    return feed(end(against, max_message_size=1 << 17, deflate=agreed), sent(attack))


def check(attack: Attack, against: Side) -> None:
    """Hold what is expected against it; what is no MUST may come otherwise."""
    outcome, expects = taken(attack, against), attack.expects
    got = [data.encode() if isinstance(data, str) else data for data in outcome.messages]
    match expects.ending:
        case Ending.CLOSED if expects.must or outcome.code is not None:
            assert outcome.code in expects.codes
        case Ending.ANSWERED:
            assert outcome.error is None
            assert outcome.events[-1][0] == 8
        case Ending.ALIVE:
            assert outcome.error is None
            assert got == list(expects.messages) or not expects.messages
        case Ending.EITHER:
            assert outcome.code in (None, *expects.codes)
