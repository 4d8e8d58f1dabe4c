"""One run of the fuzzer against one target: mutate, run, keep what is new, report what fails."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .checks import Violation
from .findings import Finding, Report
from .guiding import Guide, lines_of, make_guide
from .minimising import minimised
from .mutating import Mutator
from .overdue import ends_in_time
from .targets import Target
from .targets.settings import SETTINGS

__all__ = ["MOST_FINDINGS", "Campaign", "Limits", "examined", "smallest"]

_MOST_INPUTS = 4096
MOST_FINDINGS = 20  # that end a campaign
_WATCHED = 0.25  # the share of runs that are watched where watching costs


@dataclass(frozen=True, slots=True)
class Limits:
    """When a campaign ends: after ``seconds``, and after ``executions`` unless that is None."""

    seconds: float
    executions: int | None = None


class Campaign:
    """Feeds ``target``; ``found`` is called with each new finding at once, smallest input in it."""

    def __init__(
        self,
        target: Target,
        inputs: list[bytes],
        *,
        seed: int,
        found: Callable[[Finding], None] = lambda finding: None,
        kept: Callable[[bytes], None] = lambda data: None,
        watched: float = _WATCHED,
        most_findings: int = MOST_FINDINGS,
    ) -> None:
        """``inputs`` are where it begins; ``kept`` is called with each that reached new lines.

        ``watched`` is the share of runs that are watched where that costs.
        """
        self._target = target
        self._rng = random.Random(f"{seed} {target.name}")
        self._mutator = Mutator(self._rng, target.structure, SETTINGS)
        self._guide: Guide = make_guide(target.files)
        self._share = watched if self._guide.costs else 1.0
        self._found, self._kept = found, kept
        self._most_findings = most_findings
        self._inputs: list[bytes] = []
        self._first = inputs or [bytes(SETTINGS)]
        self._seen: set[int] = set()
        self._findings: dict[str, Finding] = {}
        self._executions = 0

    def run(self, limits: Limits) -> Report:
        """Run until a limit is met; Ctrl-C ends it early, with what was found."""
        start, interrupted = time.monotonic(), False
        try:
            self._run(start + limits.seconds, limits.executions)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._guide.stop()
        return Report(
            findings=tuple(self._findings.values()),
            executions=self._executions,
            seconds=time.monotonic() - start,
            coverage=self._coverage(),
            interrupted=interrupted,
        )

    def _run(self, deadline: float, most: int | None) -> None:
        for data in self._candidates():
            if time.monotonic() >= deadline or self._executions == most:
                return
            self._try(data, self._executions < len(self._first))
            if len(self._findings) >= self._most_findings:
                return

    def _candidates(self) -> Iterator[bytes]:
        yield from self._first
        inputs = self._inputs
        inputs.extend(data for data in self._first if data not in inputs)
        while True:
            yield self._mutator.mutated(self._chosen(), self._chosen())

    def _chosen(self) -> bytes:
        # Half of the time one of the latest: what is new has not been tried much.
        inputs = self._inputs
        if self._rng.random() < 0.5:
            return inputs[-1 - self._rng.randrange(min(len(inputs), 32))]
        return self._rng.choice(inputs)

    def _try(self, data: bytes, always: bool) -> None:
        watch = always or self._rng.random() < self._share
        before = self._guide.reached
        self._executions += 1
        try:
            with ends_in_time():
                behaviour = self._target.examine(data, self._watching if watch else _nobody)
        except Violation as violation:
            self._report(data, violation)
            return
        new = self._guide.reached > before
        if new:
            self._kept(data)
        if new or self._is_new(hash(behaviour)):
            self._keep(data)

    def _is_new(self, behaviour: int) -> bool:
        if behaviour in self._seen or len(self._seen) >= _MOST_INPUTS * 4:
            return False
        self._seen.add(behaviour)
        return True

    def _keep(self, data: bytes) -> None:
        if len(self._inputs) < _MOST_INPUTS:
            self._inputs.append(data)
        else:
            self._inputs[self._rng.randrange(_MOST_INPUTS)] = data

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        self._guide.start()
        try:
            yield
        finally:
            if self._guide.costs:
                self._guide.stop()

    def _report(self, data: bytes, violation: Violation) -> None:
        finding = _finding(self._target, data, violation)
        if finding.key in self._findings:
            return
        self._findings[finding.key] = finding  # so that an interruption does not lose it
        self._findings[finding.key] = finding = smallest(self._target, finding)
        self._found(finding)

    def _coverage(self) -> tuple[int, int]:
        every = lines_of(self._target.files)
        return len(self._guide.lines & every), len(every)


def examined(target: Target, data: bytes) -> list[Finding]:
    """Run ``target`` once on ``data``; return what failed, [] or one finding."""
    try:
        with ends_in_time():
            target.examine(data, _nobody)
    except Violation as violation:
        return [_finding(target, data, violation)]
    return []


def smallest(target: Target, finding: Finding) -> Finding:
    """Return ``finding`` with the smallest input found that shows it."""

    def fails(smaller: bytes) -> bool:
        return any(each.key == finding.key for each in examined(target, smaller))

    small = minimised(finding.data, fails, target.structure, SETTINGS)
    again = [each for each in examined(target, small) if each.key == finding.key]
    return again[0] if again else finding


@contextlib.contextmanager
def _nobody() -> Iterator[None]:
    yield


def _finding(target: Target, data: bytes, violation: Violation) -> Finding:
    return Finding(
        check=violation.check.name,
        target=target.name,
        detail=violation.detail,
        data=data,
        source=violation.check.source,
        fault=violation.fault,
    )
