"""Messages, and the frames of one: they join to it, whatever comes between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import judged, smallest
from wskit import Message, MessageType
from wskit.testing.strategies import Frame, Stream, fragmentations, messages
from wskit.testing.strategies.values import events_of

DATA = (MessageType.TEXT, MessageType.BINARY)


@given(messages(), messages(types=list(MessageType)), messages(min_size=3, max_size=9))
def test_messages_hold_what_their_type_says(data: Message, any_type: Message, few: Message) -> None:
    assert data.type in DATA
    for message in (data, any_type, few):
        assert type(message.data) is (str if message.type is MessageType.TEXT else bytes)
    if any_type.type not in DATA:
        assert len(any_type.data) <= 125
    assert 3 <= len(few.data.encode() if isinstance(few.data, str) else few.data) <= 9


@given(st.data(), messages(max_size=300), st.sampled_from(["client", "server"]))
def test_fragments_join_to_the_message(data: st.DataObject, message: Message, sender: str) -> None:
    frames = data.draw(fragmentations(message, sender=sender))
    stream = Stream(sender, frames)
    outcome = judged(stream)
    assert outcome.error is None
    assert outcome.events == stream.events
    assert outcome.messages == [message.data]
    assert sum(not frame.control for frame in frames) <= 6


@given(fragmentations("héllo", max_fragments=3, controls=False))
def test_arguments_narrow_them(frames: tuple[Frame, ...]) -> None:
    assert len(frames) <= 3
    assert not any(frame.control for frame in frames)
    assert events_of("server", frames, None) == [(1, "héllo")]


@given(fragmentations(b"data", max_fragments=1))
def test_one_fragment_is_the_whole_message(frames: tuple[Frame, ...]) -> None:
    assert [frame.payload for frame in frames] == [b"data"]


def test_the_simplest() -> None:
    assert smallest(messages(), lambda _: True) == Message(MessageType.BINARY, b"")
    long = smallest(messages(types=[1]), lambda message: len(message.data) > 125)
    assert long == Message(MessageType.TEXT, "0" * 126)
    assert smallest(fragmentations("hi"), lambda _: True) == (Frame(1, b"hi"),)


def test_a_cut_inside_a_character_is_found() -> None:
    found = smallest(
        fragmentations("é", controls=False), lambda frames: frames[0].payload == b"\xc3"
    )
    assert found == (Frame(1, b"\xc3", fin=False), Frame(0, b"\xa9"))


def test_a_ping_inside_is_found() -> None:
    found = smallest(fragmentations(b"a"), lambda frames: any(f.opcode == 9 for f in frames))
    assert found == (Frame(2, fin=False), Frame(9), Frame(0, b"a"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"message": 5}, "message: must be Message or str or bytes, not int"),
        ({"message": Message(MessageType.PING, b"")}, "message: must be text or binary, not"),
        ({"max_fragments": 0}, "max_fragments: must be an int of at least 1, not 0"),
        ({"controls": 1}, "controls: must be True or False, not 1"),
        ({"sender": "peer"}, "sender: must be"),
    ],
)
def test_wrong_arguments_are_named_at_the_call(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        fragmentations(**{"message": "a", **arguments})  # type: ignore[arg-type]


def test_wrong_types_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match=r"types: must be some of \[1, 2, 8, 9, 10\]"):
        messages(types=[0])
