"""Compressed frames are inflated as far as that makes sense, and never for ever."""

from __future__ import annotations

import time
import tracemalloc
import zlib

import pytest

from tests.deadlines import scaled
from wskit.protocol.deflate import Deflater
from wskit.proxy import inflating
from wskit.proxy.inflating import Looker


def looker(fresh: bool = False) -> Looker:
    return Looker(no_context_takeover=fresh, preview=8)


def shown(looker: Looker, data: bytes, *, message: bool = True) -> tuple[bytes, int, bool] | None:
    """Give a whole frame."""
    if not looker.begin(message=message):
        return None
    looker.add(data, final=True)
    return bytes(looker.start), looker.length, looker.corrupt


@pytest.mark.parametrize("fresh", [False, True])
def test_messages_and_fragments(fresh: bool) -> None:
    deflater, one = Deflater(15, no_context_takeover=fresh), looker(fresh)
    text = b"hello hello hello"
    for _ in range(2):
        assert shown(one, deflater.compress(text)) == (b"hello he", 17, False)
    data = deflater.compress(text)
    assert one.begin(message=True)
    one.add(data[:-1], final=False)
    first = one.length
    assert one.begin(message=False)
    one.add(data[-1:], final=False)
    second = one.length
    assert shown(one, b"", message=False) == (b"", 17 - first - second, False)


def test_what_is_no_deflate_ends_it_where_the_context_matters() -> None:
    one, fresh = looker(), looker(True)
    assert shown(one, b"\xff\xff\xff") == (b"", 0, True)
    assert shown(one, b"x") is None
    assert shown(fresh, b"\xff\xff\xff") == (b"", 0, True)
    assert shown(fresh, b"more", message=False) is None
    assert shown(fresh, Deflater(15).compress(b"again")) == (b"again", 5, False)


def bomb(size: int) -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(size >> 20))


def test_a_bomb_takes_little_memory_and_time() -> None:
    data = bomb(256 << 20) * 20
    one = looker()
    began = time.monotonic()
    tracemalloc.start()
    try:
        assert shown(one, data) == (bytes(8), 64 << 20, False)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < scaled(5)
    assert shown(one, b"x") is None


def test_each_message_has_as_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "_MOST", 10)
    deflater, one = Deflater(15, no_context_takeover=True), looker(True)
    for _ in range(3):
        assert shown(one, deflater.compress(b"0123456789")) == (b"01234567", 10, False)
    assert shown(one, deflater.compress(b"0123456789a")) == (b"", 10, False)
    assert shown(one, deflater.compress(b"0123456789")) == (b"01234567", 10, False)
