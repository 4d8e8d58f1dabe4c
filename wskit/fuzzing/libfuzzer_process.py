"""The process in which libFuzzer, by way of atheris, feeds one target.

The law of this file: what is written to stdout is lines of JSON: findings, as they come, how many
executions there were until now, and one that says that it is over.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FunctionType
from typing import NoReturn

from .campaign import examined, smallest
from .findings import Finding
from .mutating import LONGEST, Mutator
from .targets import Target, make_target
from .targets.settings import SETTINGS

__all__ = ["Feeder", "Order"]

_NEWS = 100  # executions between two words of how many there were
_DONORS = 64  # inputs that others are made of, beside the two that libFuzzer chooses


@dataclass(frozen=True, slots=True)
class Order:
    """What to feed and how long; it comes as JSON, by the names of the fields, on stdin.

    ``corpus`` is a folder of inputs to begin with, which takes those that reach anything new.
    """

    target: str
    files: tuple[str, ...]
    corpus: str
    seed: int
    seconds: float
    executions: int | None
    most_findings: int


class Feeder:
    """What libFuzzer calls, in the main thread."""

    def __init__(
        self,
        order: Order,
        target: Target,
        out: int,
        leave: Callable[[int], NoReturn] = os._exit,
    ) -> None:
        """``out`` is where the lines go; ``leave`` ends the process: libFuzzer has no other end."""
        self._order, self._target, self._out = order, target, out
        self._leave = leave
        self._parent = os.getppid()
        self._rng = random.Random(order.seed)
        self._mutator = Mutator(self._rng, target.structure, SETTINGS)
        self._deadline = time.monotonic() + order.seconds
        self._donors: list[bytes] = []
        self._keys: set[str] = set()
        self._executions = 0

    def one(self, data: bytes) -> None:
        """Run the target once; ends the process when a limit is met."""
        if self._executions == self._order.executions or time.monotonic() >= self._deadline:
            self._end()
        if os.getppid() != self._parent:
            self._leave(1)  # nobody is left to be told
        self._executions += 1
        if self._executions % _NEWS == 0:
            self._say({"executions": self._executions})
        for finding in examined(self._target, data):
            self._tell(finding)

    def mutated(self, data: bytes, most: int, seed: int) -> bytes:
        """Return a new input made of ``data``, at most ``most`` bytes of it."""
        donor = self._rng.choice(self._donors) if self._donors else data
        if len(self._donors) < _DONORS:
            self._donors.append(bytes(data))
        else:
            self._donors[self._rng.randrange(_DONORS)] = bytes(data)
        return self._mutator.mutated(bytes(data), donor)[:most]

    def _tell(self, finding: Finding) -> None:
        if finding.key in self._keys:
            return
        self._keys.add(finding.key)
        small = smallest(self._target, finding)
        self._say({"finding": {**asdict(small), "data": small.data.hex()}})
        if len(self._keys) >= self._order.most_findings:
            self._end()

    def _end(self) -> NoReturn:
        self._say({"executions": self._executions, "over": True})
        self._target.close()
        self._leave(0)

    def _say(self, line: dict[str, object]) -> None:
        os.write(self._out, json.dumps(line).encode() + b"\n")


def _instrument(files: tuple[str, ...]) -> None:
    """Instrument the functions of ``files`` where they are, so that all who imported them run it.

    The import hook of atheris takes a whole package, this one included.
    """
    import atheris

    package = Path(__file__).parents[1]
    paths = {str(package / file) for file in files}
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename in paths:
            atheris.instrument_func(function)


def _main() -> None:
    import atheris

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What libFuzzer, or the target, prints must not mix with the lines for whoever asked.
    out = os.dup(1)
    os.dup2(2, 1)
    order = Order(**json.loads(sys.stdin.read()))
    target = make_target(order.target)
    _instrument(order.files)
    feeder = Feeder(order, target, out)
    # What runs too long is ended by ``examined``; Ctrl-C is for whoever asked.
    options = [
        "-handle_int=0",
        "-rss_limit_mb=0",
        "-timeout=100000",
        "-len_control=0",
        "-verbosity=0",
    ]
    options += [f"-max_len={LONGEST}", f"-seed={order.seed % 0xFFFFFFFF + 1}"]  # 0 is any
    atheris.Setup([sys.argv[0], *options, order.corpus], feeder.one, custom_mutator=feeder.mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    _main()
