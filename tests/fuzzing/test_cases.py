"""What became of each attack."""

from __future__ import annotations

from wskit.fuzzing.attacks.building import attack, closed
from wskit.fuzzing.cases import Case, Cases, ProbeReport
from wskit.fuzzing.findings import Exit
from wskit.fuzzing.scripts import written_attack
from wskit.fuzzing.verdicts import Fault

ONE, OTHER = (attack(name, "5.2", closed(1002), b"a") for name in ("one", "other"))
FOUND = Fault("close code 1002", "closed with 1000", "RFC 6455 §5.2")
NOTED = Fault("close frame", "no close frame", "RFC 6455 §7.1.7", must=False)


def report(cases: Cases, **options: object) -> ProbeReport:
    every = {"executions": 3, "seconds": 1.0, "notes": [], "interrupted": False, **options}
    return cases.report(**every)  # type: ignore[arg-type]


def test_a_finding_is_taken_once() -> None:
    cases = Cases("ws://a", ("ws://a",))
    cases.add(ONE, 0.5, [FOUND])
    cases.add(ONE, 0.7, [FOUND])
    cases.add(OTHER, 0.1, [FOUND])
    made = report(cases)
    assert [finding.detail for finding in made.findings] == [
        "one: closed with 1000",
        "other: closed with 1000",
    ]
    assert made.findings[0].data == written_attack(ONE)
    assert made.findings[0].options == ("ws://a",)
    assert [case.seconds for case in made.cases] == [0.5, 0.1]
    assert made.exit_code == Exit.FINDINGS


def test_what_many_attacks_led_to_is_replayed_by_all() -> None:
    cases = Cases("ws://a", ("ws://a",), ("ws://a", "--seed", "3"))
    cases.add(ONE, 0.5, [Fault("memory", "grown", "RFC 6455 §10.4", gathered=True)])
    (finding,) = report(cases).findings
    assert (finding.options, finding.whole) == (("ws://a", "--seed", "3"), True)


def test_notes_that_are_alike_are_said_once() -> None:
    cases = Cases("ws://a", ())
    for name in "abcde":
        cases.add(attack(name, "5.2", closed(1002)), 0.1, [NOTED, NOTED])
    made = report(cases, notes=["first"])
    assert made.notes == ("first", "no close frame (RFC 6455 §7.1.7): a, b, c and 2 more")
    assert made.cases[0].notes == ("no close frame (RFC 6455 §7.1.7)",)
    assert made.exit_code == Exit.NOTHING_FOUND


def test_what_was_not_tried() -> None:
    cases = Cases("ws://a", ())
    cases.skip(ONE, "why")
    made = report(cases, executions=0)
    assert made.cases == (Case("one", "rfc6455.5_2", skipped="why"),)
    assert made.exit_code == Exit.NOTHING_RAN
