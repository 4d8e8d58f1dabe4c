"""Any bytes are frames to a fuzzer, and come back as they were."""

from __future__ import annotations

import random

import pytest

from wskit.fuzzing.pieces import Piece, least_form, read_pieces, write_pieces, xored


def test_what_is_read_and_written_is_the_same() -> None:
    source = random.Random(3)
    for _ in range(3000):
        data = source.randbytes(source.randint(0, 60))
        assert write_pieces(read_pieces(data)) == data


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
@pytest.mark.parametrize("key", [b"", b"\x01\x02\x03\x04"])
def test_a_frame_is_read(size: int, key: bytes) -> None:
    piece = Piece(0x82, b"x" * size, key)
    (read,) = read_pieces(write_pieces([piece]))
    assert (read.first, read.payload, read.key, read.claim) == (0x82, piece.payload, key, None)
    assert read.form == least_form(size)


def test_a_length_may_lie() -> None:
    data = write_pieces([Piece(0x81, b"ab", claim=300)])
    assert data == b"\x81\x7e\x01\x2cab"
    (read,) = read_pieces(data)
    assert (read.payload, read.claim) == (b"ab", 300)
    assert write_pieces([Piece(0x81, b"ab", form=8)]) == b"\x81\x7f" + bytes(7) + b"\x02ab"


def test_the_number_of_pieces_is_bounded() -> None:
    pieces = read_pieces(b"\x89\x00" * 50, most=10)
    assert len(pieces) == 10
    assert (pieces[-1].first, pieces[-1].opcode) == (None, -1)
    assert pieces[0].opcode == 9


def test_masking_twice_changes_nothing() -> None:
    assert xored(xored(b"hello", b"abcd"), b"abcd") == b"hello"
    assert xored(b"", b"abcd") == b""
