"""Each attack of ``closing`` is what its name says: our core, which has its own tests, agrees."""

from __future__ import annotations

import pytest

from tests.fuzzing.attacks.taking import check
from wskit.fuzzing.attacks.closing import closing
from wskit.fuzzing.wire import Speaker
from wskit.protocol.opcodes import Side

SIDES = pytest.mark.parametrize("against", Side)


@SIDES
def test_what_is_expected_is_right(against: Side) -> None:
    for attack in closing(Speaker(masked=against is Side.SERVER)):
        check(attack, against)


@SIDES
def test_each_class_of_codes_is_tried(against: Side) -> None:
    names = {attack.name for attack in closing(Speaker(masked=against is Side.SERVER))}
    assert {f"close: code {code}" for code in (0, 999, 1000, 1005, 1015, 2999, 3000, 5000)} < names
