"""What an outcome is worth: faults, each by the name of its check and the section it is from.

The law of this file: what an RFC says MUST be is a finding where it is missed, everything else a
note; where a reset or silence takes the place of a close frame, its code cannot be told, so a reset
is a finding, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..protocol.opcodes import CLOSE, Side
from .conducting import Learned, Outcome, Reaction
from .heads import Head, parsed
from .scripts import Attack, Does, Ending

__all__ = ["Fault", "judged"]

_LEAVING = (1000, 1001, 1005)  # the codes of who is done
_MUCH = 1 << 16  # bytes that cannot all have been read when the connection is closed


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was wrong; ``must`` False makes it a note.

    ``gathered`` says that many attacks may have led to it, not only the one it came after.
    """

    check: str
    detail: str
    source: str
    must: bool = True
    gathered: bool = False


def judged(attack: Attack, outcome: Outcome, learned: Learned, key: str) -> list[Fault]:
    """Return what ``outcome`` shows; ``key`` is that of the request for a server's 101, else ""."""
    faults = []
    if outcome.link.illegal is not None:
        detail = f"what came back breaks the protocol: {outcome.link.illegal}"
        faults.append(Fault("legal frames", detail, "RFC 6455 §5"))
    else:
        faults += _JUDGES[attack.expects.ending](attack, outcome, learned)
    given = attack.expects.ending is not Ending.REFUSED  # else the key may be another, or none
    if outcome.began and key and given and attack.steps[0].does is not Does.OPEN:
        faults += _judged_101(parsed(outcome.link.head), key)
    return faults


def _fault(attack: Attack, check: str, detail: str, source: str = "", must: bool = True) -> Fault:
    return Fault(check, detail, source or attack.section, must and attack.expects.must)


def _judged_101(head: Head, key: str) -> list[Fault]:
    return [Fault("a right 101", detail, "RFC 6455 §4.2.2") for detail in head.faults(key)]


def _closed(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    link, codes = outcome.link, attack.expects.codes
    if link.close_code is not None:
        faults = []
        if link.close_code not in codes and not (learned.leaves and link.close_code in _LEAVING):
            detail = f"closed with {link.close_code}, expected {_or(codes)}"
            faults.append(_fault(attack, f"close code {codes[0]}", detail))
        return faults + _judged_end(outcome)
    if link.ended == "reset":
        return [_judged_reset(attack, outcome)]
    if link.ended:
        detail = "the connection ended without a close frame"
        return [_fault(attack, "close frame", detail, "RFC 6455 §7.1.7", must=False)]
    if outcome.answered or link.events:
        came = "a ping was answered after it" if outcome.answered else "messages came after it"
        return [_fault(attack, "fails the connection", f"it was accepted: {came}")]
    detail = f"neither an answer nor an end within {link.patience:g} s"
    return [_fault(attack, "fails in time", detail)]


def _answered(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    link, codes = outcome.link, attack.expects.codes
    if link.close_code is None:
        if link.ended == "reset":
            return [_judged_reset(attack, outcome)]
        how = link.ended or f"nothing within {link.patience:g} s"
        detail = f"a close frame was not answered with one: {how}"
        return [_fault(attack, "answers a close", detail, "RFC 6455 §5.5.1")]
    faults = _judged_end(outcome)
    if link.close_code not in codes:
        detail = f"answered with {link.close_code}, not with the code that came"
        faults.append(_fault(attack, "echo of the close code", detail, "", must=False))
    if link.messages and not learned.greets:
        detail = f"{len(link.messages)} messages came back for what was sent after a close"
        faults.append(_fault(attack, "nothing after a close", detail, "RFC 6455 §1.4"))
    return faults


def _alive(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    if learned.leaves or learned.any(attack.uses, Reaction.CLOSE):
        return []  # the application does that, not the protocol
    if not outcome.answered:
        detail = _how(outcome)
        silent = detail.startswith("silent")
        return [_fault(attack, "answers in time" if silent else "stays open", detail)]
    return _judged_echo(attack, outcome, learned)


def _either(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    link, codes = outcome.link, attack.expects.codes
    if outcome.answered or learned.leaves or learned.any(attack.uses, Reaction.CLOSE):
        return []
    if link.close_code is not None:
        if link.close_code in codes:
            return []
        detail = f"closed with {link.close_code}, expected {_or(codes)}"
        return [_fault(attack, f"close code {codes[0]}", detail, must=False)]
    if link.ended:
        detail = f"{link.ended}, without a close frame"
        return [_fault(attack, "close frame", detail, "RFC 6455 §7.1.7", must=False)]
    return [_fault(attack, "answers in time", _how(outcome))]


def _refused(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    expects, head = attack.expects, parsed(outcome.link.head)
    if head.status == 101:
        return [_fault(attack, "refuses", "the request was accepted with 101")]
    if not head.status:
        how = outcome.link.ended or f"nothing within {outcome.link.patience:g} s"
        must = outcome.link.sent <= _MUCH
        return [_fault(attack, "refuses with a status", f"no HTTP response: {how}", must=must)]
    faults = []
    if expects.header and expects.header not in head.headers:
        detail = f"{head.status} without {expects.header}"
        faults.append(_fault(attack, f"refuses with {expects.header}", detail))
    if expects.statuses and head.status not in expects.statuses:
        detail = f"refused with {head.status}, better {_or(expects.statuses)}"
        faults.append(_fault(attack, "status", detail, must=False))
    return faults


def _opened(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    if outcome.answered or learned.leaves:
        return []
    head = parsed(outcome.link.head)
    if head.status and head.status != 101:
        return [_fault(attack, "accepts", f"refused with {head.status}")]
    return [_fault(attack, "accepts", _how(outcome))]


def _declined(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    head = parsed(outcome.link.head)
    answer = ", ".join(head.headers.get_all("sec-websocket-extensions"))
    if head.status == 101 and answer:
        return [_fault(attack, "declines", f"agreed to {answer!r}")]
    if head.status == 101 or not head.status:
        return _opened(attack, outcome, learned)
    return []


def _dropped(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    link = outcome.link
    if any(opcode != CLOSE for opcode, _ in link.events):
        return [_fault(attack, "fails the handshake", "frames came after it")]
    if not link.ended:
        detail = f"the connection was not ended within {link.patience:g} s"
        return [_fault(attack, "fails in time", detail)]
    return []


def _ended(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    if outcome.link.ended:
        return []
    detail = f"open {outcome.link.patience:g} s after the end of what was sent"
    return [_fault(attack, "ends in time", detail)]


def _anything(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    return []


def _judged_end(outcome: Outcome) -> list[Fault]:
    if outcome.link.ended or outcome.link.side is Side.SERVER:
        return []
    detail = f"open {outcome.link.patience:g} s after both close frames"
    return [Fault("ends in time", detail, "RFC 6455 §5.5.1")]


def _judged_reset(attack: Attack, outcome: Outcome) -> Fault:
    # What is closed with input unread is reset by the system: after much that cannot be helped,
    # nor where this end sent a ping in between.
    fair = not outcome.asked and outcome.link.sent <= _MUCH
    return _fault(
        attack,
        "closes, not resets",
        "reset where a close frame was due",
        "RFC 6455 §7.1.7",
        must=fair,
    )


def _judged_echo(attack: Attack, outcome: Outcome, learned: Learned) -> list[Fault]:
    expected, came = list(attack.expects.messages), outcome.link.messages
    if not expected or not learned.all(attack.uses, Reaction.ECHO):
        return []
    if came == expected or (learned.greets and came[-len(expected) :] == expected):
        return []
    detail = f"{len(expected)} messages were sent, {len(came)} came back"
    if len(came) == len(expected):
        detail = "what came back is not what was sent"
    return [_fault(attack, "echo", detail)]


def _how(outcome: Outcome) -> str:
    link = outcome.link
    if link.close_code is not None:
        return f"closed with {link.close_code}"
    if link.ended:
        return f"the connection ended: {link.ended}"
    return f"silent for {link.patience:g} s"


def _or(codes: tuple[int, ...]) -> str:
    return " or ".join(map(str, codes))


_JUDGES: dict[Ending, Callable[[Attack, Outcome, Learned], list[Fault]]] = {
    Ending.CLOSED: _closed,
    Ending.ANSWERED: _answered,
    Ending.ALIVE: _alive,
    Ending.EITHER: _either,
    Ending.REFUSED: _refused,
    Ending.OPENED: _opened,
    Ending.DECLINED: _declined,
    Ending.DROPPED: _dropped,
    Ending.ENDED: _ended,
    Ending.ANY: _anything,
}
