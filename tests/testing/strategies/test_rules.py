"""The tables of rules: each says where it stands and what it earns, and the manual has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from wskit.testing.strategies import (
    OFFER_VIOLATIONS,
    REQUEST_VIOLATIONS,
    RESPONSE_VIOLATIONS,
    VIOLATIONS,
    Rule,
)
from wskit.testing.strategies.rules import FRAME_VIOLATIONS

TABLES = {
    "frames": VIOLATIONS,
    "offers": OFFER_VIOLATIONS,
    "requests": REQUEST_VIOLATIONS,
    "responses": RESPONSE_VIOLATIONS,
}
MANUAL = Path(__file__).parents[3] / "docs" / "strategies.md"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_each_rule_has_its_section(table: Mapping[str, Rule]) -> None:
    for name, rule in table.items():
        assert rule.name == name
        assert rule.section.startswith(("RFC 6455 §", "RFC 7692 §", "RFC 9112 §"))
        assert rule.offence


def test_the_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        VIOLATIONS["rsv"] = VIOLATIONS["mask"]  # type: ignore[index]


def test_frames_earn_the_codes_of_the_rfc() -> None:
    codes = {name: rule.answer for name, rule in VIOLATIONS.items()}
    invalid = {name for name, code in codes.items() if code == 1007}
    assert invalid == {"utf8", "close_reason", "deflate"}
    assert set(codes.values()) == {1002, 1007}


def test_one_frame_cannot_break_what_takes_two_or_compression() -> None:
    left = {"nested_message", "deflate", "compressed_control", "compressed_continuation"}
    assert set(VIOLATIONS) - set(FRAME_VIOLATIONS) == left


def test_the_manual_lists_every_rule_of_frames() -> None:
    manual = MANUAL.read_text()
    for rule in VIOLATIONS.values():
        assert f"| `{rule.name}` | {rule.offence} | {rule.section} | {rule.answer} |" in manual


def test_the_manual_names_every_rule_of_handshakes() -> None:
    manual = MANUAL.read_text()
    for rule in (*REQUEST_VIOLATIONS.values(), *RESPONSE_VIOLATIONS.values()):
        assert f"`{rule.name}`" in manual
