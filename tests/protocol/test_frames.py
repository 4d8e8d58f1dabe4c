"""Frames as bytes, against the examples of RFC 6455 §5.7 and an encoder of the tests' own."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import wire
from wskit.errors import InvalidPayload, ProtocolError
from wskit.protocol.frames import close_payload, encode, frame_bin, frame_text, header, parse_close

KEY = int.from_bytes(wire.KEY, "little")
LENGTHS = [0, 1, 125, 126, 127, 128, 65535, 65536, 70000]
# §7.4.1, §7.4.2 and the registry: what may be on the wire.
CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


def test_the_examples_of_the_rfc() -> None:
    hello_key = int.from_bytes(bytes.fromhex("37fa213d"), "little")
    assert encode(0x81, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert encode(0x81, b"Hello", hello_key) == bytes.fromhex("818537fa213d7f9f4d5158")
    assert encode(0x01, b"Hel") == bytes.fromhex("010348656c")
    assert encode(0x80, b"lo") == bytes.fromhex("80026c6f")
    assert encode(0x89, b"Hello") == bytes.fromhex("890548656c6c6f")
    assert encode(0x8A, b"Hello", hello_key) == bytes.fromhex("8a8537fa213d7f9f4d5158")
    assert header(0x82, 256) == bytes.fromhex("827e0100")
    assert header(0x82, 65536) == bytes.fromhex("827f0000000000010000")


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("first", [0x81, 0x82, 0x88, 0x89, 0x8A, 0x01, 0x02, 0x00, 0x80, 0xC1])
def test_every_form_of_length(first: int, length: int) -> None:
    payload = b"a" * length
    assert header(first, length) + payload == encode(first, payload)
    for key, peer in ((None, wire.SERVER), (KEY, wire.CLIENT)):
        expected = peer.frame(first & 15, payload, fin=first >= 128, rsv=first >> 4 & 7)
        assert encode(first, payload, key) == expected


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_payload_may_be_any_kind_of_bytes(
    kind: type[bytes | bytearray | memoryview],
) -> None:
    for key in (None, KEY):
        frame = encode(0x82, kind(b"abc"), key)
        assert type(frame) is bytes
        assert frame == encode(0x82, b"abc", key)


@given(st.text())
def test_frame_text(text: str) -> None:
    assert frame_text(text) == frame_text(text.encode()) == wire.SERVER.text(text)


def test_frame_text_refuses_what_is_no_text() -> None:
    with pytest.raises(UnicodeDecodeError):
        frame_text(b"\xff")
    with pytest.raises(UnicodeEncodeError):
        frame_text("\ud800")


@given(st.binary(max_size=300))
def test_frame_bin(data: bytes) -> None:
    assert frame_bin(data) == frame_bin(memoryview(data)) == wire.SERVER.binary(data)


class TestClosePayload:
    def test_every_code(self) -> None:
        accepted = set()
        for code in range(-1, 70000):
            with contextlib.suppress(ValueError):
                assert close_payload(code) == code.to_bytes(2, "big")
                accepted.add(code)
        assert accepted == CODES

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70000])
    def test_a_code_that_may_not_be_sent(self, code: int) -> None:
        with pytest.raises(ValueError, match=rf"^code: {code} "):
            close_payload(code)

    def test_none_is_empty(self) -> None:
        assert close_payload(None) == b""

    def test_a_reason_needs_a_code(self) -> None:
        with pytest.raises(ValueError, match=r"^reason: "):
            close_payload(None, "why")

    def test_the_reason_is_counted_in_bytes(self) -> None:
        assert close_payload(1000, "€" * 41) == b"\x03\xe8" + "€".encode() * 41
        with pytest.raises(ValueError, match=r"^reason: .* not 124$"):
            close_payload(1000, "€" * 41 + "a")


class TestParseClose:
    def test_every_code(self) -> None:
        accepted = set()
        for code in range(65536):
            with contextlib.suppress(ProtocolError):
                assert parse_close(code.to_bytes(2, "big")) == (code, "")
                accepted.add(code)
        assert accepted == CODES

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535])
    def test_a_code_that_may_not_appear(self, code: int) -> None:
        with pytest.raises(ProtocolError, match=f"code {code} ") as caught:
            parse_close(code.to_bytes(2, "big"))
        assert caught.value.close_code == 1002

    def test_empty_is_1005(self) -> None:
        assert parse_close(b"") == (1005, "")

    def test_one_byte_is_none(self) -> None:
        with pytest.raises(ProtocolError, match="1 byte") as caught:
            parse_close(b"\x03")
        assert caught.value.close_code == 1002

    @given(st.text(max_size=30))
    def test_the_reason_comes_back(self, reason: str) -> None:
        assert parse_close(close_payload(4000, reason)) == (4000, reason)

    def test_a_reason_that_is_not_utf8_is_1007(self) -> None:
        with pytest.raises(InvalidPayload) as caught:
            parse_close(b"\x03\xe8ok\xed\xa0\x80")
        assert caught.value.close_code == 1007
