"""Numbers: all that are legal, those at the borders often, the others only when asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import smallest
from wskit.protocol.frames import close_payload, parse_close
from wskit.testing.strategies import close_codes, lengths, masks, opcodes


@given(opcodes(), opcodes(violations={"opcode"}))
def test_opcodes_are_defined_or_reserved(legal: int, reserved: int) -> None:
    assert legal in (0, 1, 2, 8, 9, 10)
    assert reserved in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)


@given(masks())
def test_masks_have_four_bytes(mask: bytes) -> None:
    assert len(mask) == 4


@given(lengths(), lengths(min_size=100, max_size=70_000), lengths(min_size=7, max_size=7))
def test_lengths_stay_within_their_bounds(any_length: int, some: int, exact: int) -> None:
    assert 0 <= any_length < 1 << 63
    assert 100 <= some <= 70_000
    assert exact == 7


@given(close_codes())
def test_close_codes_may_be_sent(code: int) -> None:
    assert parse_close(close_payload(code)) == (code, "")


@given(close_codes(violations={"close_code"}))
def test_the_other_close_codes_may_not(code: int) -> None:
    with pytest.raises(ValueError, match="may not be sent"):
        close_payload(code)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, (1 << 63) - 1])
def test_borders_are_met(size: int) -> None:
    assert smallest(lengths(), lambda length: length == size) == size


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
def test_borders_of_close_codes_are_met(code: int) -> None:
    assert smallest(close_codes(), lambda each: each == code) == code


def test_the_simplest() -> None:
    assert smallest(opcodes(), lambda _: True) == 2
    assert smallest(opcodes(violations={"opcode"}), lambda _: True) == 3
    assert smallest(masks(), lambda _: True) == bytes(4)
    assert smallest(lengths(min_size=3), lambda _: True) == 3
    assert smallest(lengths(), lambda length: length > 60_000) == 60_001
    assert smallest(close_codes(), lambda _: True) == 1000
    assert smallest(close_codes(violations={"close_code"}), lambda _: True) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"min_size": -1}, "min_size: must be an int of at least 0, not -1"),
        ({"max_size": 1.5}, "max_size: must be an int of at least 0, not 1.5"),
        ({"min_size": 2, "max_size": 1}, "max_size: must be at least min_size=2, not 1"),
    ],
)
def test_wrong_lengths_are_named_at_the_call(arguments: dict[str, int], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        lengths(**arguments)


def test_wrong_violations_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="violations: 'mask' is none of opcode"):
        opcodes(violations={"mask"})
    with pytest.raises(InvalidArgument, match="violations: 'opcode' is none of close_code"):
        close_codes(violations=["opcode"])
