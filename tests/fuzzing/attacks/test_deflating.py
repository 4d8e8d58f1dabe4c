"""Each attack of ``deflating`` is what its name says: our core, which has its own tests, agrees."""

from __future__ import annotations

import pytest

from tests.fuzzing.attacks.taking import check, sent, taken
from wskit.fuzzing.attacks.deflating import deflating
from wskit.fuzzing.wire import Speaker
from wskit.protocol.opcodes import Side

SIDES = pytest.mark.parametrize("against", Side)


@SIDES
def test_what_is_expected_is_right(against: Side) -> None:
    for attack in deflating(Speaker(masked=against is Side.SERVER)):
        check(attack, against)


@SIDES
def test_a_bomb_is_one(against: Side) -> None:
    """Each is more than 8 MiB where it is inflated, and at most 100 KiB before."""
    for attack in deflating(Speaker(masked=against is Side.SERVER)):
        if "bomb" in attack.name:
            assert sum(map(len, sent(attack))) < 100_000
            assert taken(attack, against).code == 1009
