"""The reports of one agent: a folder for each part as the suite wrote it, and the two merged.

REPORTS/AGENT/parts.json     which cases were asked of which part (written first)
REPORTS/AGENT/PART/          the suite's own index and pages, its specification, both logs
REPORTS/AGENT/index.json     all verdicts, in the suite's form
REPORTS/AGENT/index.html     all verdicts, with links to the suite's pages
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from cases import in_order
from verdicts import Deviation, Result, read_index

__all__ = ["merge", "prepare", "read_part"]

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Autobahn: {agent}</title><style>
body {{ font-family: sans-serif; margin: 2em }}
td, th {{ padding: 0.1em 1em; text-align: left }}
.deviation {{ background: #fcc }}
</style></head>
<body><h1>Autobahn: {agent}</h1>
<p>{summary}</p>
<table><tr><th>case</th><th>behavior</th><th>close</th><th>expected</th></tr>
{rows}
</table></body></html>
"""


def prepare(directory: Path, parts: Mapping[str, Sequence[str]]) -> None:
    """Make an empty ``directory`` for an agent; only a report made here before is removed.

    Raises ValueError where there is something else in its place.
    """
    listing = directory / "parts.json"
    if listing.exists():
        shutil.rmtree(directory)
    elif directory.exists():
        raise ValueError(f"reports: {directory} is there and is no report of an earlier run")
    directory.mkdir(parents=True)
    listing.write_text(json.dumps(parts, indent=2) + "\n", encoding="utf-8")


def read_part(directory: Path) -> dict[str, Result]:
    """Return the results of the part in ``directory``; none where the suite wrote no index."""
    index = directory / "index.json"
    if not index.exists():
        return {}
    results = read_index(index.read_text(encoding="utf-8"))
    return {
        case: Result(verdict, f"{directory.name}/{report}")
        for case, (verdict, report) in results.items()
    }


def merge(
    directory: Path, agent: str, results: Mapping[str, Result], deviations: Sequence[Deviation]
) -> None:
    """Write the merged index.json and index.html of ``agent``."""
    entries = {
        case: {
            "behavior": results[case].verdict.behavior,
            "behaviorClose": results[case].verdict.behavior_close,
            "reportfile": results[case].report,
        }
        for case in in_order(results)
    }
    text = json.dumps({agent: entries}, indent=2) + "\n"
    (directory / "index.json").write_text(text, encoding="utf-8")
    page = render(agent, results, deviations)
    (directory / "index.html").write_text(page, encoding="utf-8")


def render(agent: str, results: Mapping[str, Result], deviations: Sequence[Deviation]) -> str:
    """Return the HTML page of ``agent``."""
    wrong = {deviation.case: deviation for deviation in deviations}
    rows = [row(case, results.get(case), wrong.get(case)) for case in in_order({*results, *wrong})]
    summary = f"{len(results)} verdicts, {len(deviations)} not as expected"
    return PAGE.format(agent=html.escape(agent), summary=summary, rows="\n".join(rows))


def row(case: str, result: Result | None, deviation: Deviation | None) -> str:
    """Return the table row of one case."""
    link, words = case, ("missing", "missing")
    if result is not None:
        page = html.escape(result.report.removesuffix(".json") + ".html")
        link, words = f'<a href="{page}">{case}</a>', result.verdict
    mark = ' class="deviation"' if deviation else ""
    cells = [link, *map(html.escape, words), str(deviation.expected) if deviation else ""]
    return f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
