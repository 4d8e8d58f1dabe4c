"""Measure wskit against its peers: `python bench/run.py`; README.md beside it says how to read it.

Law: one server at a time; in every round each work visits every peer before the next work starts,
so that what is compared was measured close together.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from environment import MissingTool, compile_tool, describe_machine, peers_python
from floor import judge, needed
from measure import MeasurementFailed, Settings, measure
from peers import PEERS, Peer, RunningServer, ServerFailed
from report import Tally, as_json, print_report
from rich.console import Console
from works import WORKS, Kind, Work

__all__ = ["main"]

Plan = dict[str, list[str]]
"""For each work the servers that do it."""

TABLE_WIDTH = 140  # where the output is no terminal

narration = Console(stderr=True, highlight=False, soft_wrap=True)


def some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return the reader of a comma-separated choice among ``known``."""
    names = list(known)

    def read(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in names]:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(names)}")
        return chosen

    return read


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench/run.py", description="Measure wskit and its peers")
    parser.add_argument("--quick", action="store_true", help="one round of 0.7 s a measurement")
    parser.add_argument("--rounds", type=int, help="3; quick: 1")
    parser.add_argument("--seconds", type=float, help="of a measurement; 2; quick: 0.7")
    parser.add_argument("--only", type=some_of(WORKS), help=f"works: {','.join(WORKS)}")
    parser.add_argument("--peers", type=some_of(PEERS), help=f"servers: {','.join(PEERS)}")
    parser.add_argument("--payload", choices=("text", "binary"), default="text")
    parser.add_argument("--placement", choices=("free", "split"), default="free")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    parser.add_argument("--check", action="store_true", help="exit 1 where the floor is missed")
    chosen = parser.parse_args(arguments)
    if chosen.rounds is None:
        chosen.rounds = 1 if chosen.quick else 3
    if chosen.seconds is None:
        chosen.seconds = 0.7 if chosen.quick else 2.0
    if not (1 <= chosen.rounds <= 100 and 0 < chosen.seconds <= 60):
        parser.error("--rounds: must be 1..100; --seconds: must be above 0, and at most 60")
    return chosen


def make_plan(only: list[str] | None, peers: list[str] | None, *, check: bool) -> Plan:
    """Return what to measure: all, or with ``check`` what the floor needs, where it is chosen."""
    plan = needed() if check else {name: list(PEERS) for name in WORKS}
    return {
        name: [peer for peer in servers if allowed(PEERS[peer], WORKS[name], peers)]
        for name, servers in plan.items()
        if only is None or name in only
    }


def allowed(peer: Peer, work: Work, chosen: list[str] | None) -> bool:
    """Say whether ``peer`` was chosen and can do ``work``: a raw one can only echo."""
    return (chosen is None or peer.name in chosen) and (work.kind is Kind.ECHO or not peer.raw)


def without_absent(plan: Plan) -> Plan:
    """Start each server once; leave out, with a word, those that do not start."""
    absent = set()
    for name in dict.fromkeys(peer for servers in plan.values() for peer in servers):
        try:
            with RunningServer(PEERS[name]):
                pass
        except ServerFailed as error:
            absent.add(name)
            narration.print(f"{name} is not measured, it does not start: {error}", markup=False)
    return {
        work: [name for name in servers if name not in absent] for work, servers in plan.items()
    }


def run(plan: Plan, rounds: int, settings: Settings) -> Tally:
    """Measure what is planned, round by round."""
    tally = Tally()
    for number in range(1, rounds + 1):
        for work, servers in plan.items():
            for peer in servers:
                narration.print(f"round {number} of {rounds}: {work} {peer}", style="dim")
                try:
                    tally.add(work, peer, number, measure(PEERS[peer], WORKS[work], settings))
                except (MeasurementFailed, ServerFailed) as error:
                    tally.failures.append(f"round {number}: {work} {peer}: {error}")
    return tally


def write_json(file: Path, tally: Tally, settings: Settings, rounds: int, machine: object) -> None:
    """Write the figures, and all that is needed to take them again."""
    setup = {
        "rounds": rounds,
        "seconds": settings.seconds,
        "warmup": settings.warmup,
        "payload": settings.payload,
        "placement": settings.placement,
    }
    found = {"machine": machine, "settings": setup, **as_json(tally)}
    file.write_text(json.dumps(found, indent=1, default=vars) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are ended, too
    chosen = parse_arguments(arguments)
    try:
        compile_tool("load")
        compile_tool("raw_echo")
        peers_python()
    except MissingTool as error:
        narration.print(str(error), markup=False)
        return 2
    settings = Settings(
        seconds=chosen.seconds,
        warmup=min(0.5, chosen.seconds / 2),
        payload=chosen.payload,
        placement=chosen.placement,
    )
    machine = describe_machine()
    plan = without_absent(make_plan(chosen.only, chosen.peers, check=chosen.check))
    tally = run(plan, chosen.rounds, settings)
    console = Console()
    print_report(tally, console if console.is_terminal else Console(width=TABLE_WIDTH))
    if chosen.json:
        write_json(chosen.json, tally, settings, chosen.rounds, machine)
    return conclude(tally, check=chosen.check)


def conclude(tally: Tally, *, check: bool) -> int:
    """Print the verdicts of ``check``; return 1 for a failure or a missed floor, else 0."""
    verdicts = judge(tally) if check else []
    for good, sentence in verdicts:
        print(f"{'holds' if good else 'MISSED'}  {sentence}")
    return int(bool(tally.failures) or not all(good for good, _ in verdicts))


if __name__ == "__main__":
    sys.exit(main())
