"""Each attack of ``messages`` is what its name says: our core, which has its own tests, agrees."""

from __future__ import annotations

import pytest

from tests.fuzzing.attacks.taking import check
from wskit.fuzzing.attacks.messages import messages
from wskit.fuzzing.wire import Speaker
from wskit.protocol.opcodes import Side

SIDES = pytest.mark.parametrize("against", Side)


@SIDES
def test_what_is_expected_is_right(against: Side) -> None:
    for attack in messages(Speaker(masked=against is Side.SERVER)):
        check(attack, against)


@SIDES
def test_floods_are_larger_than_what_a_server_should_keep(against: Side) -> None:
    floods = [
        attack
        for attack in messages(Speaker(masked=against is Side.SERVER))
        if attack.name.startswith("flood: ") and "fragment" in attack.name
    ]
    assert max(step.times for attack in floods for step in attack.steps) == 131_000
