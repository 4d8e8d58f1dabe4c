"""Conversations: both ends accept all of what the other says, handshake included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import (
    heard_by_websockets,
    heard_by_wsproto,
    is_misheard_by_websockets,
    is_misheard_by_wsproto,
    judged,
    smallest,
)
from wskit.testing.strategies import Conversation, Frame, conversations

SENDERS = ("client", "server")


@given(conversations())
def test_both_ends_hear_the_other(conversation: Conversation) -> None:
    for sender in SENDERS:
        stream = conversation.stream(sender)
        outcome = judged(stream)
        assert outcome.error is None
        assert outcome.events == stream.events == conversation.events(sender)
        if not is_misheard_by_websockets(stream):
            assert heard_by_websockets(stream) == stream.events
        if not is_misheard_by_wsproto(stream):
            assert heard_by_wsproto(stream) == stream.events


@given(conversations())
def test_every_ping_is_answered_until_a_close(conversation: Conversation) -> None:
    closed = False
    for number, (sender, frame) in enumerate(conversation.frames):
        closed = closed or frame.opcode == 8
        if frame.opcode == 9 and not closed:
            answerer, answer = conversation.frames[number + 1]
            assert answerer != sender
            assert (answer.opcode, answer.payload) == (10, frame.payload)


@given(conversations())
def test_a_close_is_answered_with_its_code(conversation: Conversation) -> None:
    closes = [(sender, frame) for sender, frame in conversation.frames if frame.opcode == 8]
    if closes:
        (first, close), (second, answer) = closes
        assert {first, second} == set(SENDERS)
        assert answer.payload == close.payload[:2]
        assert conversation.frames[-1] == (second, answer)


@given(conversations(deflate=True), conversations(deflate=False))
def test_deflate_is_agreed_or_not(packed: Conversation, plain: Conversation) -> None:
    assert packed.agreement is not None
    assert plain.agreement is None
    assert not any(frame.rsv for _, frame in plain.frames)


@given(conversations())
def test_bytes_are_the_handshake_and_the_frames(conversation: Conversation) -> None:
    client, server = map(conversation.encode, SENDERS)
    assert client == bytes(conversation.request) + bytes(conversation.stream("client"))
    assert server == bytes(conversation.response) + bytes(conversation.stream("server"))


def test_the_simplest_is_the_smallest_handshake() -> None:
    found = smallest(conversations(), lambda _: True)
    assert (found.request.target, len(found.request.headers)) == ("/", 5)
    assert (len(found.response.headers), found.frames, found.agreement) == (3, (), None)


def test_a_message_of_the_server_among_fragments_of_the_client_is_found() -> None:
    def among(conversation: Conversation) -> bool:
        open_message = False
        for sender, frame in conversation.frames:
            if frame.opcode == 8:
                return False
            if sender == "server" and open_message and not frame.control:
                return True
            if sender == "client" and not frame.control:
                open_message = not frame.fin
        return False

    found = smallest(conversations(deflate=False), among)
    key = bytes(4)
    assert found.frames == (
        ("client", Frame(2, fin=False, mask=key)),
        ("server", Frame(2)),
        ("client", Frame(0, mask=key)),
    )


def test_wrong_arguments_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="deflate: must be True or False, not 'yes'"):
        conversations(deflate="yes")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="max_size: must be an int"):
        conversations(max_size=-1)
