"""What must hold, as data: ratios within a run, or figures: `floor.py`, `goals.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from report import Tally

__all__ = ["Limit", "Verdict", "judge", "needed"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a limit holds, and what was measured (None: nothing)."""

    text: str
    value: float | None
    holds: bool

    def __str__(self) -> str:
        """Return the sentence that says so."""
        found = "not measured" if self.value is None else f"measured {self.value:.4g}"
        return f"{'holds' if self.holds else 'MISSED'}  {self.text}: {found}"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that must hold for ``server`` at ``work``.

    With ``against`` (or ``against_work``, where it is compared with itself) a ratio is judged: with
    ``at_least`` how many times better, with ``at_most`` how many times the cost; of several peers
    that of the best. Without both, the figure is.
    """

    text: str
    work: str
    server: str
    figure: str
    against: tuple[str, ...] = ()
    against_work: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def measured(self, tally: Tally) -> float | None:
        """Return the median over the rounds, or None where something is missing."""
        if self.against_work:
            return self._compared_with_itself(tally)
        if not self.against:
            found = tally.figure(self.work, self.server, self.figure)
            return None if found is None else found.median
        better = [
            found.median
            for peer in self.against
            if (found := tally.advantage(self.work, self.server, peer, self.figure)) is not None
        ]
        if not better:
            return None
        return min(better) if self.at_least is not None else 1 / min(better)

    def _compared_with_itself(self, tally: Tally) -> float | None:
        here = tally.of(self.work, self.server)
        there = tally.of(self.against_work, self.server)
        both = here.keys() & there.keys()
        ratios = [here[n][self.figure] / there[n][self.figure] for n in both]
        return median(ratios) if ratios else None

    def verdict(self, tally: Tally) -> Verdict:
        """Judge it; what was not measured does not hold."""
        value = self.measured(tally)
        enough = value is not None and (self.at_least is None or value >= self.at_least)
        good = enough and (value is None or self.at_most is None or value <= self.at_most)
        return Verdict(text=self.text, value=value, holds=good)


def judge(limits: Iterable[Limit], tally: Tally) -> list[Verdict]:
    """Return the verdict on each limit."""
    return [limit.verdict(tally) for limit in limits]


def needed(limits: Sequence[Limit]) -> dict[str, list[str]]:
    """Return what must be measured to judge ``limits``: for each work its servers."""
    servers: dict[str, dict[str, None]] = {}
    for limit in limits:
        servers.setdefault(limit.work, {}).update(dict.fromkeys((limit.server, *limit.against)))
        if limit.against_work:
            servers.setdefault(limit.against_work, {})[limit.server] = None
    return {work: list(names) for work, names in servers.items()}
