"""The same attack another way."""

from __future__ import annotations

import random

from tests.protocol import wire
from wskit.fuzzing.attacks.building import attack, closed, opened, send
from wskit.fuzzing.scripts import Does, Step
from wskit.fuzzing.varying import varied
from wskit.fuzzing.wire import Speaker

SAY = Speaker(masked=True)
ATTACK = attack("a", "5.2", closed(1002), b"0123456789", send(b"ab", 9), Step(Does.SHUT))


def test_the_bytes_stay_the_same_but_for_control_frames_before() -> None:
    lengths = set()
    for seed in range(50):
        steps = varied(ATTACK, random.Random(seed), SAY).steps
        assert steps[0] == opened()
        assert steps[-2:] == ATTACK.steps[-2:]
        sent = b"".join(step.data for step in steps[1:-2])
        assert sent.endswith(b"0123456789")
        assert {frame.opcode for frame in wire.frames(sent[:-10])} <= {wire.PING, wire.PONG}
        lengths.add(len(steps))
    assert len(lengths) > 4


def test_one_seed_gives_one_attack() -> None:
    one, other = (varied(ATTACK, random.Random(7), SAY) for _ in range(2))
    assert one == other


def test_what_is_short_or_long_is_not_cut() -> None:
    data = (b"a", b"b" * 5000)
    made = attack("a", "5.2", closed(1002), *data)
    for seed in range(20):
        steps = varied(made, random.Random(seed), SAY).steps
        assert tuple(step.data for step in steps[-2:]) == data
