"""The verdicts of one agent as tables for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from cases import in_order, part_of, section
from rich import box
from rich.console import Console
from rich.table import Table
from verdicts import OUTCOMES, Deviation, Result

__all__ = ["show"]

COLUMNS = (*OUTCOMES, "missing")
BOX = box.SIMPLE_HEAD
PADDING = (0, 1, 0, 0)  # all columns fit in 80


def show(
    console: Console,
    agent: str,
    asked: Sequence[str],
    results: Mapping[str, Result],
    deviations: Sequence[Deviation],
    directory: Path,
) -> None:
    """Print the counts per section, then each case that is not as expected with its report."""
    console.print(counts(agent, asked, results))
    if deviations:
        console.print(listing(deviations))
    verdict = f"{len(deviations)} not as expected" if deviations else "all as expected"
    page = directory / "index.html"
    console.print(f"{agent}: {len(asked)} cases, {verdict}; {page}", soft_wrap=True)


def counts(agent: str, asked: Sequence[str], results: Mapping[str, Result]) -> Table:
    """Return the table of outcomes per section."""
    table = Table("section", title=agent, box=BOX, padding=PADDING, show_footer=True)
    for name in ("cases", *COLUMNS):
        table.add_column(name, justify="right")
    sections: dict[str, Counter[str]] = {}
    for case in asked:
        sections.setdefault(section(case), Counter())[outcome(results.get(case))] += 1
    for name in in_order(sections):
        table.add_row(name, *cells(sections[name]))
    total = cells(sum(sections.values(), Counter()))
    for column, cell in zip(table.columns, ["all", *total], strict=True):
        column.footer = cell
    return table


def outcome(result: Result | None) -> str:
    """Return the column that a result is counted in."""
    return "missing" if result is None else result.verdict.outcome


def cells(counted: Counter[str]) -> list[str]:
    """Return the sum and the counts as text; a zero is left out."""
    return [str(counted.total()), *(str(counted[name] or "") for name in COLUMNS)]


def listing(deviations: Sequence[Deviation]) -> Table:
    """Return the table of cases that are not as expected."""
    table = Table("case", "expected", "got", "report", title="not as expected", box=BOX)
    for case, expected, result in deviations:
        # Of a missing case there are only the logs, in the folder of its part.
        got, report = result or ("missing", f"{part_of(case)}/")
        table.add_row(case, str(expected), str(got), report)
    return table
