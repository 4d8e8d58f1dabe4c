"""The parser as a target: what differs from the reference, or between cuts, is told."""

from __future__ import annotations

import contextlib

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import BOUNDED, CUTS, ERRORS, HEADERS_FIRST, REFERENCE, Violation
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets.parser import target

PARSER = "wskit.protocol.parser"
SMALL = b"\x00\x00"  # a server with a buffer of 14 bytes and messages of 60
LONG = SMALL + write_pieces([Piece(0x82, b"x" * 60, b"abcd")])


@pytest.mark.parametrize(
    ("old", "new", "data", "check"),
    [
        ("if not self._legal[first]:", "if first > 256:", b"\x00\x00\x83", ERRORS),
        ("if end - start < 2:", "if end - start < 3:", b"\x00\x00\x82\x00", HEADERS_FIRST),
        ("if size & 0x80 != mask_bit:", "if size < 0:", b"\x00\x00\x82\x00", REFERENCE),
        ("self._lender.release(loan)\n", "pass\n", LONG, BOUNDED),
        ("rotated(self._key, self._filled)", "self._key", LONG, CUTS),
    ],
)
def test_faults_are_told(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str, data: bytes, check: object
) -> None:
    parser = target()
    parser.examine(data, contextlib.nullcontext)
    plant(monkeypatch, PARSER, old, new)
    with pytest.raises(Violation) as caught:
        parser.examine(data, contextlib.nullcontext)
    assert caught.value.check in (check, REFERENCE)
    parser.close()


def test_behaviours_differ() -> None:
    parser = target()
    told = {
        parser.examine(data, contextlib.nullcontext)
        for data in (b"", b"\0\0\x82", b"\0\0\x83", b"\1\0\x82\0", LONG)
    }
    assert len(told) == 5
