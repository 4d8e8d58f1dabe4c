"""One frame explained: its header in bits, its meaning in a sentence, its payload in lines."""

from __future__ import annotations

import math
import struct
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import frame
from wskit.protocol.frames import FrameRecord, close_payload, header
from wskit.protocol.opcodes import CloseCode
from wskit.taps import Capture
from wskit.tui.entries import Entry
from wskit.tui.explaining import (
    DEEPEST,
    close_words,
    counted,
    header_lines,
    hex_lines,
    opcode_words,
    sentence,
    value_lines,
)

RLO = "\u202e"  # turns the direction of what follows
ESCAPE = r"\x1b"

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.text()
    | st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.binary() | st.none(), inner, max_size=4)
    ),
    max_leaves=20,
)


def entry(
    of: FrameRecord,
    *,
    message: int = 0,
    fragment: int = 0,
    rtt: float | None = None,
    wrong: str = "",
) -> Entry:
    return Entry(7, 1, Capture(0.0, "#1", of), None, message, fragment, rtt, wrong)


class TestHeader:
    def test_a_short_masked_frame(self) -> None:
        assert header_lines(frame(1, b"hello", rsv=4, masked=True, wire=7)) == [
            "  0                   1                   2                   3",
            "  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1",
            " +-+-+-+-+-------+-+-------------+-------------------------------+",
            " |F|R|R|R| opcode|M| payload len |          masking key          |",
            " |I|S|S|S|       |A|             |       4 bytes, not kept       |",
            " |N|V|V|V|  text |S|   7 bytes   |                               |",
            " | |1|2|3|       |K|             |                               |",
            " |1|1|0|0|0 0 0 1|1|0 0 0 0 1 1 1|? ? ? ? ? ? ? ? ? ? ? ? ? ? ? ?|",
            " +-+-+-+-+-------+-+-------------+-------------------------------+",
            " |     masking key, continued    |          payload data         |",
            " |                               |            7 bytes            |",
            " |? ? ? ? ? ? ? ? ? ? ? ? ? ? ? ?|                               |",
            " +-------------------------------+-------------------------------+",
        ]

    def test_a_length_of_16_bits(self) -> None:
        assert header_lines(frame(2, length=300))[2:] == [
            " +-+-+-+-+-------+-+-------------+-------------------------------+",
            " |F|R|R|R| opcode|M| payload len |    extended payload length    |",
            " |I|S|S|S|       |A|             |                               |",
            " |N|V|V|V| binary|S| 126: in the |           300 bytes           |",
            " | |1|2|3|       |K| next 16 bits|                               |",
            " |1|0|0|0|0 0 1 0|0|1 1 1 1 1 1 0|0 0 0 0 0 0 0 1 0 0 1 0 1 1 0 0|",
            " +-+-+-+-+-------+-+-------------+-------------------------------+",
            " |                          payload data                         |",
            " |                           300 bytes                           |",
            " |                         no masking key                        |",
            " |                                                               |",
            " +---------------------------------------------------------------+",
        ]

    def test_a_length_of_64_bits_goes_on_for_three_rows(self) -> None:
        lines = header_lines(frame(0, fin=False, masked=True, length=70_000))
        assert " |N|V|V|V|  cont |S| 127: in the |          70,000 bytes         |" in lines
        assert " |                   payload length, continued                   |" in lines
        assert " |   payload length, continued   |          masking key          |" in lines
        assert " |0 0 0 1 0 0 0 1 0 1 1 1 0 0 0 0|? ? ? ? ? ? ? ? ? ? ? ? ? ? ? ?|" in lines

    def test_an_opcode_without_a_name_is_a_number(self) -> None:
        assert "| 0xB ? |" in "\n".join(header_lines(frame(11)))

    @given(
        st.integers(0, 15),
        st.booleans(),
        st.integers(0, 7),
        st.booleans(),
        st.integers(0, 300) | st.integers(0, 1 << 17) | st.integers(0, (1 << 63) - 1),
    )
    def test_has_the_bits_of_the_wire_in_ascii_and_72_columns(
        self, opcode: int, fin: bool, rsv: int, masked: bool, size: int
    ) -> None:
        lines = header_lines(frame(opcode, fin=fin, rsv=rsv, masked=masked, wire=size, length=0))
        assert all(line.isascii() and line.isprintable() for line in lines)
        assert {len(line) for line in lines[2:]} == {66}
        rows = [line for line in lines[3:] if not set(line) - set(" |01?")]
        bits = "".join(rows).replace(" ", "").replace("|", "")
        wire = bytearray(header(fin << 7 | rsv << 4 | opcode, size))
        wire[1] |= masked << 7
        assert bits == "".join(f"{byte:08b}" for byte in wire) + "?" * 32 * masked


class TestCloseWords:
    @pytest.mark.parametrize("code", [*CloseCode, 1004])
    def test_every_registered_code_has_its_own_words(self, code: int) -> None:
        name, meaning = close_words(code)
        assert name not in ("Unassigned", "Invalid")
        assert meaning.endswith(").")
        assert "RFC 6455 §" in meaning

    def test_names_and_sections(self) -> None:
        assert close_words(1000)[0] == "Normal Closure"
        assert close_words(1001) == (
            "Going Away",
            "The sender leaves: a server stops, or a browser shows another page (RFC 6455 §7.4.1).",
        )
        assert close_words(1013)[1].endswith("(IANA, RFC 6455 §11.7).")
        assert close_words(3003)[0] == "Forbidden"

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            (-1, "Invalid"),
            (0, "Invalid"),
            (999, "Invalid"),
            (1016, "Unassigned"),
            (2999, "Unassigned"),
            (3001, "Registered"),
            (3999, "Registered"),
            (4000, "Private Use"),
            (4999, "Private Use"),
            (5000, "Invalid"),
            (65535, "Invalid"),
        ],
    )
    def test_other_codes_are_of_a_range(self, code: int, name: str) -> None:
        words = close_words(code)
        assert words[0] == name
        assert words[1].endswith("(RFC 6455 §7.4.2).")

    def test_fit_a_line(self) -> None:
        assert all(len(close_words(code)[1]) <= 100 for code in range(6000))


def test_opcodes_have_names() -> None:
    named = [opcode_words(opcode) for opcode in (0, 1, 2, 3, 8, 9, 10, 11)]
    assert named == [
        *("continuation", "text", "binary", "reserved 0x3", "close", "ping", "pong"),
        "reserved 0xB",
    ]


class TestSentence:
    @pytest.mark.parametrize(
        ("shown", "words"),
        [
            (entry(frame(1, b"x"), message=5, fragment=1), "text message 5, 1 byte"),
            (entry(frame(2, b""), message=1_000, fragment=1), "binary message 1,000, 0 bytes"),
            (entry(frame(1, b"hello")), "text message, 5 bytes"),
            (
                entry(frame(1, b"x" * 20, rsv=4, wire=13), message=5, fragment=1),
                "text message 5, 20 bytes, compressed to 13",
            ),
            (entry(frame(1, b"x" * 20, rsv=4)), "text message, 20 bytes, compressed to 20"),
            (
                entry(frame(1, b"abc", length=70_000), message=2),
                "text message 2, 70,000 bytes, of which 3 were kept",
            ),
            (
                entry(frame(1, b"x" * 20, fin=False), message=5, fragment=1),
                "fragment 1 of text message 5, 20 bytes",
            ),
            (
                entry(frame(0, b"x" * 20, fin=False, wire=13), message=5, fragment=2),
                "fragment 2 of message 5, 20 bytes, compressed to 13",
            ),
            (
                entry(frame(0, b"x" * 20), message=5, fragment=3),
                "fragment 3, the last one, of message 5, 20 bytes",
            ),
            (entry(frame(0, b"x", fin=False)), "fragment of message, 1 byte"),
            (entry(frame(9, b"abcd")), "ping, 4 bytes"),
            (entry(frame(10, b"")), "pong that answers no ping seen, 0 bytes"),
            (entry(frame(10, b""), rtt=0.0123), "pong for a ping 12.3 ms ago, 0 bytes"),
            (entry(frame(10, b""), rtt=2.5), "pong for a ping 2.50 s ago, 0 bytes"),
            (entry(frame(8, b"")), "close without a code"),
            (entry(frame(8, close_payload(1000))), "close 1000 (Normal Closure)"),
            (entry(frame(8, close_payload(1001, "bye"))), "close 1001 (Going Away) 'bye'"),
            (entry(frame(8, close_payload(4001))), "close 4001 (Private Use)"),
            (
                entry(frame(8, close_payload(1001, "bye"), length=20)),
                "close 1001 (Going Away)",
            ),
            (entry(frame(8, b"", length=20)), "close, 20 bytes, of which 0 were kept"),
            (
                entry(frame(8, b"\x03")),
                "close with a payload that is wrong: close payload of 1 byte",
            ),
            (entry(frame(11, b"abc")), "frame with the reserved opcode 0xB, 3 bytes"),
            (
                entry(frame(9, b"", fin=False), wrong="fragmented\x1b control frame"),
                r"ping, 0 bytes; breaks the protocol: fragmented\x1b control frame",
            ),
        ],
    )
    def test_says_what_a_frame_is(self, shown: Entry, words: str) -> None:
        assert sentence(shown) == words

    def test_a_caller_may_know_what_a_continuation_is_of(self) -> None:
        middle = entry(frame(0, b"x", fin=False), message=5, fragment=2)
        assert sentence(middle, 2) == "fragment 2 of binary message 5, 1 byte"

    def test_a_reason_that_was_cut_is_no_error(self) -> None:
        whole = close_payload(1000, "€" * 40)
        assert sentence(entry(frame(8, whole[:4], length=122))) == "close 1000 (Normal Closure)"

    def test_a_reason_moves_no_cursor(self) -> None:
        said = sentence(entry(frame(8, close_payload(1000, f"\x1b[2J{RLO}"))))
        assert said == r"close 1000 (Normal Closure) '\x1b[2J\u202e'"

    @given(
        st.builds(
            frame,
            st.integers(0, 15),
            st.binary(max_size=125),
            fin=st.booleans(),
            rsv=st.integers(0, 7),
            length=st.none() | st.integers(125, 200),
        )
    )
    def test_is_one_printable_line_for_any_frame(self, any_frame: FrameRecord) -> None:
        assert sentence(entry(any_frame)).isprintable()


class TestHex:
    def test_rows_of_two_groups_and_ascii(self) -> None:
        assert list(hex_lines(b"Hello, world! \x00\xff~\x7f")) == [
            "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 20 00 ff  |Hello, world! ..|",
            "00000010  7e 7f                                             |~.|",
        ]

    def test_nothing_has_no_lines(self) -> None:
        assert list(hex_lines(b"")) == list(hex_lines(b"abc", 3)) == []

    def test_begins_where_it_is_told(self) -> None:
        assert list(hex_lines(bytes(33), 32)) == [f"00000020  {'00':<48}  |.|"]
        assert list(hex_lines(b"a", -5)) == list(hex_lines(b"a"))

    def test_makes_no_more_lines_than_are_asked_for(self) -> None:
        large = memoryview(bytearray(1 << 26))
        lines = list(islice(hex_lines(bytes(large), 1 << 25), 2))
        assert [line[:8] for line in lines] == ["02000000", "02000010"]

    @given(st.binary(max_size=100), st.integers(0, 100))
    def test_holds_every_byte(self, data: bytes, start: int) -> None:
        lines = list(hex_lines(data, start))
        assert all(line.isascii() and line.isprintable() and len(line) <= 79 for line in lines)
        assert bytes.fromhex("".join(line[10:59] for line in lines)) == data[start:]


class TestValueLines:
    def test_an_indented_listing(self) -> None:
        value = {"a": [1, True, None, 2.5], "b": {"c": "d"}, "e": {}, "f": [], 5: b"\x00\xff"}
        assert list(value_lines(value)) == [
            "{",
            '  "a": [',
            "    1",
            "    true",
            "    null",
            "    2.5",
            "  ]",
            '  "b": {',
            '    "c": "d"',
            "  }",
            '  "e": {}',
            '  "f": []',
            "  5: 00 ff (2 bytes)",
            "}",
        ]

    @pytest.mark.parametrize(
        ("value", "line"),
        [
            ("", '""'),
            ('say "a\\b"', r'"say \"a\\b\""'),
            ("a\nb\x1b", r'"a\nb\x1b"'),
            (RLO, r'"\u202e"'),
            ("\ud800", r'"\ud800"'),
            (b"", "(0 bytes)"),
            (bytearray(b"a"), "61 (1 byte)"),
            (math.nan, "NaN"),
            (-math.inf, "-Infinity"),
            (-(1 << 64) + 1, "-18446744073709551615"),
            ((1, 2), "[… 2 items]"),
            ({1}, "{1}"),
        ],
    )
    def test_a_single_value(self, value: object, line: str) -> None:
        assert list(value_lines(value, depth=0)) == [line]

    def test_what_is_below_the_depth_stays_folded(self) -> None:
        value = {"a": [1, [2]], "b": {"c": {"d": 1}}}
        assert list(value_lines(value, depth=0)) == ["{… 2 keys}"]
        assert list(value_lines(value, depth=1)) == [
            *("{", '  "a": [… 2 items]', '  "b": {… 1 key}', "}")
        ]

    def test_what_is_too_long_is_cut_and_tells_its_length(self) -> None:
        texts = "a" * 1_000, b"a" * 1_000, 1 << 1_000, "漢" * 1_000, "\x1b" * 1_000
        lines = [line for text in texts for line in value_lines(text, width=64)]
        assert lines == [
            f'"{"a" * 42}…" (1,000 characters)',
            f"{' '.join(['61'] * 16)} … (1,000 bytes)",
            f"0x1{'0' * 47}… (1,001 bits)",
            f'"{"漢" * 21}…" (1,000 characters)',
            rf'"{ESCAPE * 10}…" (1,000 characters)',
        ]

    def test_long_keys_leave_room_for_values(self) -> None:
        _, line, _ = value_lines({"k" * 500: "v" * 500}, width=80)
        assert line.count("…") == 2
        assert len(line) <= 80

    def test_what_ends_at_the_edge_is_whole(self) -> None:
        for size in (62, 63):
            (line,) = value_lines("a" * size, width=64)
            assert ("…" in line) == (size == 63)

    def test_what_has_no_sane_repr_is_named(self) -> None:
        class Broken:
            def __repr__(self) -> str:
                raise ValueError("no")

        class Rude:
            def __repr__(self) -> str:
                return f"\x1b{RLO}" * 100

        assert list(value_lines([Broken()]))[1] == "  <Broken>"
        (line,) = value_lines(Rude())
        assert line.isprintable()
        assert line.endswith("… (200 characters)")

    def test_makes_no_more_lines_than_are_asked_for(self) -> None:
        lines = value_lines([range(1 << 60), [0] * 10_000_000, "x" * 50_000_000])
        assert list(islice(lines, 3)) == ["[", f"  range(0, {1 << 60})", "  ["]

    def test_a_value_in_itself_ends_at_the_greatest_depth(self) -> None:
        value: list[object] = []
        value.append(value)
        for depth in (None, 10_000):
            lines = list(value_lines(value, depth=depth))
            assert len(lines) == 2 * DEEPEST + 1
            assert lines[DEEPEST].lstrip() == "[… 1 item]"

    @given(VALUES, st.integers(64, 200), st.none() | st.integers(0, 5))
    def test_lines_are_printable_and_narrow(
        self, value: object, width: int, depth: int | None
    ) -> None:
        for line in value_lines(value, depth=depth, width=width):
            indent = len(line) - len(line.lstrip())
            assert line.isprintable()
            assert len(line) <= max(width, 64 + indent)


def test_units_are_counted() -> None:
    assert [counted(number, "key") for number in (0, 1, 2_000)] == ["0 keys", "1 key", "2,000 keys"]


def test_the_bits_of_a_length_are_those_of_the_wire() -> None:
    (line,) = (line for line in header_lines(frame(1, length=1_000)) if "1 1 1 1 1 1 0" in line)
    assert struct.pack("!H", 1_000) == int(line[-32:-1].replace(" ", ""), 2).to_bytes(2)
