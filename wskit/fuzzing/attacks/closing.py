"""Attacks on the closing handshake (RFC 6455 §5.5.1, §7): codes, reasons, what comes after."""

from __future__ import annotations

from ..scripts import Attack, Does, Ending, Expects, Step
from ..wire import Speaker, pattern
from .building import attack, closed

__all__ = ["closing"]

_GOOD = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
_LATER = (1012, 1013, 1014)  # of the IANA registry
_BAD = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)


def closing(say: Speaker) -> list[Attack]:
    """Return the attacks that one side makes, speaking by ``say``."""
    return [*_codes(say), *_reasons(say), *_after(say)]


def _answered(*codes: int, must: bool = True) -> Expects:
    return Expects(Ending.ANSWERED, codes, must=must)


def _codes(say: Speaker) -> list[Attack]:
    attacks = [
        attack(f"close: code {code}", "5.5.1", _answered(code), say.close(code)) for code in _GOOD
    ]
    attacks += [
        attack(f"close: code {code}", "7.4.2", _answered(code, 1002, must=False), say.close(code))
        for code in _LATER
    ]
    attacks += [
        # §7.4.1 says what may not be sent, and not what to do about it.
        attack(
            f"close: code {code}",
            "7.4",
            closed(1002, must=False),
            say.close(code),
            case="playframework#14051",
        )
        for code in _BAD
    ]
    attacks.append(attack("close: no code", "5.5.1", _answered(1005, 1000), say.frame(8)))
    one = say.frame(8, b"\x03")
    case = "playframework#14143; ws CVE-2026-45736"
    attacks.append(attack("close: payload of 1 byte", "5.5.1", closed(1002), one, case=case))
    return attacks


def _reasons(say: Speaker) -> list[Attack]:
    longest = pattern(123)
    attacks = [
        attack("close: reason of 123 bytes", "5.5", _answered(1000), say.close(1000, longest)),
        attack(
            "close: reason of two scripts",
            "5.5.1",
            _answered(1000),
            say.close(1000, "grün 終".encode()),
        ),
        attack(
            "close: reason of 124 bytes",
            "5.5",
            closed(1002),
            say.close(1000, longest + b"!"),
            case="playframework#14051",
        ),
    ]
    for name, reason in {"FF": b"\xff", "cut": b"caf\xc3", "a surrogate": b"\xed\xa0\x80"}.items():
        frame = say.close(1000, b"bye " + reason)
        attacks.append(
            attack(f"close: reason is not UTF-8: {name}", "5.5.1", closed(1007, 1002), frame)
        )
    return attacks


def _after(say: Speaker) -> list[Attack]:
    bye, late = say.close(1000), say.frame(1, b"too late")
    return [
        attack("close: text after it", "5.5.1", _answered(1000), bye + late),
        attack("close: ping after it", "5.5.1", _answered(1000), bye + say.frame(9, b"late")),
        attack("close: twice", "5.5.1", _answered(1000), bye + say.close(1001)),
        attack("close: rubbish after it", "5.5.1", _answered(1000), bye + b"\xff" * 64),
        attack("close: 64 KiB after it", "5.5.1", _answered(1000), bye + b"\xff" * 65536),
        attack("close: in a message", "5.4", _answered(1000), say.frame(1, b"a", fin=False) + bye),
        attack("close: byte by byte", "5.5.1", _answered(1000), Step(Does.DRIBBLE, bye)),
        attack("close: half a close frame", "7.1.5", Expects(Ending.ANY), bye[:3], Step(Does.CUT)),
        attack("close: then half-close", "7.1.1", _answered(1000), bye, Step(Does.SHUT)),
        attack("close: then reset", "7.1.5", Expects(Ending.ANY), bye, Step(Does.RESET)),
    ]
