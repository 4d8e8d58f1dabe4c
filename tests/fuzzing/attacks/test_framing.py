"""Each attack of ``framing`` is what its name says: our core, which has its own tests, agrees."""

from __future__ import annotations

import pytest

from tests.fuzzing.attacks.taking import check
from wskit.fuzzing.attacks.framing import framing
from wskit.fuzzing.wire import Speaker
from wskit.protocol.opcodes import Side

SIDES = pytest.mark.parametrize("against", Side)


@SIDES
def test_what_is_expected_is_right(against: Side) -> None:
    for attack in framing(Speaker(masked=against is Side.SERVER)):
        check(attack, against)


@SIDES
def test_all_reserved_bits_and_opcodes_are_tried(against: Side) -> None:
    names = {attack.name for attack in framing(Speaker(masked=against is Side.SERVER))}
    assert {f"reserved: opcode {opcode}" for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)} < names
    assert {f"reserved: RSV{bit} on ping" for bit in (1, 2, 3)} < names


def test_the_mask_is_wrong_on_either_side() -> None:
    server, client = (framing(Speaker(masked=masked))[0] for masked in (True, False))
    assert (server.name, client.name) == ("mask: unmasked text", "mask: masked text")
    assert server.steps[1].data == b"\x81\x05hello"
