"""Scratch memory: pieces of one block, fresh memory beyond it, all of it void after a reset."""

from __future__ import annotations

import pytest

from wskit.scratch import Scratch


def test_pieces_can_be_written_and_do_not_overlap() -> None:
    scratch = Scratch(16)
    first, second = scratch.alloc(4), scratch.alloc(4)
    first[:], second[:] = b"abcd", b"efgh"
    assert (bytes(first), bytes(second)) == (b"abcd", b"efgh")


def test_pieces_come_from_the_block_as_long_as_they_fit() -> None:
    scratch = Scratch(8)
    pieces = [scratch.alloc(3), scratch.alloc(5)]
    assert pieces[0].obj is pieces[1].obj
    assert scratch.alloc(1).obj is not pieces[0].obj


def test_a_piece_larger_than_the_block_is_fresh_memory_of_its_size() -> None:
    scratch = Scratch(8)
    assert len(scratch.alloc(100)) == 100
    assert len(scratch.alloc(8)) == 8, "the block is still whole"


def test_a_block_of_nothing_gives_fresh_memory() -> None:
    assert len(Scratch(0).alloc(5)) == 5


def test_a_piece_of_nothing_is_empty() -> None:
    assert len(Scratch(8).alloc(0)) == 0


@pytest.mark.parametrize("size", [4, 100])
def test_after_a_reset_a_piece_that_was_kept_cannot_be_used(size: int) -> None:
    scratch = Scratch(8)
    piece = scratch.alloc(size)
    scratch.reset()
    with pytest.raises(ValueError, match="released"):
        piece[0]


def test_after_a_reset_the_block_is_given_out_again() -> None:
    scratch = Scratch(8)
    before = scratch.alloc(8).obj
    scratch.reset()
    assert scratch.alloc(8).obj is before


def test_a_slice_that_was_kept_does_not_stop_a_reset() -> None:
    scratch = Scratch(8)
    kept = scratch.alloc(8)[2:4]
    scratch.reset()
    assert len(kept) == 2
    scratch.reset()


def test_a_size_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^size: must not be negative, not -1$"):
        Scratch(8).alloc(-1)
