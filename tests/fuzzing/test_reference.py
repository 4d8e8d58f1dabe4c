"""The reference decoder, held against the examples of the RFCs and against wskit itself."""

from __future__ import annotations

import zlib

import pytest

from wskit.fuzzing.dictionary import deflated
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.reference import Rules, close_code_may_appear, is_utf8, read
from wskit.protocol.frames import close_payload

CLIENT, SERVER = Rules(masked=True), Rules(masked=False)
DEFLATE = Rules(masked=False, deflate=True)
FRESH = Rules(masked=False, deflate=True, fresh=True)


def test_the_examples_of_rfc_6455_section_5_7() -> None:
    assert read(bytes.fromhex("810548656c6c6f"), SERVER).events == [(1, "Hello")]
    masked = bytes.fromhex("818537fa213d7f9f4d5158")
    assert read(masked, CLIENT).events == [(1, "Hello")]
    fragments = bytes.fromhex("010348656c80026c6f")
    assert read(fragments, SERVER).events == [(1, "Hello")]
    assert read(bytes.fromhex("890548656c6c6f"), SERVER).events == [(9, b"Hello")]


def test_the_examples_of_rfc_7692_section_7_2_3() -> None:
    first = bytes.fromhex("c107f248cdc9c90700")
    assert read(first + bytes.fromhex("c105f200110000"), DEFLATE).events == [(1, "Hello")] * 2
    assert read(bytes.fromhex("c10b000500faff48656c6c6f00"), DEFLATE).events == [(1, "Hello")]
    assert read(bytes.fromhex("c108f348cdc9c9070000"), DEFLATE).events == [(1, "Hello")]
    assert read(bytes.fromhex("4103f248cd8004c9c90700"), DEFLATE).events == [(1, "Hello")]
    assert read(bytes.fromhex("c10100"), FRESH).events == [(1, "")]


@pytest.mark.parametrize(
    ("data", "code", "judged"),
    [
        ("83", 1002, 1),
        ("a1", 1002, 1),
        ("c1", 1002, 1),
        ("09", 1002, 1),
        ("80", 1002, 1),
        ("0100 81", 1002, 3),
        ("8180", 1002, 2),
        ("897e", 1002, 2),
        ("817e007d", 1002, 4),
        ("827f000000000000ffff", 1002, 10),
        ("827f8000000000000000", 1002, 10),
        ("827f0000000000100001", 1009, 10),
        ("8101ff", 1007, 3),
        ("0101ff", 1007, 3),
        ("8105eda0", 1007, 4),
        ("880100", 1002, 3),
        ("880203ed", 1002, 4),
        ("880303e8ff", 1007, 5),
    ],
)
def test_violations_and_where_they_are_certain(data: str, code: int, judged: int) -> None:
    reading = read(bytes.fromhex(data), SERVER)
    assert (reading.code, reading.judged) == (code, judged)
    assert reading.why


@pytest.mark.parametrize("data", ["", "81", "817e00", "8105", "81056865", "0100", "8900"])
def test_what_is_unfinished_is_no_violation(data: str) -> None:
    assert read(bytes.fromhex(data), SERVER).code is None


def test_nothing_counts_after_a_close() -> None:
    reading = read(bytes.fromhex("8800 ffff"), SERVER)
    assert reading.events == [(8, b"")]
    assert reading.close == (1005, "")
    assert reading.rest == 2


def test_limits() -> None:
    small = Rules(masked=False, deflate=True, max_size=10, max_fragments=2)
    assert read(b"\x82\x0b", small).code == 1009
    assert read(b"\x02\x06abcdef\x80\x05", small).code == 1009
    assert read(b"\x02\x00\x00\x00\x80\x00", small).code == 1009
    bomb = write_pieces([Piece(0xC2, deflated(b"a" * 11))])
    assert read(bomb, small).code == 1009
    both = write_pieces([Piece(0xC1, deflated(b"\xff" + b"a" * 11))])
    assert read(both, small).code == 1007


def test_corrupt_and_incomplete_data() -> None:
    assert read(b"\xc2\x01\x07", DEFLATE).code == 1007
    cut = write_pieces([Piece(0xC2, b"\x00\x0a\x00\xf5\xffhello")])
    assert "incomplete" in read(cut, FRESH).why
    ended = write_pieces([Piece(0xC2, deflated(b"hi", zlib.Z_FINISH) + b"\0")])
    reading = read(ended, DEFLATE)
    assert (reading.events, reading.final_block) == ([(2, b"hi")], 0)


def test_either_code_is_right_where_the_fault_follows_the_limit_at_once() -> None:
    block = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = block.compress(b"a" * 61) + block.flush(zlib.Z_BLOCK) + b"\xff\xff\xff"
    rules = Rules(masked=False, deflate=True, max_size=60)
    reading = read(write_pieces([Piece(0xC2, data)]), rules)
    assert reading.either or reading.code == 1009
    assert reading.agrees([], reading.code)


def test_what_the_differential_fuzzer_asks_for() -> None:
    assert read(b"\xc2\x00", DEFLATE).bare == 0
    assert read(b"\x42\x01\x00\x89\x00", DEFLATE).interrupted == 0
    assert read(b"\x02\x00", SERVER).message_open


def test_judging_less() -> None:
    assert read(b"\x88\x01\x00\x81\x01\xff", SERVER, judge="headers").code is None
    assert read(b"\x88\x01\x00\x81\x01a", SERVER, judge="data").events == [(1, "a")]
    assert len(read(b"\x02\x01a\x80\x01b", SERVER, judge="headers").frames) == 2


def test_utf8_is_that_of_python() -> None:
    for number in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF):
        data = chr(number).encode()
        assert is_utf8(data)
        assert all(is_utf8(data[:at], final=False) for at in range(len(data)))
        assert not any(is_utf8(data[:at]) for at in range(1, len(data)))
    for bad in (b"\x80", b"\xc0\x80", b"\xe0\x80", b"\xed\xa0", b"\xf0\x80", b"\xf4\x90", b"\xff"):
        assert not is_utf8(bad, final=False)


def test_close_codes_are_those_that_may_be_sent() -> None:
    for code in range(0, 5100):
        try:
            close_payload(code)
        except ValueError:
            assert not close_code_may_appear(code)
        else:
            assert close_code_may_appear(code)
