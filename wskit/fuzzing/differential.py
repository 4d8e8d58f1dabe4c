"""``wskit fuzz --diff``: the same bytes to wskit and to other libraries; who differs, and why.

The law of this file: a difference is a finding unless ``differences.py`` explains it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from .campaign import Campaign, Limits
from .checks import DIFFERS, Check, Violation, documented
from .differences import Case, explained
from .engines import ENGINES, Verdict, by_wskit
from .findings import Finding, Report
from .reference import read
from .seeds import seeds
from .store import Store
from .targets.settings import Settings, read_settings
from .targets.target import Watch

__all__ = ["LIBRARIES", "Comparison", "DiffConfig", "compared", "differ", "missing"]

LIBRARIES = tuple(ENGINES)
_SIZE = 1 << 20
_FRAGMENTS = 4096


@dataclass(frozen=True, slots=True)
class DiffConfig:
    """Whom to compare with and for how long; ``corpus`` takes the findings, None: nothing does."""

    libraries: Sequence[str] = LIBRARIES
    seconds: float = 60.0
    executions: int | None = None
    seed: int = 0
    corpus: Path | None = None


class Comparison:
    """A target whose one check is that all agree, or differ as it is known and explained.

    ``known`` counts the explained differences by library and row.
    """

    checks: tuple[Check, ...] = (DIFFERS,)
    files: tuple[str, ...] = (
        *("protocol/connection.py", "protocol/parser.py", "protocol/messages.py"),
    )
    structure: Literal["frames", "head", "bytes"] = "frames"

    def __init__(self, libraries: Sequence[str]) -> None:
        """``libraries`` are among LIBRARIES, and installed."""
        self.name = f"diff-{'-'.join(libraries)}"
        self.known: Counter[tuple[str, str]] = Counter()
        self._libraries = libraries

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Compare the verdicts; raise Violation for a difference that no row explains."""
        settings, stream = read_settings(data)
        settings = replace(settings, max_size=_SIZE, max_fragments=_FRAGMENTS)
        with watch(), documented():
            ours = by_wskit(stream, settings)
        codes: list[int | None] = []
        for library in self._libraries:
            theirs = _theirs(library, stream, settings)
            codes.append(theirs.code)
            if (theirs.events, theirs.code) == (ours.events, ours.code):
                continue
            again = partial(_again, library, stream, settings)
            reading = read(stream, settings.rules)
            row = explained(Case(stream, reading, ours, theirs, again), library)
            if row is None:
                detail = f"{library}: {theirs} ({theirs.why}); wskit: {ours} ({ours.why})"
                fault = f"{library} {theirs.code} {ours.code} {ours.why}"
                raise Violation(DIFFERS, detail[:300], fault)
            self.known[library, row] += 1
        kinds = tuple(opcode for opcode, _ in ours.events[:4])
        return settings.side, ours.why, kinds, tuple(codes)

    def close(self) -> None:
        """Nothing was started."""


def _again(library: str, stream: bytes, settings: Settings, zeros: int) -> Verdict:
    return _theirs(library, stream + bytes(zeros), settings)


def _theirs(library: str, stream: bytes, settings: Settings) -> Verdict:
    try:
        return ENGINES[library](stream, settings)
    except Exception as error:  # whatever they raise is theirs, and a difference
        return Verdict(code=-1, why=f"{type(error).__name__}: {error}")


def missing(libraries: Sequence[str]) -> str:
    """Return the names of those that are not installed, as pip takes them; "" for none."""
    return " ".join(library for library in libraries if find_spec(library) is None)


def compared(data: bytes, libraries: Sequence[str]) -> list[Finding]:
    """Compare once; return what no row explains, [] or one finding. ValueError for bad names."""
    from .campaign import examined

    for library in libraries:
        if library not in ENGINES:
            raise ValueError(f"--diff: {library!r} is none of {', '.join(LIBRARIES)}")
    return [_placed(each, libraries) for each in examined(Comparison(libraries), data)]


def differ(
    config: DiffConfig,
    *,
    found: Callable[[Finding, Path | None], None] = lambda finding, path: None,
) -> Report:
    """Compare until the time is over; ``found`` is told each new difference and its file."""
    store = Store(config.corpus) if config.corpus is not None else None
    target = Comparison(config.libraries)

    def keep(finding: Finding) -> None:
        placed = _placed(finding, config.libraries)
        found(placed, store.keep(placed) if store is not None else None)

    campaign = Campaign(target, list(seeds("protocol").values()), seed=config.seed, found=keep)
    report = campaign.run(Limits(config.seconds, config.executions))
    notes = [f"{target.name}: {report.executions} executions in {report.seconds:.0f} s"]
    notes += [
        f"{library}: {count} x {row}" for (library, row), count in sorted(target.known.items())
    ]
    placed = tuple(_placed(finding, config.libraries) for finding in report.findings)
    return replace(report, findings=placed, notes=tuple(notes))


def _placed(finding: Finding, libraries: Sequence[str]) -> Finding:
    return replace(finding, arguments=("--diff", ",".join(libraries)))
