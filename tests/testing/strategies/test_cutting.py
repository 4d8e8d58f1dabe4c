"""Cuts: pieces that are not empty and join to the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import smallest
from wskit.testing.strategies import cuts

DATA = bytes(range(100))


@given(st.data(), st.binary(max_size=300))
def test_the_pieces_join_to_the_whole(data: st.DataObject, whole: bytes) -> None:
    pieces = data.draw(cuts(whole))
    assert b"".join(pieces) == whole
    assert all(pieces)


def test_every_way_is_met() -> None:
    assert smallest(cuts(DATA), lambda pieces: len(pieces) == 100)[3] == b"\x03"
    assert smallest(cuts(DATA), lambda pieces: len(pieces[0]) == 77) == (DATA[:77], DATA[77:])


@given(cuts(bytes(3000)))
def test_what_is_long_comes_in_few_pieces(pieces: tuple[bytes, ...]) -> None:
    assert len(pieces) <= 21


def test_the_simplest() -> None:
    assert smallest(cuts(DATA), lambda _: True) == (DATA,)
    assert smallest(cuts(DATA), lambda pieces: len(pieces) == 2) == (DATA[:1], DATA[1:])
    assert smallest(cuts(b"a"), lambda _: True) == (b"a",)
    assert smallest(cuts(b""), lambda _: True) == ()


def test_only_bytes_can_be_cut() -> None:
    with pytest.raises(InvalidArgument, match="data: must be bytes, not str"):
        cuts("text")  # type: ignore[arg-type]
