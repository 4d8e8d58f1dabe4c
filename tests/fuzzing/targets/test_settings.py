"""Settings: any two bytes mean something, and cuts are those of their seed."""

from __future__ import annotations

import pytest

from wskit.fuzzing.targets.settings import SETTINGS, cuts, read_settings
from wskit.protocol.opcodes import Side


def test_every_byte_is_a_setting() -> None:
    found = {read_settings(bytes((first, 0)))[0] for first in range(256)}
    assert len(found) == 256
    settings, stream = read_settings(b"\x07\x09rest")
    assert (settings.side, settings.deflate, settings.fresh) == (Side.CLIENT, True, True)
    assert (settings.seed, stream) == (9, b"rest")
    assert settings.rules.masked is False
    assert settings.agreed is not None


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00"])
def test_what_is_missing_is_nothing(data: bytes) -> None:
    settings, stream = read_settings(data)
    assert (settings.side, settings.agreed, stream) == (Side.SERVER, None, b"")
    assert SETTINGS == 2


@pytest.mark.parametrize("size", [0, 1, 2, 50, 300, 301, 5000])
def test_cuts_lose_nothing(size: int) -> None:
    stream = bytes(number & 0xFF for number in range(size))
    ways = cuts(stream, 7)
    assert ways == cuts(stream, 7)
    assert ways[0] == [stream]
    for way in ways:
        assert b"".join(way) == stream
    assert len(ways) == (1 if size < 2 else 3 if size <= 300 else 2)
