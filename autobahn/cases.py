"""Case ids of the suite: their sections, which ones a pattern means, and how they are split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

__all__ = ["check_sections", "in_order", "part_of", "section", "select", "split"]

# 216 of the 517 cases, and nearly all of the time: 500 or 1,000 compressed messages each.
COMPRESSION_SECTIONS = ("12", "13")


def section(case: str) -> str:
    """Return the section of a case id: "12" for "12.3.4"."""
    return case.partition(".")[0]


def in_order(cases: Iterable[str]) -> list[str]:
    """Sort case ids by their numbers: "9.1.1" comes before "10.1.1"."""
    return sorted(cases, key=lambda case: [int(number) for number in case.split(".")])


def select(cases: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return, in order, the cases that any pattern matches ("7.1.6", "12.*", "*").

    Raises ValueError for a pattern that matches nothing, since it would narrow the run unnoticed.
    """
    known = list(cases)
    chosen: set[str] = set()
    for pattern in patterns:
        matching = {case for case in known if fnmatchcase(case, pattern)}
        if not matching:
            raise ValueError(f"cases: no case of the suite matches {pattern!r}")
        chosen |= matching
    return in_order(chosen)


def split(cases: Iterable[str]) -> dict[str, list[str]]:
    """Split into named parts that can run side by side, those that take longest first.

    A part is a section, or a subsection where compression makes sections long.
    """
    parts: dict[str, list[str]] = {}
    for case in in_order(cases):
        parts.setdefault(part_of(case), []).append(case)
    return dict(sorted(parts.items(), key=lambda part: "." not in part[0]))


def part_of(case: str) -> str:
    """Return the name of the part a case belongs to: "7" for "7.1.6", "12.3" for "12.3.4"."""
    depth = 2 if section(case) in COMPRESSION_SECTIONS else 1
    return ".".join(case.split(".")[:depth])


def check_sections(cases: Iterable[str], expected: Mapping[str, int]) -> None:
    """Raise ValueError unless every section has as many cases as ``expected`` says."""
    found = Counter(section(case) for case in cases)
    for name in in_order(found.keys() | expected.keys()):
        if found[name] != expected.get(name, 0):
            raise ValueError(
                f"cases: section {name} of the suite has {found[name]} cases, "
                f"expected.json has {expected.get(name, 0)}"
            )
