"""The speed floor: what `run.py --check` asserts, as ratios within one run."""

from __future__ import annotations

from dataclasses import dataclass

from report import Tally

__all__ = ["FLOOR", "Limit", "judge", "needed"]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that must hold: at least so many times a peer, or at most so many bytes."""

    text: str
    work: str
    server: str
    figure: str
    against: str = ""
    at_least: float = 0.0
    at_most: float = float("inf")

    def measured(self, tally: Tally) -> float | None:
        """Return the median of the ratio (or, against nobody, of the figure) in this run."""
        if self.against:
            found = tally.advantage(self.work, self.server, self.against, self.figure)
        else:
            found = tally.figure(self.work, self.server, self.figure)
        return None if found is None else found.median

    def holds(self, tally: Tally) -> bool:
        """Say whether it was measured and holds; what was not measured does not hold."""
        value = self.measured(tally)
        return value is not None and self.at_least <= value <= self.at_most


def times(against: str, figure: str, factor: float) -> Limit:
    """Return the limit of ``factor`` times a peer at 100 connections and 32 bytes."""
    what = {"cpu_us": "messages per CPU second", "rate": "messages per second"}[figure]
    return Limit(
        text=f"echo100: wskit_event >= {factor:g} x {against}, {what}",
        work="echo100",
        server="wskit_event",
        figure=figure,
        against=against,
        at_least=factor,
    )


FLOOR = (
    times("websockets_sync", "cpu_us", 8.0),
    times("websockets_sync", "rate", 8.0),
    times("aiohttp_uvloop", "cpu_us", 0.95),
    times("aiohttp_uvloop", "rate", 0.95),
    Limit(
        text="idle: wskit_small_pool <= 4096 bytes of RSS a connection",
        work="idle",
        server="wskit_small_pool",
        figure="idle_bytes",
        at_most=4096,
    ),
)


def needed() -> dict[str, list[str]]:
    """Return what the floor needs measured: for each work its servers."""
    servers: dict[str, list[str]] = {}
    for limit in FLOOR:
        for server in (limit.server, limit.against):
            if server and server not in servers.setdefault(limit.work, []):
                servers[limit.work].append(server)
    return servers


def judge(tally: Tally) -> list[tuple[bool, str]]:
    """Return for each limit whether it holds, and the sentence that says so."""
    verdicts = []
    for limit in FLOOR:
        value = limit.measured(tally)
        found = "not measured" if value is None else f"measured {value:.2f}"
        verdicts.append((limit.holds(tally), f"{limit.text}: {found}"))
    return verdicts
