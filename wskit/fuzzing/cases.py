"""What became of each attack, and the report that holds them all."""

from __future__ import annotations

from dataclasses import dataclass

from .findings import Finding, Report
from .scripts import Attack, written_attack
from .verdicts import Fault

__all__ = ["Case", "Cases", "ProbeReport"]

_NOTES = 3  # names of attacks that a note is followed by


@dataclass(frozen=True, slots=True)
class Case:
    """One attack: how long it took, what was found; ``skipped`` says why it was not tried."""

    name: str
    classname: str
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport(Report):
    """A report that knows every attack; ``target`` is what was attacked."""

    target: str = ""
    cases: tuple[Case, ...] = ()


class Cases:
    """Gathers cases, each attack's once, however often it was made; for one thread."""

    def __init__(self, target: str, one: tuple[str, ...], run: tuple[str, ...] = ()) -> None:
        """``one`` are the arguments of ``wskit fuzz`` for one attack, ``run`` those of all."""
        self._target, self._one, self._run = target, one, run
        self._cases: dict[str, Case] = {}
        self._keys: set[str] = set()

    def add(self, attack: Attack, seconds: float, faults: list[Fault]) -> None:
        """Take what came of ``attack``; a fault that is known is not taken again."""
        old = self._cases.get(attack.name, Case(attack.name, attack.classname))
        new = [self._finding(attack, fault) for fault in faults if fault.must]
        new = [finding for finding in new if finding.key not in self._keys]
        self._keys.update(finding.key for finding in new)
        said = [_note(attack, fault) for fault in faults if not fault.must]
        notes = old.notes + tuple(note for note in dict.fromkeys(said) if note not in old.notes)
        self._cases[attack.name] = Case(
            attack.name,
            attack.classname,
            old.seconds or seconds,
            old.findings + tuple(new),
            notes,
        )

    def skip(self, attack: Attack, why: str) -> None:
        """Say that ``attack`` is not tried."""
        self._cases[attack.name] = Case(attack.name, attack.classname, skipped=why)

    @property
    def all(self) -> tuple[Case, ...]:
        """Every case, in the order of the attacks."""
        return tuple(self._cases.values())

    def report(
        self, *, executions: int, seconds: float, notes: list[str], interrupted: bool
    ) -> ProbeReport:
        """Return what was found."""
        cases = self.all
        return ProbeReport(
            findings=tuple(finding for case in cases for finding in case.findings),
            executions=executions,
            seconds=seconds,
            notes=(*notes, *self._alike()),
            interrupted=interrupted,
            target=self._target,
            cases=cases,
        )

    def _alike(self) -> list[str]:
        """Return the notes of all cases; what many have in common is said once."""
        names: dict[str, list[str]] = {}
        for case in self._cases.values():
            for note in case.notes:
                names.setdefault(note, []).append(case.name)
        return [
            f"{note}: {', '.join(found[:_NOTES])}"
            + (f" and {len(found) - _NOTES} more" if len(found) > _NOTES else "")
            for note, found in names.items()
        ]

    def _finding(self, attack: Attack, fault: Fault) -> Finding:
        return Finding(
            fault.check,
            self._target,
            f"{attack.name}: {fault.detail}",
            written_attack(attack),
            fault.source,
            fault=attack.name,
            arguments=self._run if fault.gathered else self._one,
            whole=fault.gathered,
        )


def _note(attack: Attack, fault: Fault) -> str:
    return f"{fault.detail} ({fault.source or attack.section})"
