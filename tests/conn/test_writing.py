"""Every way to write, as an independent decoder reads it."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable

import pytest

from tests.conn.silence import nothing_was_sent
from tests.deadlines import wait_for
from tests.server.adopting import Link, linked
from tests.server.peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wskit import MessageType, Opcode, frame_bin, frame_text


class TestWrite:
    @pytest.mark.parametrize(
        ("data", "opcode", "payload"),
        [
            ("é", TEXT, b"\xc3\xa9"),
            ("", TEXT, b""),
            (b"\xff", BINARY, b"\xff"),
            (b"", BINARY, b""),
            (bytearray(b"ab"), BINARY, b"ab"),
            (memoryview(b"abc")[1:], BINARY, b"bc"),
            (memoryview(b""), BINARY, b""),
            (memoryview(b"a-b-c-")[::2], BINARY, b"abc"),
            (array("H", [0x6161, 0x6262]), BINARY, b"aabb"),
            (array("H"), BINARY, b""),
        ],
        ids=[
            *("str", "empty str", "bytes", "empty bytes", "bytearray"),
            *("part of a memoryview", "empty memoryview", "memoryview in steps"),
            *("array", "empty array"),
        ],
    )
    def test_sends_str_as_text_and_anything_bytes_like_as_binary(
        self, link: Link, data: str | bytes, opcode: int, payload: bytes
    ) -> None:
        link.conn.write(data)
        assert link.peer.read() == (opcode, payload, True, 0)

    @pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 1_000_000])
    def test_takes_any_size(self, link: Link, size: int) -> None:
        data = random.randbytes(size)
        link.conn.write(data)
        assert link.peer.read().payload == data

    def test_owns_what_it_queued(self, blocking: bool) -> None:
        with linked(blocking=blocking, buffer=4096) as link:
            data = bytearray(b"a" * 100_000)
            link.conn.write(data)
            link.conn.write(data)
            data[:] = b"b" * len(data)
            assert link.peer.read().payload == b"a" * 100_000
            assert link.peer.read().payload == b"a" * 100_000

    @pytest.mark.parametrize("data", [None, 5, 1.5, ["a"], object()])
    def test_of_other_things_is_a_type_error(self, link: Link, data: object) -> None:
        with pytest.raises(TypeError, match=r"^data: must be .*bytes-like, not"):
            link.conn.write(data)  # type: ignore[arg-type]
        assert nothing_was_sent(link)

    def test_of_half_a_character_is_an_error(self, link: Link) -> None:
        with pytest.raises(UnicodeEncodeError):
            link.conn.write("\ud800")
        assert nothing_was_sent(link)


class TestWriteText:
    @pytest.mark.parametrize("data", ["é", b"\xc3\xa9", bytearray(b"\xc3\xa9")])
    def test_takes_str_and_utf_8(self, link: Link, data: str | bytes) -> None:
        link.conn.write_text(data)
        assert link.peer.read() == (TEXT, b"\xc3\xa9", True, 0)

    @pytest.mark.parametrize("data", [b"\xff", memoryview(b"\xc3"), b"\xed\xa0\x80"])
    def test_of_bytes_that_are_not_utf_8_is_an_error(self, link: Link, data: bytes) -> None:
        with pytest.raises(UnicodeDecodeError):
            link.conn.write_text(data)
        assert nothing_was_sent(link)


class TestWriteBin:
    def test_takes_bytes(self, link: Link) -> None:
        link.conn.write_bin(b"\xff")
        assert link.peer.read() == (BINARY, b"\xff", True, 0)

    def test_of_str_is_a_type_error(self, link: Link) -> None:
        with pytest.raises(TypeError, match=r"^data: must be bytes-like, not str$"):
            link.conn.write_bin("text")  # type: ignore[arg-type]
        assert nothing_was_sent(link)


class TestControlFrames:
    @pytest.mark.parametrize("data", [b"", b"hi", bytes(125)])
    def test_ping_and_pong_take_up_to_125_bytes(self, link: Link, data: bytes) -> None:
        link.conn.write_ping(data)
        link.conn.write_pong(data)
        assert link.peer.read() == (PING, data, True, 0)
        assert link.peer.read() == (PONG, data, True, 0)

    def test_have_no_data_by_default(self, link: Link) -> None:
        link.conn.write_ping()
        link.conn.write_pong()
        assert [link.peer.read().payload for _ in range(2)] == [b"", b""]

    def test_of_more_are_an_error(self, link: Link) -> None:
        for write in (link.conn.write_ping, link.conn.write_pong):
            with pytest.raises(ValueError, match=r"^data: a control frame takes 125 bytes, not"):
                write(bytes(126))
        assert nothing_was_sent(link)

    def test_of_str_are_a_type_error(self, link: Link) -> None:
        with pytest.raises(TypeError, match=r"^data: "):
            link.conn.write_ping("text")  # type: ignore[arg-type]


class TestWriteFrame:
    def test_sends_a_message_in_pieces_with_a_ping_between_them(self, link: Link) -> None:
        conn = link.conn
        conn.write_frame(Opcode.TEXT, "a", fin=False)
        conn.write_ping(b"p")
        conn.write_frame(Opcode.CONTINUATION, b"b", fin=False)
        conn.write_frame(Opcode.CONTINUATION, "c")
        conn.write("next")
        assert [link.peer.read() for _ in range(5)] == [
            (TEXT, b"a", False, 0),
            (PING, b"p", True, 0),
            (CONTINUATION, b"b", False, 0),
            (CONTINUATION, b"c", True, 0),
            (TEXT, b"next", True, 0),
        ]
        wait_for(lambda: conn.stats().messages_out == 2)

    @pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG])
    def test_sends_whole_frames(self, link: Link, opcode: Opcode) -> None:
        link.conn.write_frame(opcode, b"hi")
        assert link.peer.read() == (opcode, b"hi", True, 0)

    def test_closes(self, link: Link) -> None:
        link.conn.write_frame(Opcode.CLOSE, b"\x0f\xa0bye")
        assert link.peer.read() == (CLOSE, b"\x0f\xa0bye", True, 0)
        assert (link.conn.close_code, link.conn.close_reason) == (4000, "bye")

    def test_closes_without_a_code(self, link: Link) -> None:
        link.conn.write_frame(Opcode.CLOSE, b"")
        assert link.peer.read() == (CLOSE, b"", True, 0)
        assert link.conn.close_code == 1005

    def test_within_a_message_other_messages_are_an_error(self, link: Link) -> None:
        conn = link.conn
        conn.write_frame(Opcode.TEXT, "a", fin=False)
        others: list[Callable[[], None]] = [
            lambda: conn.write("b"),
            lambda: conn.write_bin(b"b"),
            lambda: conn.write_frame(Opcode.BINARY, b"b", fin=False),
            lambda: conn.write_framed(frame_text("b")),
        ]
        for write in others:
            with pytest.raises(ValueError, match=r"RFC 6455 §5\.4"):
                write()
        conn.write_frame(Opcode.CONTINUATION, "z")
        assert [link.peer.read().payload for _ in range(2)] == [b"a", b"z"]

    @pytest.mark.parametrize(
        ("opcode", "data", "fin", "message"),
        [
            (Opcode.CONTINUATION, b"a", True, "opcode: the next data frame must be TEXT or BINARY"),
            (3, b"a", True, "opcode: 3 is reserved"),
            (11, b"a", True, "opcode: 11 is reserved"),
            (Opcode.PING, bytes(126), True, "data: a control frame takes 125 bytes"),
            (Opcode.PING, b"", False, "fin: a control frame may not be fragmented"),
            (Opcode.CLOSE, b"", False, "fin: a control frame may not be fragmented"),
            (Opcode.CLOSE, b"\x03", True, "data: close payload of 1 byte"),
            (Opcode.CLOSE, b"\x03\xee", True, "data: close code 1006"),
            (Opcode.CLOSE, b"\x03\xe8\xff", True, "data: close reason is not UTF-8"),
        ],
    )
    def test_what_may_not_be_sent_is_an_error(
        self, link: Link, opcode: int, data: bytes, fin: bool, message: str
    ) -> None:
        with pytest.raises(ValueError, match=f"^{message}"):
            link.conn.write_frame(opcode, data, fin=fin)
        assert nothing_was_sent(link)
        assert not link.conn.is_closed


class TestWriteFramed:
    def test_sends_the_bytes_as_they_are(self, link: Link) -> None:
        for ready in (frame_text("é"), frame_bin(b"\xff"), frame_text("a" * 70_000)):
            link.conn.write_framed(ready)
        assert link.peer.read() == (TEXT, b"\xc3\xa9", True, 0)
        assert link.peer.read() == (BINARY, b"\xff", True, 0)
        assert link.peer.read() == (TEXT, b"a" * 70_000, True, 0)
        wait_for(lambda: link.conn.stats().messages_out == 3)

    @pytest.mark.parametrize("ready", ["text", bytearray(b"\x81\x00"), None])
    def test_of_anything_but_bytes_is_a_type_error(self, link: Link, ready: object) -> None:
        with pytest.raises(TypeError, match=r"^frame: must be bytes, not"):
            link.conn.write_framed(ready)  # type: ignore[arg-type]
        assert nothing_was_sent(link)


class TestWriteBuffer:
    def test_sends_text_once_at_the_end_of_the_block(self, link: Link) -> None:
        with link.conn.write_buffer() as buffer:
            buffer.write("é")
            print("x", file=buffer)
            assert nothing_was_sent(link)
        assert link.peer.read() == (TEXT, b"\xc3\xa9x\n", True, 0)

    def test_sends_binary(self, link: Link) -> None:
        with link.conn.write_buffer(MessageType.BINARY) as buffer:
            buffer.write(b"\xff")
            buffer.write(b"\xfe")
        assert link.peer.read() == (BINARY, b"\xff\xfe", True, 0)

    def test_sends_nothing_when_the_block_fails(self, link: Link) -> None:
        with pytest.raises(TypeError), link.conn.write_buffer() as buffer:
            buffer.write(b"not text")  # type: ignore[arg-type]
        assert nothing_was_sent(link)

    @pytest.mark.parametrize("kind", [MessageType.PING, MessageType.CLOSE, 0, None])
    def test_is_for_text_and_binary(self, link: Link, kind: MessageType) -> None:
        with pytest.raises(ValueError, match=r"^type: must be TEXT or BINARY, not"):
            link.conn.write_buffer(kind)  # type: ignore[call-overload]
