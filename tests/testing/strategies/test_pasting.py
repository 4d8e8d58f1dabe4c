"""The repr of values makes them again when it is pasted, and stays short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from wskit.testing import strategies
from wskit.testing.strategies import Agreement, Frame, HandshakeRequest, Stream
from wskit.testing.strategies.pasting import literal

NAMES = {name: getattr(strategies, name) for name in strategies.__all__}
VALUES = [
    strategies.frames(),
    strategies.invalid_frames(),
    strategies.streams(),
    strategies.bad_streams(),
    strategies.conversations(),
    strategies.deflate_streams(),
    strategies.handshake_requests(),
]


@given(st.one_of(VALUES))
def test_a_pasted_repr_is_the_value(value: object) -> None:
    assert eval(repr(value), NAMES) == value
    assert pretty(value) == repr(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Frame(2), "Frame(2)"),
        (Frame(9, b"p", mask=b"\1\2\3\4"), r"Frame(9, payload=b'p', mask=b'\x01\x02\x03\x04')"),
        (Frame(2, bytes(126)), "Frame(2, payload=bytes(126))"),
        (Stream("client", (Frame(2),)), "Stream('client', frames=(Frame(2),))"),
        (Agreement(client_max_window_bits=9), "Agreement(client_max_window_bits=9)"),
        (HandshakeRequest(()), "HandshakeRequest(())"),
    ],
    ids=repr,
)
def test_defaults_are_left_out(value: object, said: str) -> None:
    assert repr(value) == said


@given(st.binary(min_size=1, max_size=20), st.integers(0, 300), st.integers(0, 20))
def test_literals_are_what_they_say(unit: bytes, times: int, zeros: int) -> None:
    for data in (unit * times, unit * times + unit[:zeros], unit * times + b"0" * zeros):
        assert eval(literal(data)) == data


def test_bytes_that_repeat_are_multiplied() -> None:
    assert literal(b"ab" * 500) == "b'ab' * 500"
    assert literal(b"ab" * 500 + b"a") == "b'ab' * 500 + b'a'"
    assert literal("é".encode() * 20 + b"0") == r"b'\xc3\xa9' * 20 + b'0'"
