"""The command line of `run.py`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from environment import BENCH
from peers import PEERS
from works import WORKS

__all__ = ["parse_arguments"]


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
    add_choices(parser)
    add_outcomes(parser)
    chosen = parser.parse_args(arguments)
    if chosen.rounds is None:
        chosen.rounds = 1 if chosen.quick else 3
    if chosen.seconds is None:
        chosen.seconds = 0.5 if chosen.quick else 2.0
    if not (1 <= chosen.rounds <= 100 and 0 < chosen.seconds <= 60):
        parser.error("--rounds: must be 1..100; --seconds: must be above 0, and at most 60")
    return chosen


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add what chooses what is measured, and how long."""
    parser.add_argument("--quick", action="store_true", help="one round, fewer works and peers")
    parser.add_argument("--rounds", type=int, help="3; quick: 1")
    parser.add_argument("--seconds", type=float, help="of a measurement; 2; quick: 0.5")
    parser.add_argument("--only", type=some_of(WORKS), help=f"works: {','.join(WORKS)}")
    parser.add_argument("--peers", type=some_of(PEERS), help=f"peers: {','.join(PEERS)}")
    parser.add_argument("--build", choices=("pure", "compiled"), help="only this build of wskit")
    parser.add_argument("--payload", choices=("text", "binary"), default="text")
    parser.add_argument("--placement", choices=("free", "split"), default="free")


def add_outcomes(parser: argparse.ArgumentParser) -> None:
    """Add what becomes of the figures."""
    results = BENCH / "results"
    parser.add_argument(
        "--json", type=Path, metavar="FILE", default=results / "latest.json", help="all figures"
    )
    parser.add_argument(
        "--chart", type=Path, metavar="FILE", default=results / "chart.svg", help="of echo100"
    )
    verdicts = parser.add_mutually_exclusive_group()
    verdicts.add_argument("--check", action="store_true", help="exit 1 where the floor is missed")
    verdicts.add_argument("--goals", action="store_true", help="exit 1 where a goal is missed")
