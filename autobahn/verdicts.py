"""What the suite found, and how that differs from what expected.json says, strictly both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["OUTCOMES", "Deviation", "Expectations", "Result", "Verdict", "deviations", "read_index"]

# What a verdict is counted as, best first. Any other word of the suite counts as FAILED: WRONG
# CODE, FAILED BY CLIENT, UNIMPLEMENTED (which here means that compression was not negotiated).
OUTCOMES = ("OK", "INFORMATIONAL", "NON-STRICT", "UNCLEAN", "FAILED")


class Verdict(NamedTuple):
    """The suite's two words on a case: what the peer did, and how it closed."""

    behavior: str
    behavior_close: str

    @property
    def outcome(self) -> str:
        """The worse of the two, as one of OUTCOMES."""
        return max((word if word in OUTCOMES else "FAILED" for word in self), key=OUTCOMES.index)

    def __str__(self) -> str:
        """Say one word where both are the same, else both."""
        return self.behavior if self.behavior == self.behavior_close else " / ".join(self)


class Result(NamedTuple):
    """The verdict on a case, and its report file relative to the index it was read from."""

    verdict: Verdict
    report: str


class Deviation(NamedTuple):
    """A case that is not as expected; ``result`` is None where the suite has no verdict."""

    case: str
    expected: Verdict
    result: Result | None


@dataclass(frozen=True)
class Expectations:
    """expected.json: cases per section, the verdict by default, and each agent's exceptions."""

    sections: Mapping[str, int]
    default: Verdict
    exceptions: Mapping[str, Mapping[str, Verdict]]

    @classmethod
    def load(cls, path: Path) -> Expectations:
        """Read the file; raises ValueError where an exception says what is the default anyway."""
        content = json.loads(path.read_text(encoding="utf-8"))
        default = Verdict(*content["default"])
        exceptions = {
            agent: {case: Verdict(*words) for case, words in listed.items()}
            for agent, listed in content["exceptions"].items()
        }
        for agent, listed in exceptions.items():
            for case, verdict in listed.items():
                if verdict == default:
                    raise ValueError(f"{path.name}: {case} of {agent} is no exception")
        return cls(content["sections"], default, exceptions)

    def verdict(self, agent: str, case: str) -> Verdict:
        """Return what ``agent`` should get in ``case``."""
        return self.exceptions[agent].get(case, self.default)

    def unknown(self, cases: Iterable[str]) -> set[str]:
        """Return the exceptions that are no case of the suite, which would never be noticed."""
        listed = {case for exceptions in self.exceptions.values() for case in exceptions}
        return listed.difference(cases)


def read_index(text: str) -> dict[str, Result]:
    """Read an index.json of the suite: case id to result of its one agent, or of none.

    Raises ValueError where there are several agents, since their results would be mixed.
    """
    agents = json.loads(text)
    if len(agents) > 1:
        raise ValueError(f"index.json: must have one agent, not {sorted(agents)}")
    return {
        case: Result(Verdict(entry["behavior"], entry["behaviorClose"]), entry["reportfile"])
        for cases in agents.values()
        for case, entry in cases.items()
    }


def deviations(
    agent: str, asked: Iterable[str], results: Mapping[str, Result], expectations: Expectations
) -> list[Deviation]:
    """Return the asked cases that are missing or whose verdict is another, better or worse."""
    found = []
    for case in asked:
        expected, result = expectations.verdict(agent, case), results.get(case)
        if result is None or result.verdict != expected:
            found.append(Deviation(case, expected, result))
    return found
