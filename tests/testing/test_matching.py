"""Whether data is what was wanted, and words for what it is: safe to print, never too long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadlines import scaled
from wskit import Message, MessageType
from wskit.protocol.frames import Direction, FrameRecord
from wskit.testing.matching import (
    Matcher,
    check_matcher,
    closing,
    difference,
    frame_words,
    json_difference,
    json_matches,
    json_text,
    matcher_words,
    matches,
    message_words,
    opcode_words,
    quoted,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


class TestMatches:
    @pytest.mark.parametrize(
        ("matcher", "data", "answer"),
        [
            ("b", "abc", True),
            ("^b", "abc", False),
            (b"b", b"abc", True),
            ("b", b"abc", False),
            (b"b", "abc", False),
            (re.compile("B", re.I), "abc", True),
            (re.compile(b"b"), b"abc", True),
            (re.compile(b"b"), "abc", False),
            (lambda data: len(data) == 3, b"abc", True),
            (lambda data: [], "abc", False),
        ],
    )
    def test_searches_or_asks(self, matcher: Matcher, data: str | bytes, answer: bool) -> None:
        check_matcher(matcher)
        assert matches(matcher, data) is answer

    def test_a_matcher_in_words(self) -> None:
        assert matcher_words("a+") == matcher_words(re.compile("a+")) == "'a+'"
        assert matcher_words(str.islower) == "islower"
        assert matcher_words(b"x") == "b'x'"

    def test_an_invalid_one_is_told(self) -> None:
        check_matcher(None)
        with pytest.raises(ValueError, match=r"^matches: unterminated character set .* in '\['$"):
            check_matcher("[")


class TestJSON:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (..., None),
            ({}, {"a": 1}),
            ({"a": {"b": ...}}, {"a": {"b": [], "c": 1}, "d": 2}),
            ([1, ...], [1, {"x": 1}]),
            ((1, 2), [1, 2]),
            (1, 1.0),
            (None, None),
        ],
    )
    def test_a_subset_matches(self, wanted: object, found: object) -> None:
        assert json_matches(wanted, found)

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"a": 1}, {}),
            ({"a": 1}, {"a": 2}),
            ({}, []),
            ([1], [1, 2]),
            ([], {}),
            ([1, 2], [2, 1]),
            (1, True),
            (False, 0),
            ([True], [1]),
            (None, 0),
            ("1", 1),
            ({1: 2}, {"1": 2}),
        ],
    )
    def test_anything_else_does_not(self, wanted: object, found: object) -> None:
        assert not json_matches(wanted, found)
        assert json_difference(wanted, found)

    @given(JSON)
    def test_everything_matches_itself_and_any(self, value: object) -> None:
        assert json_matches(value, value)
        assert json_matches(..., value)

    @given(JSON, JSON)
    def test_two_that_do_not_match_have_a_difference_in_print(
        self, one: object, other: object
    ) -> None:
        if not json_matches(one, other):
            text = json_difference(one, other)
            assert text.replace("\n", "").isprintable()

    def test_the_difference_shows_only_what_was_asked(self) -> None:
        text = json_difference({"b": ..., "a": 1}, {"a": 2, "b": 5, "c": "unasked"})
        assert text.splitlines() == [
            "    {",
            '      "b": "...",',
            '  -   "a": 1',
            "  ?        ^",
            "  +   " + '"a": 2',
            "  ?        ^",
            "    }",
        ]

    def test_what_is_no_json_is_shown_nevertheless(self) -> None:
        assert json_text({"a": {1}, "b": ...}) == '{"a": "{1}", "b": "..."}'

    def test_large_ones_take_no_time_and_few_lines(self) -> None:
        start = time.monotonic()
        one, other = ({str(i): "x" * 40 + sign for i in range(3000)} for sign in "ab")
        text = json_difference(one, other)
        assert time.monotonic() - start < scaled(2)
        assert len(text.splitlines()) <= 61
        assert "more lines" in text


class TestWords:
    def test_are_literals_that_are_safe_and_short(self) -> None:
        assert quoted("it's") == '"it\'s"'
        assert quoted("\x1b[31m\u202e\n") == r"'\x1b[31m\u202e\n'"
        assert quoted("x" * 200) == repr("x" * 200)
        assert quoted("x" * 201) == repr("x" * 200) + "… (201 characters)"
        assert quoted(bytes(300)).endswith("… (300 bytes)")

    @given(st.text() | st.binary())
    def test_are_always_printable(self, data: str | bytes) -> None:
        assert quoted(data).isprintable()

    @pytest.mark.parametrize(
        ("type", "data", "words"),
        [
            (MessageType.TEXT, "a", "text 'a'"),
            (MessageType.BINARY, b"a", "binary b'a'"),
            (MessageType.PING, b"", "ping b''"),
            (MessageType.PONG, b"x", "pong b'x'"),
            (MessageType.CLOSE, b"", "close 1005"),
            (MessageType.CLOSE, b"\x03\xe8", "close 1000"),
            (MessageType.CLOSE, b"\x03\xe8bye\x1b", r"close 1000 'bye\x1b'"),
            (MessageType.CLOSE, b"\x03", r"close b'\x03' (close payload of 1 byte)"),
        ],
    )
    def test_for_messages(self, type: MessageType, data: str | bytes, words: str) -> None:
        assert message_words(Message(type, data)) == words

    @pytest.mark.parametrize(
        ("opcode", "fin", "rsv", "payload", "words"),
        [
            (1, True, 0, b"a", "text 'a'"),
            (1, False, 4, b"\xff", r"text without FIN with RSV 100 b'\xff'"),
            (0, True, 0, b"a", "continuation 'a'"),
            (2, True, 0, b"a", "binary b'a'"),
            (8, True, 0, b"\x03\xe9", "close 1001"),
            (8, False, 1, b"", "close without FIN with RSV 001 1005"),
            (11, True, 0, b"", "opcode 11 b''"),
        ],
    )
    def test_for_frames(self, opcode: int, fin: bool, rsv: int, payload: bytes, words: str) -> None:
        size = len(payload)
        frame = FrameRecord(Direction.IN, opcode, fin, rsv, False, size, size, payload)
        assert frame_words(frame) == words

    def test_for_opcodes(self) -> None:
        assert [opcode_words(opcode) for opcode in (0, 9, 15)] == [
            "continuation",
            "ping",
            "opcode 15",
        ]

    def test_for_a_close_code_that_may_not_be(self) -> None:
        assert closing(b"\x03\xed").startswith(r"b'\x03\xed' (close code 1005 may not")


class TestDifferences:
    def test_of_texts_are_line_by_line(self) -> None:
        text = difference("one\ntwo\nthree", "one\ntwo!\nthree")
        assert text.splitlines() == ["    one", "  - two", "  + two!", "  ?    +", "    three"]

    def test_of_line_ends_are_seen(self) -> None:
        assert r"\r" in difference("a\nb", "a\r\nb")
        assert difference("a", "a ").splitlines()[:2] == ["  - a", "  + a "]

    @given(st.text(), st.text())
    def test_print_no_escapes(self, one: str, other: str) -> None:
        assert difference(one, other).replace("\n", "").isprintable()

    def test_of_binaries_are_at_a_place(self) -> None:
        assert difference(b"0123456789abc", b"0123456789aXc").splitlines() == [
            "  they differ at byte 11",
            "  - 33 34 35 36 37 38 39 61 62 63",
            "  + 33 34 35 36 37 38 39 61 58 63",
        ]
        assert difference(b"ab", b"a").splitlines() == [
            "  they differ at byte 1, of 2 bytes expected and 1 seen",
            "  - 61 62",
            "  + 61",
        ]
        assert difference(b"", b"a").splitlines()[1:] == ["  -", "  + 61"]

    @given(st.binary(), st.binary())
    def test_the_place_is_the_first(self, one: bytes, other: bytes) -> None:
        if one != other:
            at = next(
                (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)),
            )
            assert re.match(rf"  they differ at byte {at}\b", difference(one, other))

    def test_of_long_payloads_are_short_and_quick(self) -> None:
        start = time.monotonic()
        one = "ab" * 500_000
        text = difference(one, one[:700_000] + "X" + one[700_001:])
        assert text.startswith("  they differ at character 700000\n  - 'abab")
        assert len(text) < 300
        long = bytes(8 << 20)
        assert len(difference(long, long[:-1] + b"x")) < 300
        lines = "\n".join(map(str, range(900)))
        assert len(difference(lines, lines.replace("1", "2"))) < 20_000
        assert time.monotonic() - start < scaled(2)

    def test_of_two_kinds_are_of_no_use(self) -> None:
        assert difference("a", b"a") == difference(b"a", "a") == ""
