"""What is asked of an entry: flags and numbers, payloads of any kind, JSON that is parsed once."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import OUT, capture, frame
from wskit.protocol.frames import Direction, FrameRecord
from wskit.tui import conditions
from wskit.tui.conditions import FLAGS, NUMBERS, Condition, JsonPayloads, Step
from wskit.tui.entries import Entry
from wskit.tui.filters import Filter


def entry(record: FrameRecord | None = None, fragment: int = 0) -> Entry:
    return Entry(1, 1, capture(0.0, record), fragment=fragment)


def exists(found: object) -> bool:
    return True


def found(payload: bytes, *path: Step) -> bool:
    """Say whether there is something at the end of ``path``."""
    condition = conditions.json_found(JsonPayloads(), path, exists)
    return condition(entry(frame(1, payload)))


class TestFlags:
    @pytest.mark.parametrize(
        ("record", "fragment", "is_fragmented"),
        [
            (frame(1), 1, False),
            (frame(1, fin=False), 1, True),
            (frame(0), 2, True),
            (frame(9, fin=False), 0, False),
        ],
    )
    def test_a_control_frame_is_no_fragment(
        self, record: FrameRecord, fragment: int, is_fragmented: bool
    ) -> None:
        assert FLAGS["fragmented"](entry(record, fragment=fragment)) is is_fragmented

    @pytest.mark.parametrize(
        ("record", "is_compressed"),
        [
            (frame(1, b"abc"), False),
            (frame(1, b"abc", rsv=4), True),
            (frame(0, b"abc", wire=2), True),
            (frame(9, b"abc", rsv=4), False),
        ],
    )
    def test_later_fragments_are_compressed_without_rsv1(
        self, record: FrameRecord, is_compressed: bool
    ) -> None:
        assert FLAGS["compressed"](entry(record)) is is_compressed


class TestNumbers:
    @pytest.mark.parametrize(
        ("record", "code"),
        [
            (frame(8, b"\x03\xe8bye"), 1000),
            (frame(8), 1005),
            (frame(8, b"\x03"), None),
            (frame(8, b"", length=9), None),
            (frame(8, b"\x03\xee"), 1006),
            (frame(8, b"\x00\x01"), 1),
            (frame(8, b"\x03\xe8\xff"), 1000),
            (frame(1, b"\x03\xe8"), None),
        ],
    )
    def test_the_close_code_is_the_one_on_the_wire(
        self, record: FrameRecord, code: int | None
    ) -> None:
        assert NUMBERS["close"](entry(record)) == code

    def test_a_control_frame_has_no_number_of_message_or_fragment(self) -> None:
        assert NUMBERS["message"](entry(frame(9))) is None
        assert NUMBERS["fragment"](entry(frame(9))) is None

    def test_a_ratio_that_no_float_can_hold_is_none(self) -> None:
        assert NUMBERS["ratio"](entry(frame(1, rsv=4, wire=2, length=10))) == 5
        assert NUMBERS["ratio"](entry(frame(1, rsv=4, wire=2, length=10**400))) is None

    @pytest.mark.parametrize("sign", conditions.COMPARISONS)
    def test_what_is_not_there_compares_with_nothing(self, sign: str) -> None:
        assert not conditions.compared("rtt", sign, 1)(entry())


class TestJoined:
    def test_ten_thousand_terms_are_no_recursion(self) -> None:
        binary = conditions.opcode_in({2})
        text = conditions.inverted(binary)
        assert conditions.all_of([text] * 10_000)(entry())
        assert not conditions.all_of([*[text] * 10_000, binary])(entry())
        assert not conditions.any_of([binary] * 10_000)(entry())
        assert conditions.any_of([*[binary] * 10_000, text])(entry())

    def test_what_is_decided_is_asked_no_further(self) -> None:
        def fails(entry: Entry) -> bool:
            raise AssertionError("it was decided before")

        text = conditions.opcode_in({1})
        assert conditions.any_of([text, fails, fails])(entry())
        assert not conditions.all_of([conditions.inverted(text), fails, fails])(entry())


class TestPayloads:
    def test_text_is_found_in_any_case_of_any_script(self) -> None:
        shout = entry(frame(1, "STRASSE ΣΊΣΥΦΟΣ".encode()))
        assert conditions.text_contains("straße")(shout)
        assert conditions.text_contains("σίσυφος")(shout)
        assert not conditions.text_contains("stras e")(shout)

    def test_a_pattern_sees_one_character_for_each_byte_of_a_binary_frame_only(self) -> None:
        condition = conditions.text_matches(re.compile("^\xff\xe9$"))
        assert condition(entry(frame(2, b"\xff\xe9")))
        assert condition(entry(frame(1, "\xff\xe9".encode())))
        assert not condition(entry(frame(1, b"\xff\xe9")))

    def test_a_direction_is_one_of_those_given(self) -> None:
        assert conditions.direction_in({OUT})(entry(frame(way=OUT)))
        assert not conditions.direction_in({OUT})(entry())


class TestJson:
    def test_a_frame_is_parsed_once_for_all_that_ask(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parsed: list[str] = []

        class Counted:
            @staticmethod
            def loads(text: str) -> object:
                parsed.append(text)
                return json.loads(text)

        monkeypatch.setattr(conditions, "json", Counted)
        payloads = JsonPayloads()
        asked: list[Condition] = [
            conditions.json_found(payloads, [Step(name)], exists) for name in "abc"
        ]
        first, second = entry(frame(1, b'{"a":1}')), entry(frame(1, b'{"b":'))
        assert [condition(first) for condition in asked] == [True, False, False]
        assert [condition(second) for condition in asked] == [False, False, False]
        assert parsed == ['{"a":1}', '{"b":']

    @pytest.mark.parametrize(
        "record",
        [
            frame(1, b"1", fin=False),
            frame(0, b"1"),
            frame(2, b"1"),
            frame(9, b"1"),
            frame(1, b"1", length=2),
            frame(1),
            frame(1, b"\xff"),
            frame(1, "1".encode("utf-16")),
            frame(1, b"\xef\xbb\xbf1"),
            frame(1, b"[" * 100_000 + b"]" * 100_000),
            frame(1, b"9" * 10_000),
            frame(1, b"{1}"),
        ],
        ids=lambda record: repr(record.payload[:9]),
    )
    def test_json_is_nothing_but_a_whole_text_frame(self, record: FrameRecord) -> None:
        assert not conditions.json_found(JsonPayloads(), [], exists)(entry(record))

    def test_steps_go_down_objects_and_lists(self) -> None:
        payload = b'{"a": [{"b": 1}, {"c": null}], "0": []}'
        assert found(payload)
        assert found(payload, Step("a"), Step("0", 0), Step("b"))
        assert found(payload, Step("a"), Step("1", 1), Step("c"))
        assert found(payload, Step("0", 0))
        assert found(payload, Step("a"), Step(None), Step("c"))
        assert found(payload, Step(None), Step(None), Step(None))

    def test_steps_to_nowhere_find_nothing(self) -> None:
        payload = b'{"a": [{"b": 1}], "0": [], "s": "text"}'
        assert not found(payload, Step("a"), Step("1", 1))
        assert not found(payload, Step("a"), Step("b"))
        assert not found(payload, Step("a"), Step("0"))
        assert not found(payload, Step("0"), Step(None))
        assert not found(payload, Step("s"), Step("0", 0))
        assert not found(payload, Step("s"), Step(None))

    def test_a_path_of_ten_thousand_steps_is_no_recursion(self) -> None:
        assert not found(b"[[[]]]", *[Step(None)] * 10_000)

    def test_numbers_and_bools_are_different_things(self) -> None:
        one, yes = conditions.json_test("==", "1", 1), conditions.json_test("==", "true", True)
        assert (one(1), one(1.0), one(True)) == (True, True, False)
        assert (yes(1), yes(True)) == (False, True)
        assert not conditions.json_test("<", "2", 2)(True)

    def test_only_numbers_have_an_order(self) -> None:
        for wanted in ("a", None, True):
            with pytest.raises(ValueError, match=r"^> needs a number$"):
                conditions.json_test(">", "", wanted)

    @pytest.mark.parametrize("sign", conditions.COMPARISONS)
    @pytest.mark.parametrize("wanted", [1, 1.5, 10**400, float("inf")])
    def test_no_number_is_too_large_to_compare(self, sign: str, wanted: float) -> None:
        test = conditions.json_test(sign, "", wanted)
        values: list[object] = [0, -(10**4000), 10**400, float("inf"), float("nan"), None, "1", []]
        assert {test(value) for value in values} <= {True, False}


# Each kind of term, for payloads that are meant to break it.
TERMS = [
    "json", "json.a", "json.*.*", "json.a==1", "json.*.0:x", "json:x", "json.a.*<1e400", "json>0",
    "json!=1", "x", r"/x|\w+$/i", "hex:ff", "conn:x", "conn==x", "conn:1", "op:text", "dir:in",
    "fin", "rsv1", "rsv2", "rsv3", "masked", "wrong", "fragmented", "compressed", "close>1",
    "ratio>2", "rtt<1", "delta>=1us", "size>4k", "wire!=3", "message:1", "fragment<9", "number>1",
]  # fmt: skip
PAYLOADS = [
    b'{"a": [{"x": 1}, "x", null, true, 2.5]}',
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000,
    b"1e400",
    b'{"a": [NaN, -Infinity, 1e400, 0.0]}',
    b"9" * 10_000,
    b'{"a": "\\ud800"}',
    b"\xed\xa0\x80",
    b"\xff\xfe[\x00]\x00",
]


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    payload = draw(st.binary() | st.sampled_from(PAYLOADS))
    more, seconds = st.just(0) | st.integers(0, 10**400), st.none() | st.floats()
    record = FrameRecord(
        draw(st.sampled_from(Direction)),
        draw(st.integers(0, 15)),
        draw(st.booleans()),
        draw(st.integers(0, 7)),
        draw(st.booleans()),
        draw(more),
        len(payload) + draw(more),
        payload,
    )
    return Entry(
        draw(st.integers(1)),
        draw(st.integers(1)),
        capture(0.0, record, draw(st.text(st.characters()))),
        draw(seconds),
        draw(st.integers(0)),
        draw(st.integers(0)),
        draw(seconds),
        draw(st.text()),
    )


@given(entries())
def test_no_condition_raises_for_any_entry(entry: Entry) -> None:
    for term in TERMS:
        assert Filter(term)(entry) in (True, False), term


@given(
    st.lists(st.sampled_from(TERMS), min_size=1),
    st.sampled_from([" ", " or ", " and not ", " !(wrong) "]),
    entries(),
)
def test_nor_do_any_that_are_joined(terms: list[str], joint: str, entry: Entry) -> None:
    assert Filter(joint.join(terms))(entry) in (True, False)
