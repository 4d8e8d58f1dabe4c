"""Measure wskit against its peers: `python bench/run.py`; README.md beside it says how to read it.

Law: one server at a time; in every round each work visits every peer before the next work starts,
so that what is compared was measured close together.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from chart import draw
from environment import (
    MissingTool,
    compile_tool,
    describe_machine,
    has_library,
    peers_python,
    raise_file_limit,
)
from floor import FLOOR
from goals import GOALS
from limits import judge
from measure import MeasurementFailed, Settings, measure
from options import parse_arguments
from peers import NATIVE_ECHO, PEERS, ServerFailed
from plan import Plan, make_plan, narration, without_absent, without_impossible
from report import Tally, as_json, print_report, verdict_table
from rich.console import Console
from works import WORKS

__all__ = ["main"]

TABLE_WIDTH = 150  # where the output is no terminal
QUICK_IDLE = 2000  # connections


def run(plan: Plan, rounds: int, settings: Settings) -> Tally:
    """Measure what is planned, round by round."""
    tally = Tally()
    for number in range(1, rounds + 1):
        for work, peers in plan.items():
            for peer in peers:
                narration.print(f"round {number} of {rounds}: {work} {peer}", style="dim")
                try:
                    tally.add(work, peer, number, measure(PEERS[peer], WORKS[work], settings))
                except (MeasurementFailed, ServerFailed) as error:
                    tally.failures.append(f"round {number}: {work} {peer}: {error}")
    return tally


def write_results(
    chosen: argparse.Namespace, tally: Tally, settings: Settings, machine: object
) -> None:
    """Write the figures with all that is needed to take them again, and the chart."""
    found = {
        "machine": machine,
        "settings": {"rounds": chosen.rounds, **settings.described()},
        **as_json(tally, again(chosen)),
    }
    chosen.json.parent.mkdir(exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1, default=vars) + "\n")
    narration.print(f"all figures: {shown(chosen.json)}", markup=False)
    if (picture := draw(tally)) is not None:
        chosen.chart.parent.mkdir(exist_ok=True)
        chosen.chart.write_text(picture)
        narration.print(f"chart: {shown(chosen.chart)}", markup=False)


def shown(file: Path) -> str:
    """Return a path as a user would type it."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def again(chosen: argparse.Namespace) -> str:
    """Return the command that takes one figure again, up to the names of work and peer."""
    words = [f".venv/bin/python bench/run.py --rounds {chosen.rounds} --seconds {chosen.seconds:g}"]
    words += ["--payload binary"] if chosen.payload == "binary" else []
    words += ["--placement split"] if chosen.placement == "split" else []
    return " ".join(words)


def prepare() -> None:
    """Compile and install what is missing; raises MissingTool."""
    for tool in ("load", "raw_echo"):
        compile_tool(tool)
    if has_library("tls"):
        compile_tool(NATIVE_ECHO.script)
    peers_python()


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are ended, too
    chosen = parse_arguments(arguments)
    files = raise_file_limit()
    try:
        prepare()
    except MissingTool as error:
        narration.print(str(error), markup=False)
        return 2
    settings = Settings(
        seconds=chosen.seconds,
        warmup=min(0.5, chosen.seconds / 2),
        payload=chosen.payload,
        placement=chosen.placement,
        most_idle=QUICK_IDLE if chosen.quick else 1 << 20,
    )
    machine = describe_machine()
    plan = without_absent(without_impossible(make_plan(chosen), files))
    tally = run(plan, chosen.rounds, settings)
    console = Console()
    console = console if console.is_terminal else Console(width=TABLE_WIDTH)
    print_report(tally, console, again(chosen))
    write_results(chosen, tally, settings, machine)
    return conclude(chosen, tally, console)


def conclude(chosen: argparse.Namespace, tally: Tally, console: Console) -> int:
    """Print the verdicts that were asked for; return 1 for a failure or a missed one, else 0."""
    limits = FLOOR if chosen.check else GOALS if chosen.goals else ()
    verdicts = judge(limits, tally)
    if verdicts:
        console.print(verdict_table(verdicts))
    return int(bool(tally.failures) or not all(verdict.holds for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
