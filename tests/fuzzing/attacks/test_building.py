"""The words that attacks are written in."""

from __future__ import annotations

from wskit.fuzzing.attacks.building import (
    ALIVE,
    DEFLATE,
    alive,
    attack,
    closed,
    either,
    listen,
    opened,
    send,
)
from wskit.fuzzing.scripts import Does, Ending, Expects, Step


def test_an_attack() -> None:
    made = attack("a", "5.2", closed(1002), b"ab", send(b"c", 3), uses="text binary", case="CVE")
    assert made.section == "RFC 6455 §5.2"
    assert made.classname == "rfc6455.5_2"
    assert made.steps == (opened(), Step(Does.SEND, b"ab"), Step(Does.SEND, b"c", 3))
    assert made.uses == ("text", "binary")
    assert (made.case, made.deflate) == ("CVE", False)


def test_an_attack_on_another_rfc_under_deflate() -> None:
    made = attack("a", "7692 7.2", ALIVE, listen(0.5), deflate=True)
    assert made.section == "RFC 7692 §7.2"
    assert made.steps == (Step(Does.OPEN, DEFLATE), Step(Does.READ, seconds=0.5))


def test_what_is_expected() -> None:
    assert closed(1002, 1007, must=False) == Expects(Ending.CLOSED, (1002, 1007), must=False)
    assert alive(b"a") == Expects(Ending.ALIVE, messages=(b"a",))
    assert either(1009) == Expects(Ending.EITHER, (1009,))
