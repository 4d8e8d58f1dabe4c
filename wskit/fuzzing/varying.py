"""The same attack another way: legal traffic before it, and its bytes cut elsewhere."""

from __future__ import annotations

import random

from .scripts import Attack, Does, Step
from .wire import Speaker, pattern

__all__ = ["varied"]

_WHOLE = 4096  # a step with more bytes is not cut
_PIECES = 6


def varied(attack: Attack, random_source: random.Random, say: Speaker) -> Attack:
    """Return ``attack`` with random legal control frames before it and random cuts.

    What is expected of it stays the same, so no message is added.
    """
    steps: list[Step] = []
    for step in attack.steps:
        steps += _cut(step, random_source)
        if step.does is Does.OPEN:
            steps += _before(random_source, say)
    return attack.with_steps(tuple(steps))


def _before(random_source: random.Random, say: Speaker) -> list[Step]:
    frames = [
        say.frame(random_source.choice((9, 10)), pattern(random_source.choice((0, 1, 20, 125))))
        for _ in range(random_source.randrange(4))
    ]
    return [Step(Does.SEND, frame) for frame in frames]


def _cut(step: Step, random_source: random.Random) -> list[Step]:
    size = len(step.data)
    if step.does is not Does.SEND or step.times > 1 or not 1 < size <= _WHOLE:
        return [step]
    count = min(size - 1, random_source.randrange(_PIECES))
    places = sorted(random_source.sample(range(1, size), count))
    ends = zip([0, *places], [*places, size], strict=True)
    return [Step(Does.SEND, step.data[start:end]) for start, end in ends]
