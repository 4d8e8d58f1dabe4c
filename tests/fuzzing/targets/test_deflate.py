"""Compression as a target: zlib as the reference has it, and there and back."""

from __future__ import annotations

import contextlib

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import Violation
from wskit.fuzzing.targets.deflate import target

DEFLATE = "wskit.protocol.deflate"


@pytest.mark.parametrize(
    ("old", "new", "data"),
    [
        ("[: -len(_TAIL)]", "[:-3]", b"hello"),
        ("return _EMPTY", 'return b"\\x07"', b""),
        ('raise InvalidPayload("compressed data is corrupt") from None', "raise", b"\x07" * 9),
    ],
)
def test_faults_are_told(monkeypatch: pytest.MonkeyPatch, old: str, new: str, data: bytes) -> None:
    deflate = target()
    deflate.examine(b"\0\0" + data, contextlib.nullcontext)
    plant(monkeypatch, DEFLATE, old, new)
    with pytest.raises(Violation):
        deflate.examine(b"\0\0" + data, contextlib.nullcontext)
    deflate.close()
