"""Payloads: within their bounds, text that is UTF-8 or is not, close payloads right and wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.protocol import utf8
from tests.testing.strategies.judging import smallest
from wskit.errors import InvalidPayload, ProtocolError
from wskit.protocol.frames import parse_close
from wskit.testing.strategies import close_payloads, payloads, utf8_boundaries
from wskit.testing.strategies.contents import CUT_SHORT, WRONG

BOUNDS = [
    (0, None),
    (0, 0),
    (0, 1),
    (1, 3),
    (126, None),
    (126, 126),
    (65_535, 65_536),
    (70_000, None),
]


class Box:
    """Hypothesis warns of a long repr, and bytes have one."""

    def __init__(self, data: bytes) -> None:
        self.data = data


@pytest.mark.parametrize("text", [False, True], ids=["bytes", "text"])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@given(data=st.data())
def test_payloads_stay_within_their_bounds(
    bounds: tuple[int, int | None], text: bool, data: st.DataObject
) -> None:
    low, high = bounds
    payload = data.draw(payloads(min_size=low, max_size=high, text=text))
    assert low <= len(payload) <= (max(low, 65_600) if high is None else high)
    if text:
        payload.decode()


@given(utf8_boundaries())
def test_boundaries_are_utf8(data: bytes) -> None:
    data.decode()


@given(utf8_boundaries(violations={"utf8"}))
def test_the_others_are_not(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        data.decode()


@pytest.mark.parametrize(("data", "at"), WRONG.items())
def test_the_first_bad_byte_is_where_the_table_says(data: bytes, at: int) -> None:
    assert utf8.first_bad(data) == at


@pytest.mark.parametrize("data", CUT_SHORT)
def test_what_is_cut_short_begins_a_character(data: bytes) -> None:
    assert utf8.first_bad(data) is None


@given(close_payloads(), close_payloads(max_reason=5))
def test_close_payloads_are_legal(payload: bytes, short: bytes) -> None:
    parse_close(payload)
    parse_close(short)
    assert (len(payload) <= 125, len(short) <= 7) == (True, True)


@given(close_payloads(violations={"close_length", "close_code"}))
def test_bad_ones_break_the_protocol(payload: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_close(payload)
    assert caught.value.close_code == 1002


@given(close_payloads(violations={"close_reason"}))
def test_bad_reasons_are_not_utf8(payload: bytes) -> None:
    with pytest.raises(InvalidPayload):
        parse_close(payload)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_sizes_at_the_borders_are_met(size: int) -> None:
    found = smallest(payloads().map(Box), lambda box: len(box.data) == size)
    assert found.data == bytes(size)


def test_the_simplest() -> None:
    assert smallest(payloads(), lambda _: True) == b""
    assert smallest(payloads(), lambda data: len(data) > 300) == bytes(301)
    assert smallest(payloads(text=True), lambda data: len(data) > 125) == b"0" * 126
    assert smallest(payloads(), any) == b"\x01"
    assert smallest(close_payloads(), lambda _: True) == b""
    assert smallest(close_payloads(), lambda data: len(data) > 2) == b"\x03\xe80"
    assert smallest(utf8_boundaries(), lambda _: True) == b"\0"
    assert smallest(utf8_boundaries(violations={"utf8"}), lambda _: True) == b"\x80"


def test_wrong_arguments_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="text: must be True or False, not 1"):
        payloads(text=1)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="max_reason: must be an int of at least 0, not -1"):
        close_payloads(max_reason=-1)
    with pytest.raises(InvalidArgument, match="max_reason: must be at most 123, not 124"):
        close_payloads(max_reason=124)
    with pytest.raises(InvalidArgument, match="violations: 'utf8' is none of close_length"):
        close_payloads(violations={"utf8"})
