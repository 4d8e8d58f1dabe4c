"""Runs the Autobahn|Testsuite against wskit's server and client, and judges every verdict.

Exit code 0: all as expected.json says. 1: a case is not, for better or worse, or is missing.
2: the suite cannot run here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from cases import check_sections, select, split
from reports import merge
from rich.console import Console
from runner import AGENTS, PartRun, run_agent
from suite import Suite, SuiteUnavailable, find_suite
from summary import show
from verdicts import Expectations, deviations

from wskit.testing.builds import build

__all__ = ["main"]

HERE = Path(__file__).resolve().parent
NARRATION = Console(stderr=True, highlight=False)


def comma_separated(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    """Split an option's value at commas; nothing at all would be a run that always passes."""
    words = [word.strip() for word in value.split(",") if word.strip()]
    if not words:
        raise click.BadParameter("is empty")
    return words


@click.command()
@click.option("--cases", default="*", callback=comma_separated, help="such as '1.*,7.1.6'")
@click.option("--agents", default=",".join(AGENTS), callback=comma_separated, show_default=True)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="one per core",
    help="parts of the suite to run side by side",
)
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=HERE / "reports",
    show_default="autobahn/reports",
    help="where the reports are kept",
)
def main(cases: list[str], agents: list[str], processes: int, reports: Path) -> None:
    """Run the Autobahn|Testsuite against wskit, in both directions."""
    try:
        expectations = Expectations.load(HERE / "expected.json")
        check_agents(agents)
        suite = find_suite()
        asked = ask_cases(suite, expectations, cases)
        NARRATION.print(f"{suite}: {len(asked)} cases, wskit {build()}", soft_wrap=True)
        wrong = [
            run(name, suite, asked, expectations, processes, reports.resolve()) for name in agents
        ]
    except (SuiteUnavailable, ValueError) as problem:
        click.echo(f"autobahn cannot run: {problem}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(128 + signal.SIGINT)
    sys.exit(1 if any(wrong) else 0)


def check_agents(agents: Sequence[str]) -> None:
    """Raise ValueError for a name that is no agent."""
    for name in agents:
        if name not in AGENTS:
            raise ValueError(f"agents: must be of {', '.join(AGENTS)}, not {name!r}")


def ask_cases(suite: Suite, expectations: Expectations, patterns: Sequence[str]) -> list[str]:
    """Return the suite's cases that ``patterns`` choose.

    Raises ValueError where the suite and expected.json are not about the same cases.
    """
    known = suite.cases()
    check_sections(known, expectations.sections)
    if unknown := expectations.unknown(known):
        raise ValueError(f"cases: expected.json lists {sorted(unknown)}, the suite does not")
    return select(known, patterns)


def run(
    name: str,
    suite: Suite,
    asked: Sequence[str],
    expectations: Expectations,
    processes: int,
    reports: Path,
) -> bool:
    """Run ``asked`` against one agent and show the verdicts; True where one is not as expected."""
    directory = reports / name
    agent, parts = AGENTS[name], split(asked)
    results = run_agent(agent, suite, parts, directory, processes=processes, done=narrate)
    wrong = deviations(name, asked, results, expectations)
    merge(directory, name, results, wrong)
    show(Console(), name, asked, results, wrong, directory)
    return bool(wrong)


def narrate(part: PartRun) -> None:
    """Say that a part is done."""
    counts = f"{len(part.results)} verdicts of {part.asked} cases, {part.seconds:.0f} s"
    problem = f"; {part.problem}" if part.problem else ""
    NARRATION.print(f"{part.agent} {part.name}: {counts}{problem}", soft_wrap=True)


if __name__ == "__main__":
    main()
