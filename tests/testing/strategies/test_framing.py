"""Frames alone: what they may be, what each rule broken earns, what they shrink to."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import judged, smallest
from wskit.testing.strategies import (
    VIOLATIONS,
    Frame,
    InvalidFrame,
    Stream,
    control_frames,
    frames,
    invalid_frames,
)
from wskit.testing.strategies.rules import FRAME_VIOLATIONS


def received(frame: Frame) -> Stream:
    return Stream("server" if frame.mask is None else "client", (frame,))


@given(frames())
def test_frames_that_stand_alone_are_heard(frame: Frame) -> None:
    assume(frame.opcode)  # a continuation takes a message before it
    outcome = judged(received(frame))
    assert outcome.error is None
    assert len(outcome.events) == frame.fin


@given(frames(opcodes={0}))
def test_continuations_end_a_message_or_do_not(frame: Frame) -> None:
    start = Frame(2, fin=False, mask=frame.mask)
    outcome = judged(Stream(received(frame).sender, (start, frame)))
    assert (outcome.error, len(outcome.events)) == (None, frame.fin)


@given(frames(sender="client", max_size=7), frames(sender="server", opcodes=[1, 9]))
def test_arguments_narrow_them(client: Frame, server: Frame) -> None:
    assert client.mask is not None
    assert len(client.payload) <= 7
    assert server.mask is None
    assert server.opcode in (1, 9)


@given(control_frames(), control_frames(opcodes=[8], sender="client", max_size=1))
def test_control_frames_are_whole_and_short(frame: Frame, empty: Frame) -> None:
    assert frame.opcode in (8, 9, 10)
    assert frame.fin
    assert judged(received(frame)).error is None
    assert (empty.opcode, empty.payload) == (8, b"")


@given(invalid_frames())
def test_invalid_frames_earn_what_they_say(bad: InvalidFrame) -> None:
    outcome = judged(Stream(bad.sender, (bad.frame,)))
    assert outcome.code == bad.close_code == VIOLATIONS[bad.violation].answer
    assert outcome.events == []


@pytest.mark.parametrize("name", FRAME_VIOLATIONS)
@given(data=st.data())
def test_frames_break_the_rule_that_is_asked_for(name: str, data: st.DataObject) -> None:
    sender = data.draw(st.sampled_from(["client", "server"]))
    frame = data.draw(frames(sender=sender, violations={name}))
    assert judged(Stream(sender, (frame,))).code == VIOLATIONS[name].answer


def test_the_simplest() -> None:
    assert smallest(frames(), lambda _: True) == Frame(2)
    assert smallest(control_frames(), lambda _: True) == Frame(9)
    first = smallest(invalid_frames(), lambda _: True)
    assert first == InvalidFrame(Frame(2, rsv=1), "server", "rsv")


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("fin", [True, False])
def test_each_kind_of_data_frame_shrinks_to_an_empty_one(kind: int, fin: bool) -> None:
    found = smallest(frames(), lambda frame: (frame.opcode, frame.fin) == (kind, fin))
    assert found == Frame(kind, fin=fin)


def test_a_frame_longer_than_125_shrinks_to_126_zeros() -> None:
    assert smallest(frames(), lambda frame: len(frame.payload) > 125) == Frame(2, bytes(126))


@pytest.mark.uncounted
@pytest.mark.parametrize("sender", ["client", "server"])
@pytest.mark.parametrize("name", FRAME_VIOLATIONS)
def test_each_rule_is_broken_by_both_ends(name: str, sender: str) -> None:
    found = smallest(invalid_frames(), lambda bad: (bad.violation, bad.sender) == (name, sender))
    assert found.frame.mask in (None, bytes(4))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sender": "peer"}, "sender: must be 'client', 'server' or None, not 'peer'"),
        ({"opcodes": [3]}, r"opcodes: must be some of \[0, 1, 2, 8, 9, 10\], not \[3\]"),
        ({"opcodes": []}, "opcodes: must be some of"),
        ({"opcodes": 2}, "opcodes: must be some of"),
        ({"max_size": -1}, "max_size: must be an int"),
        ({"violations": {"mask"}}, "sender: must be named to break 'mask'"),
        ({"violations": {"deflate"}}, "violations: 'deflate' is none of rsv"),
    ],
)
def test_wrong_arguments_are_named_at_the_call(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        frames(**arguments)  # type: ignore[arg-type]


def test_wrong_arguments_of_the_others_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="opcodes: must be some of"):
        control_frames(opcodes=[1])
    with pytest.raises(InvalidArgument, match="max_size: must be at most 125, not 126"):
        control_frames(max_size=126)
    with pytest.raises(InvalidArgument, match="violations: must name a rule"):
        invalid_frames(violations=[])
