"""The assembler as a target: UTF-8 across fragments, limits, inflation."""

from __future__ import annotations

import contextlib

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import Violation
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets.assembler import target

MESSAGES = "wskit.protocol.messages"
UNFINISHED = (
    "elif self._validator is not None:\n            self._validator.feed(self._parser.unseen())\n"
)
CUT_TEXT = b"\x79\x00" + write_pieces([Piece(0x01, b"\xc3"), Piece(0x80, b"\xb6")])
BAD_START = b"\x79\x00" + write_pieces([Piece(0x81, b"\xff", claim=300)])
MANY = b"\xf9\x00" + write_pieces([Piece(0x02), *[Piece(0x00)] * 4])


@pytest.mark.parametrize(
    ("old", "new", "data"),
    [
        ("self._rest + piece if self._rest else piece", "piece", CUT_TEXT),
        ("self._fragments += 1", "self._fragments += 0", MANY),
        (
            UNFINISHED,
            UNFINISHED.replace("elif self._validator is not None", "elif False"),
            BAD_START,
        ),
    ],
)
def test_faults_are_told(monkeypatch: pytest.MonkeyPatch, old: str, new: str, data: bytes) -> None:
    assembler = target()
    assembler.examine(data, contextlib.nullcontext)
    plant(monkeypatch, MESSAGES, old, new)
    with pytest.raises(Violation):
        assembler.examine(data, contextlib.nullcontext)
    assembler.close()


def test_control_frames_are_passed_over() -> None:
    data = b"\x79\x00" + write_pieces([Piece(0x89), Piece(0x88, b"\x00"), Piece(0x81, b"a")])
    told = target().examine(data, contextlib.nullcontext)
    assert "1, 1" in str(told)
