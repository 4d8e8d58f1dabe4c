"""What a fuzzer found: the check that failed, the smallest bytes, and how to see it again."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Exit", "Finding", "Report"]

_BYTES_A_LINE = 32


class Exit(IntEnum):
    """The exit codes of ``wskit fuzz``, which are those of pytest."""

    NOTHING_FOUND = 0
    FINDINGS = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING_RAN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, with what shows it.

    ``data`` is the smallest input known; of a black box, what was sent as JSON lines. ``fault``
    tells faults of one check apart (where it was raised, say); without it, ``detail`` does.
    ``arguments`` are those of ``wskit fuzz`` that replay it, ``--replay`` left out; without them,
    ``--self`` with the target. ``source`` is a section of an RFC or an invariant. ``whole`` says
    that no input alone shows it: what replays it is the run that ``arguments`` make.
    """

    check: str
    target: str
    detail: str
    data: bytes
    source: str = ""
    fault: str = ""
    arguments: tuple[str, ...] = ()
    whole: bool = False

    @property
    def key(self) -> str:
        """The same for the same fault, whatever bytes show it: 12 hexadecimal digits."""
        told = "\0".join((self.check, self.target, self.fault or self.detail))
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]

    @property
    def options(self) -> tuple[str, ...]:
        """The arguments of ``wskit fuzz`` that name what is fuzzed."""
        return self.arguments or ("--self", "--target", self.target)

    @property
    def name(self) -> str:
        """A name in letters, digits, ``-`` and ``.``, for its file in a corpus."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.target} {self.check}".lower()).strip("-")
        return f"{words[:80]}.{self.key}"

    def command(self, path: str) -> str:
        """One shell command that replays what the file ``path`` holds, which is ``data``."""
        replay = () if self.whole else ("--replay", path)
        return shlex.join(["wskit", "fuzz", *self.options, *replay])

    def snippet(self) -> str:
        """A pytest test that fails while the fault is there."""
        words = re.sub(r"\W+", "_", f"{self.target} {self.check}".lower(), flags=re.ASCII)
        arguments = ", ".join(
            f'"{argument}"' if _plain(argument) else repr(argument) for argument in self.options
        )
        return (
            "from wskit.fuzzing.replaying import replayed\n\n\n"
            f"def test_{words.strip('_')[:60]}_{self.key}() -> None:\n"
            f"    # {_comment(self.detail)}\n"
            f"{self._assignment()}"
            f"    assert replayed(data, {arguments}) == []\n"
        )

    def _assignment(self) -> str:
        if self.whole:
            return "    data = None  # the whole run\n"
        lines = "\n".join(f'        "{line}"' for line in _hex_lines(self.data))
        return f"    data = bytes.fromhex(\n{lines}\n    )\n"


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did. ``coverage`` counts lines reached and lines there are; None: not measured.

    ``problem`` says in one line why the fuzzer itself could not go on; ``notes`` are for people.
    """

    findings: tuple[Finding, ...] = ()
    executions: int = 0
    seconds: float = 0.0
    coverage: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """One of ``Exit``: a problem, then an interruption, then findings decide."""
        if self.problem:
            return Exit.INTERNAL
        if self.interrupted:
            return Exit.INTERRUPTED
        if self.findings:
            return Exit.FINDINGS
        return Exit.NOTHING_FOUND if self.executions else Exit.NOTHING_RAN


def _hex_lines(data: bytes) -> list[str]:
    steps = range(0, len(data), _BYTES_A_LINE)
    return [data[at : at + _BYTES_A_LINE].hex() for at in steps] or [""]


def _plain(argument: str) -> bool:
    return argument.isprintable() and not set('"\\') & set(argument)


def _comment(detail: str) -> str:
    from ..trace import printable

    return printable(" ".join(detail.split()))[:200]
