"""All attacks together."""

from __future__ import annotations

import pytest

from wskit.fuzzing.attacks import catalogue
from wskit.fuzzing.scripts import read_attack, written_attack
from wskit.protocol.opcodes import Side


@pytest.mark.parametrize("against", Side)
def test_names_are_all_different(against: Side) -> None:
    attacks = catalogue(against)
    assert len({attack.name for attack in attacks}) == len(attacks) > 250


@pytest.mark.parametrize("against", Side)
def test_it_is_the_same_every_time(against: Side) -> None:
    assert catalogue.__wrapped__(against) == catalogue(against)


@pytest.mark.parametrize("against", Side)
def test_each_comes_back_from_its_lines(against: Side) -> None:
    for attack in catalogue(against):
        assert read_attack(written_attack(attack)) == attack


@pytest.mark.parametrize(
    "case",
    [
        "CVE-2026-48779", "CVE-2026-12151", "CVE-2026-54274", "undici#4899", "CVE-2018-1000518",
        "tornado#2391", "CVE-2026-1526", "centrifuge#584", "graphql-testing-library#173",
        "PR #12976", "websocket.zig#74", "GHSA-jf24-p9p9-4rjh", "nopoll#84", "CVE-2026-29035",
        "CVE-2023-43669", "CVE-2024-37890", "CVE-2021-32640", "Granian", "tokio-tungstenite#347",
        "PRISMA-2021-0118", "CVE-2026-45736", "playframework#14051", "picows",
    ],
)  # fmt: skip
def test_what_happened_to_others_is_tried(case: str) -> None:
    assert [attack.name for attack in catalogue(Side.SERVER) if case in attack.case]
