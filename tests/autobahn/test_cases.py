"""Which cases a pattern chooses, how they are split, and that the suite is the one expected."""

from __future__ import annotations

import pytest
from cases import check_sections, in_order, part_of, section, select, split

KNOWN = ["1.1.1", "1.1.2", "2.1", "10.1.1", "12.1.1", "12.1.2", "12.2.1", "13.1.1"]


def test_sections_are_the_first_number() -> None:
    assert [section("12.3.4"), section("2.1")] == ["12", "2"]


def test_cases_are_ordered_by_number_not_by_letter() -> None:
    assert in_order(["10.1.1", "9.1.10", "9.1.9", "2.1"]) == ["2.1", "9.1.9", "9.1.10", "10.1.1"]


def test_a_pattern_does_not_reach_into_a_section_with_the_same_first_digit() -> None:
    assert select(KNOWN, ["1.*"]) == ["1.1.1", "1.1.2"]


def test_patterns_add_up_in_order_and_without_doubles() -> None:
    assert select(KNOWN, ["12.1.*", "2.1", "12.*"]) == ["2.1", "12.1.1", "12.1.2", "12.2.1"]


def test_a_star_is_every_case() -> None:
    assert select(reversed(KNOWN), ["*"]) == KNOWN


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"cases: .*'14\.\*'"):
        select(KNOWN, ["1.*", "14.*"])


def test_parts_hold_every_case_once() -> None:
    parts = split(KNOWN)
    assert sorted(case for part in parts.values() for case in part) == sorted(KNOWN)
    assert all(part_of(case) == name for name, part in parts.items() for case in part)


def test_the_compression_sections_are_split_and_come_first() -> None:
    assert list(split(KNOWN)) == ["12.1", "12.2", "13.1", "1", "2", "10"]


def test_sections_as_expected_pass() -> None:
    check_sections(KNOWN, {"1": 2, "2": 1, "10": 1, "12": 3, "13": 1})


@pytest.mark.parametrize(
    ("expected", "named"),
    [
        ({"1": 3, "2": 1, "10": 1, "12": 3, "13": 1}, "section 1 "),
        ({"1": 2, "2": 1, "10": 1, "12": 3}, "section 13 "),
        ({"1": 2, "2": 1, "7": 1, "10": 1, "12": 3, "13": 1}, "section 7 "),
    ],
)
def test_a_section_with_another_number_of_cases_is_named(
    expected: dict[str, int], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        check_sections(KNOWN, expected)
