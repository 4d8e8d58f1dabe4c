"""Bad streams: all before the last frame is heard, and that one earns the documented close code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.protocol import utf8
from tests.testing.strategies.judging import judged, smallest, some
from wskit.testing.strategies import (
    VIOLATIONS,
    Agreement,
    Frame,
    Stream,
    bad_streams,
    cuts,
)
from wskit.testing.strategies.deflating import agreements
from wskit.testing.strategies.rules import Rule
from wskit.testing.strategies.values import CONTINUATION

RULES = pytest.mark.parametrize("rule", VIOLATIONS.values(), ids=lambda rule: rule.name)


@st.composite
def breaking(draw: st.DrawFn, rule: Rule) -> Stream:
    agreement = draw(agreements() if rule.deflate else st.none() | agreements())
    return draw(bad_streams(agreement=agreement, violations={rule.name}))


@pytest.mark.uncounted
@RULES
@given(data=st.data())
def test_wskit_refuses_with_the_documented_code(rule: Rule, data: st.DataObject) -> None:
    stream = data.draw(breaking(rule))
    outcome = judged(stream, data.draw(cuts(stream.encode())))
    assert (outcome.code, stream.close_code) == (rule.answer, rule.answer)
    assert outcome.events == stream.events
    assert stream.violation == rule.name


SMALLEST = {
    "rsv": b"\x92\x00",
    "opcode": b"\x83\x00",
    "mask": b"\x82\x80\0\0\0\0",
    "length_form": b"\x82\x7e\0\0",
    "reserved_length": b"\x82\x7f\x80" + bytes(7),
    "fragmented_control": b"\x09\x00",
    "control_length": b"\x89\x7e\x00\x7e" + bytes(126),
    "lone_continuation": b"\x80\x00",
    "nested_message": b"\x02\x00\x82\x00",
    "utf8": b"\x81\x01\x80",
    "close_length": b"\x88\x01\x00",
    "close_code": b"\x88\x02\x00\x00",
    "close_reason": b"\x88\x03\x03\xe8\x80",
    "deflate": b"\xc2\x01\x06",
    "compressed_control": b"\xc9\x00",
    "compressed_continuation": b"\x02\x00\xc0\x00",
}


@RULES
def test_each_shrinks_to_the_smallest_bytes(rule: Rule) -> None:
    agreement = Agreement() if rule.deflate else None
    strategy = bad_streams(agreement=agreement, violations={rule.name})
    found = smallest(strategy, lambda stream: judged(stream).code == rule.answer)
    assert found.encode() == SMALLEST[rule.name]
    assert found.sender == "server"


def test_bad_utf8_split_over_two_fragments_shrinks_to_one_character() -> None:
    def split(stream: Stream) -> bool:
        *_, before, last = (Frame(0), *stream.frames)
        return last.opcode == CONTINUATION and utf8.first_bad(before.payload + b" ") is not None

    found = smallest(bad_streams(violations={"utf8"}), split)
    assert found.frames == (Frame(1, b"\xc2", fin=False), Frame(0))


def breaks(name: str) -> Callable[[Stream], bool]:
    return lambda stream: stream.violation == name


def test_all_are_broken_by_default() -> None:
    for name, rule in VIOLATIONS.items():
        strategy = bad_streams(agreement=Agreement() if rule.deflate else None)
        assert some(strategy, breaks(name)).violation == name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"violations": {"rsvp"}}, "violations: 'rsvp' is none of rsv, opcode"),
        ({"violations": "rsv"}, "violations: must be a collection of names"),
        ({"violations": ()}, "violations: must name a rule"),
        ({"violations": {"deflate"}}, "agreement: 'deflate' takes one to be broken"),
        ({"agreement": {}}, "agreement: must be Agreement or NoneType, not dict"),
        ({"sender": "peer"}, "sender: must be"),
        ({"max_size": True}, "max_size: must be an int"),
    ],
)
def test_wrong_arguments_are_named_at_the_call(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        bad_streams(**arguments)  # type: ignore[arg-type]
