"""Minimising: by frames, by lines, by bytes; bounded; what comes out still fails."""

from __future__ import annotations

import pytest

from wskit.fuzzing import minimising
from wskit.fuzzing.minimising import minimised
from wskit.fuzzing.pieces import Piece, read_pieces, write_pieces

KEY = b"\x01\x02\x03\x04"


def test_frames_go_first() -> None:
    pieces = [Piece(0x82, b"x" * 500, KEY) for _ in range(20)]
    pieces[7] = Piece(0x89, b"!" * 90, KEY)
    data = b"\xff\xff" + write_pieces(pieces)
    small = minimised(data, lambda d: any(p.opcode == 9 for p in read_pieces(d[2:])), "frames", 2)
    assert small[:2] == b"\0\0"
    (piece,) = read_pieces(small[2:])
    assert (piece.opcode, piece.payload) == (9, b"")


def test_lines_go_first_in_heads() -> None:
    head = b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(50)) + b"\r\n"
    small = minimised(b"\1\1" + head, lambda d: b"X-33" in d, "head", 2)
    assert small == b"\0\0X-33"


def test_bytes_are_cleared() -> None:
    assert minimised(b"\0\0abcXdef", lambda d: len(d) > 4, "bytes", 2) == bytes(5)


def test_settings_are_cleared_bit_by_bit() -> None:
    assert minimised(b"\xff\x00", lambda d: d[0] & 0x10 != 0, "bytes", 2) == b"\x10\x00"


def test_it_gives_up_after_so_many_runs() -> None:
    runs = 0

    def fails(data: bytes) -> bool:
        nonlocal runs
        runs += 1
        return False

    data = bytes(range(200))
    assert minimised(data, fails, "bytes", 2, most=50) == data
    assert runs == 50


def test_it_gives_up_after_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minimising, "SECONDS", 0.0)
    assert minimised(b"\0\0abc", lambda d: True, "bytes", 2) == b"\0\0abc"
