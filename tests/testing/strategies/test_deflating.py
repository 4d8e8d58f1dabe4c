"""Compressed payloads: they inflate to what they say, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import smallest
from wskit.errors import InvalidPayload
from wskit.protocol.deflate import Inflater
from wskit.testing.strategies import Agreement, DeflateStream, Frame, deflate_streams
from wskit.testing.strategies.deflating import Compressor, agreements
from wskit.testing.strategies.values import events_of


def inflated(stream: DeflateStream, bits: int = 15) -> bytes:
    return Inflater(bits).inflate(bytes(stream), final=True, limit=1 << 20)


@given(deflate_streams(), deflate_streams(text=True, max_size=50))
def test_they_inflate_to_what_they_say(stream: DeflateStream, text: DeflateStream) -> None:
    assert inflated(stream) == stream.plain
    assert text.plain is not None
    assert inflated(text).decode() == text.plain.decode()
    assert len(text.plain) <= 50


@given(st.integers(9, 15).flatmap(lambda bits: st.tuples(st.just(bits), _windowed(bits))))
def test_they_keep_to_their_window(pair: tuple[int, DeflateStream]) -> None:
    bits, stream = pair
    assert inflated(stream, bits) == stream.plain


def _windowed(bits: int) -> st.SearchStrategy[DeflateStream]:
    return deflate_streams(window_bits=bits)


@given(deflate_streams(violations={"deflate"}))
def test_the_others_do_not_inflate(stream: DeflateStream) -> None:
    assert stream.plain is None
    with pytest.raises(InvalidPayload):
        inflated(stream)


@given(agreements(), st.sampled_from(["client", "server"]), st.lists(st.binary(max_size=50)))
def test_a_compressor_keeps_its_context(
    agreement: Agreement, sender: str, said: list[bytes]
) -> None:
    compressor = Compressor(agreement, sender)
    frames = [frame for data in said for frame in compressor.message([Frame(2, data)])]
    assert events_of(sender, tuple(frames), agreement) == [(2, data) for data in said]


def test_fragments_are_cut_where_the_plain_ones_are() -> None:
    plain = [Frame(1, b"a" * 10, fin=False), Frame(9), Frame(0, b"b" * 10)]
    first, ping, last = Compressor(Agreement(), "server").message(plain)
    assert (first.rsv, ping, last.rsv) == (4, Frame(9), 0)
    assert abs(len(first.payload) - len(last.payload)) <= 1
    assert events_of("server", (first, ping, last), None) == [(9, b""), (1, "a" * 10 + "b" * 10)]


def test_the_simplest() -> None:
    assert smallest(deflate_streams(), lambda _: True) == DeflateStream(b"\x00", b"")
    corrupt = smallest(deflate_streams(violations={"deflate"}), lambda _: True)
    assert corrupt == DeflateStream(b"\x06", None)
    assert smallest(agreements(), lambda _: True) == Agreement()


def test_a_final_block_is_met() -> None:
    found = smallest(deflate_streams(), lambda stream: stream.payload[:1] == b"\x03")
    assert found == DeflateStream(b"\x03\x00\x00", b"")


@pytest.mark.parametrize("strategy", [deflate_streams, agreements])
@pytest.mark.parametrize("bits", [8, 16, "15"])
def test_wrong_windows_are_named_at_the_call(strategy: object, bits: object) -> None:
    with pytest.raises(InvalidArgument, match=r"window_bits: must be 9\.\.15, not"):
        strategy(window_bits=bits)  # type: ignore[operator]


def test_wrong_arguments_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="text: must be True or False"):
        deflate_streams(text="yes")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="violations: 'rsv' is none of deflate"):
        deflate_streams(violations={"rsv"})
