"""Attacks as JSON lines, and back."""

from __future__ import annotations

import json

import pytest

from wskit.fuzzing.scripts import Attack, Does, Ending, Expects, Step, read_attack, written_attack

ATTACK = Attack(
    "an attack",
    "RFC 6455 §5.2",
    Expects(Ending.CLOSED, (1002,), (b"\xff",), False, (400,), "Upgrade"),
    (Step(Does.OPEN), Step(Does.SEND, b"\x81", 3), Step(Does.READ, seconds=0.5)),
    "CVE",
    ("text",),
    True,
)


def test_the_lines() -> None:
    first, *steps = map(json.loads, written_attack(ATTACK).splitlines())
    assert (first["attack"], first["expects"], first["codes"]) == ("an attack", "closed", [1002])
    assert steps == [
        {"step": "open"},
        {"step": "send", "data": "81", "times": 3},
        {"step": "read", "seconds": 0.5},
    ]


def test_they_come_back() -> None:
    assert read_attack(written_attack(ATTACK)) == ATTACK


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b"rubbish", b"\xff", b'"a"',
        written_attack(ATTACK) + b"{}",
        written_attack(ATTACK).replace(b'"send"', b'"sing"'),
        written_attack(ATTACK).replace(b'"81"', b'"8"'),
        written_attack(ATTACK).replace(b'"closed"', b'"opaque"'),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no script of an attack"):
        read_attack(data)


def test_with_other_steps() -> None:
    assert ATTACK.with_steps(()).steps == ()
    assert ATTACK.with_steps(()).name == ATTACK.name
