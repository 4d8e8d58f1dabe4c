"""Changes of heads keep lines whole, mostly."""

from __future__ import annotations

import random

from wskit.fuzzing.rewording import reworded
from wskit.fuzzing.seeds import seeds

REQUEST = seeds("handshake")["request"][2:]


def test_lines_come_go_and_change() -> None:
    found = [reworded(random.Random(seed), REQUEST, b"Donor: yes") for seed in range(400)]
    lines = REQUEST.count(b"\r\n")
    assert {each.count(b"\r\n") - lines for each in found} >= {-1, 0, 1}
    assert any(b"Donor: yes" in each for each in found)
    assert any(each.count(b"X-") >= 70 for each in found)
    assert any(b"UPGRADE" in each for each in found)


def test_a_seed_repeats() -> None:
    assert reworded(random.Random(5), REQUEST, b"") == reworded(random.Random(5), REQUEST, b"")
