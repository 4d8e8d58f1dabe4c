"""Mutation: from a seed, bounded, and for frames mostly frames."""

from __future__ import annotations

import random
from typing import Literal

import pytest

from wskit.fuzzing.mutating import LONGEST, Mutator
from wskit.fuzzing.pieces import read_pieces
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.targets.settings import SETTINGS

STREAM = seeds("protocol")["to-server-messages"]
Structure = Literal["frames", "head", "bytes"]


def many(structure: Structure, seed: int, count: int = 1500) -> list[bytes]:
    mutator = Mutator(random.Random(seed), structure, SETTINGS)
    data, all_of_them = STREAM, []
    for _ in range(count):
        data = mutator.mutated(data, STREAM)
        all_of_them.append(data)
        if len(data) > 3000:
            data = STREAM
    return all_of_them


@pytest.mark.parametrize("structure", ["frames", "head", "bytes"])
def test_a_seed_decides(structure: Structure) -> None:
    assert many(structure, 1, 100) == many(structure, 1, 100)
    assert many(structure, 1, 100) != many(structure, 2, 100)


@pytest.mark.parametrize("structure", ["frames", "head", "bytes"])
def test_inputs_are_bounded_and_have_settings(structure: Structure) -> None:
    for data in many(structure, 3):
        assert SETTINGS <= len(data) <= SETTINGS + LONGEST


def test_every_kind_of_frame_comes() -> None:
    pieces = [piece for data in many("frames", 4) for piece in read_pieces(data[SETTINGS:])]
    assert {piece.opcode for piece in pieces} >= {0, 1, 2, 8, 9, 10, 3, 11, -1}
    assert {piece.form for piece in pieces} == {0, 2, 8}
    assert {bool(piece.key) for piece in pieces} == {False, True}
    assert any(piece.claim is not None for piece in pieces)
    assert any(piece.first is not None and piece.first & 0x20 for piece in pieces)


def test_nothing_is_needed_to_begin_with() -> None:
    for structure in ("frames", "head", "bytes"):
        mutator = Mutator(random.Random(1), structure, SETTINGS)
        assert all(len(mutator.mutated(b"", b"")) >= SETTINGS for _ in range(50))
