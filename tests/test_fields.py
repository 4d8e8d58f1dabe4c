"""The checks of configuration fields: what passes, and that an error begins with the name."""

from __future__ import annotations

import math

import pytest

from wskit import fields


class TestInteger:
    @pytest.mark.parametrize("value", [1, 5, 9])
    def test_passes_within_its_bounds(self, value: int) -> None:
        fields.integer("n", value, 1, 9)

    def test_may_have_no_upper_bound(self) -> None:
        fields.integer("n", 1 << 100, 1)

    @pytest.mark.parametrize(
        ("value", "high", "message"),
        [
            (0, 9, "n: must be 1..9, not 0"),
            (10, 9, "n: must be 1..9, not 10"),
            (0, None, "n: must be at least 1, not 0"),
        ],
    )
    def test_names_the_bounds(self, value: int, high: int | None, message: str) -> None:
        with pytest.raises(ValueError, match=f"^{message}$"):
            fields.integer("n", value, 1, high)

    @pytest.mark.parametrize("value", [True, 1.0, "1", None])
    def test_takes_nothing_but_an_int(self, value: object) -> None:
        with pytest.raises(TypeError, match=f"^n: must be an int, not {type(value).__name__}$"):
            fields.integer("n", value, 0)


class TestSeconds:
    @pytest.mark.parametrize("value", [1, 0.001, 1e9])
    def test_passes_above_zero(self, value: float) -> None:
        fields.seconds("t", value)

    @pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, -math.inf, math.nan])
    def test_is_finite_and_above_zero(self, value: float) -> None:
        with pytest.raises(ValueError, match=r"^t: must be more than 0 seconds, not"):
            fields.seconds("t", value)

    def test_may_be_zero_or_none_where_allowed(self) -> None:
        fields.seconds("t", 0, zero=True)
        fields.seconds("t", None, optional=True)

    def test_below_zero_is_never_allowed(self) -> None:
        with pytest.raises(ValueError, match=r"^t: must be at least 0 seconds, not -1$"):
            fields.seconds("t", -1, zero=True)

    @pytest.mark.parametrize("value", [True, "1", None])
    def test_is_a_number(self, value: object) -> None:
        with pytest.raises(TypeError, match=r"^t: must be a number of seconds, not"):
            fields.seconds("t", value)

    def test_says_when_none_would_do(self) -> None:
        with pytest.raises(TypeError, match=r"^t: must be a number of seconds or None, not str$"):
            fields.seconds("t", "1", optional=True)


def test_boolean_takes_true_and_false_only() -> None:
    fields.boolean("b", True)
    fields.boolean("b", False)
    with pytest.raises(TypeError, match=r"^b: must be True or False, not 1$"):
        fields.boolean("b", 1)


def test_instance_takes_a_kind() -> None:
    fields.instance("s", "", str)
    with pytest.raises(TypeError, match=r"^s: must be a str, not int$"):
        fields.instance("s", 1, str)


def test_sequence_takes_no_single_text() -> None:
    fields.sequence("s", ["a"])
    fields.sequence("s", ())
    for value in ("a", b"a", {"a"}, None):
        with pytest.raises(
            TypeError, match=rf"^s: must be a sequence, not {type(value).__name__}$"
        ):
            fields.sequence("s", value)


def test_inspection_is_wished_or_not_or_by_tcp() -> None:
    for value in (True, False, "tcp"):
        fields.inspection(value)
    with pytest.raises(ValueError, match=r'^inspect: must be True, False or "tcp", not \'unix\'$'):
        fields.inspection("unix")
    with pytest.raises(TypeError, match=r'^inspect: must be True, False or "tcp", not int$'):
        fields.inspection(1)
