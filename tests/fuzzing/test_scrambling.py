"""Plain changes: one at a time, from the generator that is given."""

from __future__ import annotations

import random

from wskit.fuzzing.scrambling import scrambled


def test_bytes_change_and_a_seed_repeats() -> None:
    once = [scrambled(random.Random(seed), b"hello world", b"other") for seed in range(300)]
    again = [scrambled(random.Random(seed), b"hello world", b"other") for seed in range(300)]
    assert once == again
    assert len(set(once)) > 150
    assert {len(each) < 11 for each in once} == {False, True}
    assert any(b"other"[:2] in each for each in once)


def test_nothing_becomes_something() -> None:
    assert any(scrambled(random.Random(seed), b"", b"") for seed in range(20))
