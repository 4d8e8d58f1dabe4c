"""``wskit fuzz --self``: one campaign for each target, and a place for what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from .campaign import Campaign, Limits
from .checks import CHECKS, PURE
from .findings import Finding, Report
from .libfuzzer import fed
from .seeds import seeds
from .store import Store
from .targets import NAMES, make_target

__all__ = ["SelfConfig", "fuzz", "left_out", "listing", "summary"]


@dataclass(frozen=True, slots=True)
class SelfConfig:
    """What to fuzz: ``seconds`` for all targets together; ``executions`` bounds each of them.

    ``corpus`` is a folder of inputs, which takes the findings, too; None: the seeds alone, and
    findings go nowhere. ``grow`` stores inputs that reach new lines there. ``guide`` "atheris"
    needs that library; it has each target fed in a process of its own.
    """

    targets: Sequence[str] = NAMES
    seconds: float = 60.0
    executions: int | None = None
    seed: int = 0
    corpus: Path | None = None
    grow: bool = False
    guide: Literal["atheris", "lines"] = "lines"


def fuzz(
    config: SelfConfig,
    *,
    found: Callable[[Finding, Path | None], None] = lambda finding, path: None,
    done: Callable[[str, Report], None] = lambda name, report: None,
) -> Report:
    """Fuzz each target; ``found`` is told each finding and its file, ``done`` each report."""
    total = Report(coverage=(0, 0))
    for name in config.targets:
        report = _one(name, config, found)
        done(name, report)
        total = _sum(total, name, report)
        if report.interrupted or report.problem:
            break
    return total


def listing() -> list[tuple[str, str, str]]:
    """Return target, check and source of each check that applies; "" for what applies nowhere."""
    rows: list[tuple[str, str, str]] = []
    for name in NAMES:
        target = make_target(name)
        rows += [(name, check.name, check.source) for check in target.checks]
        target.close()
    covered = {row[1] for row in rows}
    rows += [("", check.name, check.source) for check in CHECKS if check.name not in covered]
    return rows


def summary(name: str, report: Report) -> str:
    """Say in one line what a campaign against the target ``name`` did."""
    reached, every = report.coverage or (0, 0)
    speed = report.executions / report.seconds if report.seconds else 0.0
    return (
        f"{name}: {report.executions} executions, {speed:.0f}/s, "
        f"{reached} of {every} lines reached, {len(report.findings)} findings"
    )


def left_out(check: str) -> str:
    """Say why ``check`` applies to no target."""
    return "the pure build runs" if check == PURE.name else "no target has it"


def _one(name: str, config: SelfConfig, found: Callable[[Finding, Path | None], None]) -> Report:
    store = Store(config.corpus) if config.corpus is not None else None
    inputs = list(seeds(name).values())
    if store is not None:
        inputs += [data for data in store.inputs(name) if data not in inputs]

    def keep(finding: Finding) -> None:
        found(finding, store.keep(finding) if store is not None else None)

    def grown(data: bytes) -> None:
        if store is not None and config.grow:
            store.keep_input(name, data)

    target = make_target(name)
    try:
        limits = Limits(config.seconds / len(config.targets), config.executions)
        if config.guide == "atheris":
            return fed(target, inputs, limits, seed=config.seed, found=keep, kept=grown)
        campaign = Campaign(target, inputs, seed=config.seed, found=keep, kept=grown)
        return campaign.run(limits)
    finally:
        target.close()


def _sum(total: Report, name: str, report: Report) -> Report:
    reached, every = total.coverage or (0, 0)
    more_reached, more = report.coverage or (0, 0)
    return replace(
        total,
        findings=total.findings + report.findings,
        executions=total.executions + report.executions,
        seconds=total.seconds + report.seconds,
        coverage=(reached + more_reached, every + more),
        notes=(*total.notes, summary(name, report)),
        interrupted=report.interrupted,
        problem=report.problem,
    )
