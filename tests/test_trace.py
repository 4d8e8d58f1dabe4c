"""Frames as text: what a person sees, what a program gets, and that no payload gets out of line."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.protocol.frames import Direction, FrameRecord, close_payload
from wskit.taps import Capture
from wskit.trace import LineFormat, frame_json, json_line, payload_fields, printable

START = 1_700_000_000.0
RLO = "\u202e"  # turns the direction of what follows


def capture(
    payload: bytes = b"hello",
    opcode: int = 1,
    *,
    direction: Direction = Direction.IN,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    wire_length: int | None = None,
    length: int | None = None,
    connection: str = "#1",
) -> Capture:
    """Give a frame that passed a tap a quarter of a second after START."""
    length = len(payload) if length is None else length
    wire_length = length if wire_length is None else wire_length
    frame = FrameRecord(direction, opcode, fin, rsv, masked, wire_length, length, payload)
    return Capture(START + 0.25, connection, frame)


def line(shown: Capture, width: int = 80) -> str:
    return LineFormat(start=START, width=width).line(shown)


class TestLine:
    def test_shows_a_masked_text_frame(self) -> None:
        assert line(capture()) == '   0.250 <- text   FIN      MASK      5        "hello"'

    def test_shows_a_compressed_frame_with_both_lengths(self) -> None:
        sent = capture(direction=Direction.OUT, rsv=4, masked=False, wire_length=7)
        assert line(sent) == '   0.250 -> text   FIN RSV1           7      5 "hello"'

    def test_stands_under_the_heading(self) -> None:
        layout = LineFormat(start=START, names=5)
        shown = layout.line(capture(b"\x00", 2, rsv=4, wire_length=123_456, length=1_234_567))
        assert layout.heading() == "    TIME CONN     FRAME  FLAGS           WIRE   DATA PAYLOAD"
        assert shown == "   0.250 #1    <- binary FIN RSV1 MASK 123456   1.2M 00 …"

    def test_a_name_that_is_too_long_is_cut(self) -> None:
        layout = LineFormat(start=START, names=5)
        assert " alic… <- text" in layout.line(capture(connection="alice-bob"))

    @pytest.mark.parametrize(
        ("rsv", "shown"), [(0, "    "), (2, "RSV2"), (1, "RSV3"), (6, "R12 "), (7, "R123")]
    )
    def test_names_the_reserved_bits(self, rsv: int, shown: str) -> None:
        assert f" FIN {shown} MASK " in line(capture(rsv=rsv))

    def test_a_fragment_has_no_fin(self) -> None:
        assert line(capture(b"more", 0, fin=False)).startswith("   0.250 <- cont            MASK")

    def test_without_a_start_the_time_is_the_local_time_of_day(self) -> None:
        shown = LineFormat().line(capture())
        assert shown.startswith(time.strftime("%H:%M:%S.250 <- ", time.localtime(START)))

    def test_is_plain_unless_colours_are_asked_for(self) -> None:
        plain, coloured = LineFormat(start=START), LineFormat(start=START, colour=True)
        assert "\x1b" not in plain.line(capture()) + plain.heading()
        assert "\x1b[32m<- text  \x1b[0m" in coloured.line(capture())
        assert coloured.heading() == f"\x1b[2m{plain.heading()}\x1b[0m"

    def test_a_colour_tells_the_kinds_of_frames_apart(self) -> None:
        layout = LineFormat(colour=True)
        frames = [capture(), capture(direction=Direction.OUT), capture(b"", 9), capture(b"", 8)]
        frames.append(capture(b"", 11))
        assert len({layout.line(each).split("m")[0] for each in frames}) == 5


class TestPayload:
    @pytest.mark.parametrize(
        ("payload", "shown"),
        [
            ("wörld 日本", '"wörld 日本"'),
            ("", '""'),
            ("\x1b[31mred\x07", r'"\x1b[31mred\x07"'),
            ("a\r\nb\tc", r'"a\r\nb\tc"'),
            (f"safe{RLO}exe", r'"safe\u202eexe"'),
            ("\x9b2J", r'"\x9b2J"'),
            ("[bold]no markup[/bold]", '"[bold]no markup[/bold]"'),
            (r"\x1b", r'"\\x1b"'),
        ],
    )
    def test_of_text_is_quoted_and_escaped(self, payload: str, shown: str) -> None:
        assert line(capture(payload.encode())).endswith(f" {shown}")

    def test_of_text_that_is_not_utf_8_shows_the_bytes(self) -> None:
        assert line(capture(b"caf\xe9!")).endswith(r' "caf\xe9!"')

    def test_of_binary_is_hexadecimal(self) -> None:
        assert line(capture(b"\x00\xffA", 2)).endswith(" 00 ff 41")

    @pytest.mark.parametrize("opcode", [0, 9, 10])
    def test_of_unknown_kind_is_text_where_it_reads_as_text(self, opcode: int) -> None:
        assert line(capture(b"tick", opcode)).endswith(' "tick"')
        assert line(capture(b"\xff\x00", opcode)).endswith(" ff 00")
        assert line(capture(b"\x1b[2J", opcode)).endswith(" 1b 5b 32 4a")
        assert not line(capture(b"", opcode)).endswith('"')

    def test_of_a_close_frame_is_code_and_reason(self) -> None:
        assert line(capture(close_payload(1000), 8)).endswith(" 1000")
        assert line(capture(close_payload(4001, f"b\x1bye{RLO}"), 8)).endswith(
            r' 4001 "b\x1bye\u202e"'
        )
        assert line(capture(b"", 8)).endswith(" 0")

    @pytest.mark.parametrize("payload", [b"\x03", b"\x03\xed", b"\x03\xe8\xff"])
    def test_of_a_wrong_close_frame_is_hexadecimal(self, payload: bytes) -> None:
        assert line(capture(payload, 8)).endswith(f" {payload.hex(' ')}")

    def test_of_a_reserved_opcode_is_hexadecimal_beside_its_number(self) -> None:
        shown = line(capture(b"\xff", 11))
        assert "<- 0xb  " in shown
        assert shown.endswith(" ff")

    def test_that_is_too_long_ends_in_an_ellipsis_at_the_edge(self) -> None:
        for opcode in (0, 1, 2, 9):
            shown = line(capture(b"x" * 100, opcode))
            assert shown.endswith("…")
            assert 80 - 3 < len(shown) <= 80
        reason = close_payload(1008, "x" * 100)
        assert len(line(capture(reason, 8))) == 80

    def test_counts_the_columns_of_wide_characters(self) -> None:
        shown = line(capture(("日" * 100).encode()))
        assert len(shown) + shown.count("日") in (79, 80)

    def test_of_which_the_tap_kept_only_the_start_says_so(self) -> None:
        cut = capture("é".encode()[:1], length=5000)
        assert line(cut).endswith(' "…')

    def test_is_never_squeezed_out_by_a_narrow_terminal(self) -> None:
        assert line(capture(b"hello"), width=20).endswith(' "hello"')


FRAMES = st.builds(
    capture,
    st.binary(max_size=200) | st.text(max_size=80).map(str.encode),
    st.integers(0, 15),
    direction=st.sampled_from(Direction),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
    masked=st.booleans(),
    wire_length=st.integers(0, 2**63 - 1),
    length=st.none() | st.integers(200, 2**63 - 1),
    connection=st.text(max_size=9),
)


@given(FRAMES, st.integers(20, 200))
def test_no_frame_gets_a_control_character_into_a_line(shown: Capture, width: int) -> None:
    assert LineFormat(width=width, names=6).line(shown).isprintable()
    text = frame_json(shown)
    assert text.isprintable()
    assert text.isascii()


@given(FRAMES)
def test_json_gives_the_payload_back(shown: Capture) -> None:
    record = json.loads(frame_json(shown))
    payload = shown.frame.payload
    if "base64" in record:
        assert base64.b64decode(record["base64"]) == payload
    elif "text" in record:
        # The last character may be cut where the frame was longer than what the tap kept.
        assert payload.startswith(record["text"].encode())
        assert len(payload) - len(record["text"].encode()) < 4
    else:
        code = record["code"]
        assert close_payload(None if code == 1005 else code, record["reason"]) == payload


class TestJSON:
    def test_of_a_frame_has_everything(self) -> None:
        sent = capture(direction=Direction.OUT, fin=False, rsv=4, wire_length=7, connection="a\n")
        assert json.loads(frame_json(sent)) == {
            "event": "frame",
            "time": START + 0.25,
            "connection": "a\n",
            "direction": "out",
            "opcode": 1,
            "name": "text",
            "fin": False,
            "rsv": 4,
            "masked": True,
            "wire_length": 7,
            "length": 5,
            "text": "hello",
        }

    def test_of_binary_is_base64_even_where_it_reads_as_text(self) -> None:
        record = json.loads(frame_json(capture(b"hello", 2)))
        assert record["base64"] == "aGVsbG8="
        assert "text" not in record

    def test_of_a_close_frame_has_code_and_reason(self) -> None:
        record = json.loads(frame_json(capture(close_payload(4001, "bye"), 8)))
        assert (record["code"], record["reason"], record["name"]) == (4001, "bye", "close")
        assert "base64" in json.loads(frame_json(capture(b"\x03", 8)))

    def test_of_a_reserved_opcode_says_reserved(self) -> None:
        assert json.loads(frame_json(capture(b"", 11)))["name"] == "reserved"

    def test_of_any_event_is_one_line_of_ascii(self) -> None:
        shown = json_line("message", **payload_fields("é\n"))
        assert shown == r'{"event": "message", "text": "\u00e9\n"}'


class TestPrintable:
    def test_leaves_what_can_be_printed(self) -> None:
        assert printable(r"grüße \ 日本 😀") == r"grüße \ 日本 😀"

    def test_keeps_what_it_is_told_to(self) -> None:
        assert printable("a\tb\nc\x1b", keep="\t\n") == "a\tb\nc\\x1b"

    @pytest.mark.parametrize("character", ["\x7f", "\u2028", "\u200b", "\ufeff", "\ud800", "\x85"])
    def test_escapes_what_cannot_be_seen(self, character: str) -> None:
        assert printable(f"a{character}").isascii()
