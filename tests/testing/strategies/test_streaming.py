"""Legal streams: three implementations hear what they say, however they are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import (
    heard_by_websockets,
    heard_by_wsproto,
    is_misheard_by_wsproto,
    judged,
    smallest,
)
from wskit.testing.strategies import Agreement, Frame, Stream, cuts, streams
from wskit.testing.strategies.deflating import agreements
from wskit.testing.strategies.values import CLOSE, PING

ANY = st.none() | agreements()


@given(ANY.flatmap(lambda agreement: streams(agreement=agreement)), st.data())
def test_wskit_hears_what_they_say(stream: Stream, data: st.DataObject) -> None:
    outcome = judged(stream, data.draw(cuts(stream.encode())))
    assert outcome.error is None
    assert outcome.events == stream.events


@given(ANY.flatmap(lambda agreement: streams(agreement=agreement)))
def test_websockets_hears_what_they_say(stream: Stream) -> None:
    assert heard_by_websockets(stream) == stream.events


@given(ANY.flatmap(lambda agreement: streams(agreement=agreement)))
def test_wsproto_hears_what_they_say(stream: Stream) -> None:
    assume(not is_misheard_by_wsproto(stream))
    assert heard_by_wsproto(stream) == stream.events


@given(streams(sender="client"), streams(sender="server"))
def test_who_sends_decides_about_masks(client: Stream, server: Stream) -> None:
    assert all(frame.mask is not None for frame in client.frames)
    assert all(frame.mask is None for frame in server.frames)


@given(streams(close=True), streams(close=False))
def test_a_close_frame_is_the_last_or_is_not(closed: Stream, open_ended: Stream) -> None:
    assert closed.frames[-1].opcode == CLOSE
    assert all(frame.opcode != CLOSE for frame in (*closed.frames[:-1], *open_ended.frames))


@given(streams(max_size=10))
def test_messages_have_no_more_than_max_size(stream: Stream) -> None:
    assert all(len(frame.payload) <= 10 for frame in stream.frames if not frame.control)


def test_the_simplest_says_nothing() -> None:
    assert smallest(streams(), lambda stream: True) == Stream("server")


def test_a_fragmented_message_with_a_ping_inside_shrinks_to_three_frames() -> None:
    def has_ping_inside(stream: Stream) -> bool:
        pairs = pairwise(stream.frames)
        return any(not before.fin and frame.opcode == PING for before, frame in pairs)

    assert smallest(streams(), has_ping_inside) == Stream(
        "server", (Frame(2, fin=False), Frame(9), Frame(0))
    )


def test_a_long_first_frame_shrinks_to_126_zeros() -> None:
    found = smallest(streams(), lambda s: bool(s.frames) and len(s.frames[0].payload) > 125)
    assert found == Stream("server", (Frame(2, bytes(126)),))


def test_a_compressed_message_shrinks_to_an_empty_one() -> None:
    compressed = streams(agreement=Agreement(), sender="client")
    found = smallest(compressed, lambda s: any(frame.rsv for frame in s.frames))
    assert found.frames == (Frame(2, b"\0", rsv=4, mask=bytes(4)),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sender": "peer"}, "sender: must be 'client', 'server' or None, not 'peer'"),
        ({"agreement": True}, "agreement: must be Agreement or NoneType, not bool"),
        ({"max_size": -1}, "max_size: must be an int of at least 0, not -1"),
        ({"close": 1}, "close: must be True or False, not 1"),
    ],
)
def test_wrong_arguments_are_named_at_the_call(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        streams(**arguments)  # type: ignore[arg-type]
