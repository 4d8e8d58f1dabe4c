"""What a run found: medians, spread and ratios, as tables and as JSON.

Law: a ratio is taken within one round, between runs minutes apart, and the median of the rounds'
ratios is shown; so a machine that slows down for a while slows both sides of each ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from measure import Figures
from peers import PEERS, bases
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from works import WORKS, Kind, Work

if TYPE_CHECKING:
    from limits import Verdict

__all__ = ["Spread", "Tally", "as_json", "print_report", "spread", "verdict_table"]

GENERATOR_LIMIT = 0.95  # busier than this, the generator held the server back
QUIET = 0.1  # cores: more than this used by others, and rates and latencies are not to be trusted


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of one figure over the rounds."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread | None:
    """Return the spread of ``values``; of none there is none."""
    return Spread(median(values), min(values), max(values)) if values else None


@dataclass
class Tally:
    """The figures of every round, by work and peer, and what went wrong."""

    rounds: dict[str, dict[str, dict[int, Figures]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, work: str, peer: str, number: int, figures: Figures) -> None:
        """Keep what round ``number`` gave."""
        self.rounds.setdefault(work, {}).setdefault(peer, {})[number] = figures

    def of(self, work: str, peer: str) -> Mapping[int, Figures]:
        """Return the figures by round number."""
        return self.rounds.get(work, {}).get(peer, {})

    def figure(self, work: str, peer: str, name: str) -> Spread | None:
        """Return one figure's spread."""
        return spread([figures[name] for figures in self.of(work, peer).values()])

    def base(self, work: str) -> str:
        """Return to which peer the ratios of ``work`` are taken."""
        wanted = bases(WORKS[work])
        return next((peer for peer in wanted if self.of(work, peer)), wanted[-1])

    def advantage(self, work: str, base: str, peer: str, name: str) -> Spread | None:
        """Return by what factor ``base`` is better than ``peer``, round by round.

        2.0 is twice the rate, or half of the CPU time, latency or memory.
        """
        ours, theirs = self.of(work, base), self.of(work, peer)
        pairs = [(ours[n][name], theirs[n][name]) for n in sorted(ours.keys() & theirs.keys())]
        if name == "rate":
            return spread([mine / other for mine, other in pairs])
        return spread([other / mine for mine, other in pairs])


def print_report(tally: Tally, console: Console, again: str) -> None:
    """Print a table for each work, then the ratios of all works side by side.

    ``again`` is the command that takes one figure again, up to the names of work and peer.
    """
    console.print("Medians (lowest..highest) of the rounds.")
    makers = {Kind.IDLE: idle_table, Kind.CLIENT: client_table}
    for name, found in tally.rounds.items():
        work = WORKS[name]
        console.print(makers.get(work.kind, traffic_table)(tally, work, list(found)))
        console.print(f"  one of them again: {again} --only {name} --peers NAME\n", style="dim")
    for table in ratio_tables(tally):
        console.print(table)
    if (busy := others_busy(tally)) > QUIET:
        console.print(f"[yellow]not a quiet machine[/yellow]: others used up to {busy:.2f} cores")
    for failure in tally.failures:
        console.print(f"[red]failed[/red] {failure}", soft_wrap=True)


Columns = dict[str, Callable[[str], str]]
"""Headings, and what stands below each for a peer."""


def peer_table(work: Work, peers: list[str], columns: Columns) -> Table:
    """Return a table with a row for each peer."""
    table = new_table(f"{work.name}: {work.title}")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for peer in peers:
        table.add_row(peer, *(cell(peer) for cell in columns.values()))
    return table


def cost_and_rate(tally: Tally, name: str) -> Columns:
    """Return the columns of CPU time and rate; clients are not measured by the generator."""
    measured = WORKS[name].kind is not Kind.CLIENT
    return {
        "CPU µs": lambda peer: show(tally.figure(name, peer, "cpu_us")),
        "per second": lambda peer: (
            show(tally.figure(name, peer, "rate"))
            + ("*" if measured and limited_by_generator(tally, name, peer) else "")
        ),
    }


def advantages(tally: Tally, name: str) -> Columns:
    """Return the columns that compare with the work's base."""
    base = tally.base(name)
    return {
        "× per CPU s": lambda peer: show(tally.advantage(name, base, peer, "cpu_us")),
        "× per second": lambda peer: show(tally.advantage(name, base, peer, "rate")),
    }


def traffic_table(tally: Tally, work: Work, peers: list[str]) -> Table:
    """Return CPU time, rate and latency of each peer, with ratios to the work's base."""
    latencies: Columns = {
        "p50 µs": lambda peer: show_median(tally.figure(work.name, peer, "p50_us")),
        "p99 µs": lambda peer: show_median(tally.figure(work.name, peer, "p99_us")),
    }
    columns = cost_and_rate(tally, work.name) | latencies | advantages(tally, work.name)
    table = peer_table(work, peers, columns)
    base = tally.base(work.name)
    table.caption = f"×: {base} does so many times as much; *: the generator was the limit"
    return table


def client_table(tally: Tally, work: Work, peers: list[str]) -> Table:
    """Return CPU time and rate of each client."""
    columns = cost_and_rate(tally, work.name) | advantages(tally, work.name)
    table = peer_table(work, peers, columns)
    base = tally.base(work.name)
    table.caption = f"CPU time of the client; ×: {base} does so many times as much"
    return table


def idle_table(tally: Tally, work: Work, peers: list[str]) -> Table:
    """Return the memory of an idle connection of each peer."""
    name, base = work.name, tally.base(work.name)
    columns: Columns = {
        "connections": lambda peer: show(tally.figure(name, peer, "connections")),
        "RSS bytes/connection": lambda peer: show(tally.figure(name, peer, "idle_bytes")),
        f"× {base}": lambda peer: show(tally.advantage(name, base, peer, "idle_bytes")),
    }
    return peer_table(work, peers, columns)


def ratio_tables(tally: Tally) -> list[Table]:
    """Return by what factor the base is better at each work: of servers, and of clients."""
    tables = []
    for clients in (False, True):
        works = [name for name in tally.rounds if (WORKS[name].kind is Kind.CLIENT) == clients]
        if works:
            tables.append(ratio_table(tally, works))
    return tables


def ratio_table(tally: Tally, works: list[str]) -> Table:
    """Return a row for each work, and in it the ratio to each peer."""
    table = new_table("wskit as a multiple of each", first="work")
    table.caption = "messages per CPU second; * p99; ** messages per second; *** RSS"
    marks = {"cpu_us": "", "p99_us": "*", "rate": "**", "idle_bytes": "***"}
    found = {peer for work in works for peer in tally.rounds[work]}
    peers = [peer for peer in PEERS if peer in found]
    for peer in peers:
        table.add_column(peer.replace("_", " "), justify="right")
    for name in works:
        figure = WORKS[name].headline
        ratios = [tally.advantage(name, tally.base(name), peer, figure) for peer in peers]
        cells = ["–" if ratio is None else f"{ratio.median:.2f}" for ratio in ratios]
        table.add_row(f"{name}{marks[figure]}", *cells)
    return table


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Return what must hold, what was measured, and whether it holds."""
    table = new_table("What must hold", first="limit")
    table.add_column("measured", justify="right")
    table.add_column("")
    for verdict in verdicts:
        value = "not measured" if verdict.value is None else f"{verdict.value:,.4g}"
        mark = "[green]holds[/green]" if verdict.holds else "[red]MISSED[/red]"
        table.add_row(verdict.text, value, mark)
    return table


def others_busy(tally: Tally) -> float:
    """Return the most cores that the rest of the machine used during one measurement."""
    servers = [rounds for found in tally.rounds.values() for rounds in found.values()]
    return max(
        (one.get("others_busy", 0.0) for rounds in servers for one in rounds.values()), default=0.0
    )


def new_table(title: str, first: str = "server") -> Table:
    """Return a table whose rows have a name in the column ``first``."""
    table = Table(
        title=title, title_justify="left", caption_justify="left", box=SIMPLE, min_width=70
    )
    table.add_column(first, no_wrap=True)
    return table


def limited_by_generator(tally: Tally, work: str, peer: str) -> bool:
    """Say whether the generator's core was full."""
    busy = tally.figure(work, peer, "generator_busy")
    return busy is not None and busy.median >= GENERATOR_LIMIT


def show(found: Spread | None) -> str:
    """Write a spread as "median (low..high)"."""
    if found is None:
        return "–"
    if found.low == found.high:
        return number(found.median)
    return f"{number(found.median)} ({number(found.low)}..{number(found.high)})"


def show_median(found: Spread | None) -> str:
    """Write only the median."""
    return "–" if found is None else number(found.median)


def number(value: float) -> str:
    """Write three significant digits, and thousands in full."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def as_json(tally: Tally, again: str) -> dict[str, object]:
    """Return rounds, medians, spreads and ratios of everything, ready for ``json.dump``.

    Beside each server's figures stands the command that takes them again.
    """
    works = {
        name: {
            "title": WORKS[name].title,
            "base": tally.base(name),
            "generator": " ".join(WORKS[name].arguments),
            "servers": {
                peer: {
                    "command": f"{again} --only {name} --peers {peer}",
                    **server_json(tally, WORKS[name], peer),
                }
                for peer in found
            },
        }
        for name, found in tally.rounds.items()
    }
    return {"works": works, "failures": tally.failures}


def server_json(tally: Tally, work: Work, peer: str) -> dict[str, object]:
    """Return one server at one work."""
    rounds = tally.of(work.name, peer)
    names = next(iter(rounds.values())).keys()
    found = {name: tally.figure(work.name, peer, name) for name in names}
    better = {
        name: tally.advantage(work.name, tally.base(work.name), peer, name)
        for name in ("cpu_us", "rate", "p99_us", "idle_bytes")
        if name in names
    }
    return {
        "rounds": [rounds[n] for n in sorted(rounds)],
        "figures": {name: vars(value) for name, value in found.items() if value},
        "base_is_better_by": {name: vars(value) for name, value in better.items() if value},
    }
