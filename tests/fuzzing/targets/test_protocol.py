"""A connection core as a target: what it answers, and that it then is silent."""

from __future__ import annotations

import contextlib

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import CHECKS, FAITHFUL, ONE_CLOSE, REFERENCE, STATE, Check, Violation
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets.protocol import target

CORE = "wskit.protocol.connection"
CLIENT = b"\x79\x00"
CLOSE = CLIENT + write_pieces([Piece(0x88, b"\x0f\xa0")])
TEXT = CLIENT + write_pieces([Piece(0x81, b"hello"), Piece(0x82, b"hi"), Piece(0x89, b"x")])


@pytest.mark.parametrize(
    ("old", "new", "data", "check"),
    [
        ("None if code == 1005 else code)", "None if code == 1005 else 1000)", CLOSE, ONE_CLOSE),
        ("self.control(PONG, data)", "b''", TEXT, FAITHFUL),
        ("self.failed = error", "pass", CLIENT + b"\x83", STATE),
        ("self.writable = False\n        self.close_sent", "self.close_sent", CLOSE, STATE),
        ("self.close_received = parse_close(payload)", "pass", CLOSE, REFERENCE),
    ],
)
def test_faults_are_told(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str, data: bytes, check: Check
) -> None:
    protocol = target()
    protocol.examine(data, contextlib.nullcontext)
    plant(monkeypatch, CORE, old, new)
    with pytest.raises(Violation) as caught:
        protocol.examine(data, contextlib.nullcontext)
    assert check in CHECKS
    if check is not REFERENCE:
        assert caught.value.check is check
    protocol.close()
