"""The lengths that headers say, whole and cut."""

from __future__ import annotations

import pytest

from wskit.protocol.frames import encode
from wskit.relaying.extents import header_size, payload_size


@pytest.mark.parametrize("key", [None, 7])
@pytest.mark.parametrize(("size", "plain"), [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_every_form_of_length(size: int, plain: int, key: int | None) -> None:
    whole = plain + (0 if key is None else 4)
    header = encode(0x82, bytes(size), key)[:whole]
    assert header_size(header) == whole
    assert payload_size(header) == size
    assert [header_size(header[:cut]) for cut in range(2)] == [2, 2]


def test_a_length_in_more_bytes_than_it_needs() -> None:
    assert payload_size(b"\x81\x7e\x00\x01") == 1
    assert payload_size(b"\x81\x7f" + b"\xff" * 8) == (1 << 64) - 1
