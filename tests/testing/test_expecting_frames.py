"""Expecting frames, fragments, pings and pongs, nothing; and taking everything at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.protocol.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, SERVER, TEXT, deflated
from tests.testing.ends import Ends, failing, linked
from wskit import Message, MessageType
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.frames import Direction


@pytest.fixture
def ends() -> Iterator[Ends]:
    with linked() as ends:
        yield ends


class TestFrames:
    def test_come_in_the_order_of_the_wire(self, ends: Ends) -> None:
        """Each kind is found by its place here, not by its kind as with messages."""
        peer = ends.peer
        ends.come(SERVER.ping(b"p"), SERVER.text("a", fin=False), SERVER.last(b"b"))
        ends.come(SERVER.close(1001))
        assert peer.expect_frame(PING, "p", fin=True).direction is Direction.IN
        frame = peer.expect_frame(TEXT, b"a", fin=False, rsv1=False, rsv2=False, rsv3=False)
        assert (frame.masked, frame.wire_length) == (False, 1)
        assert peer.expect_frame().opcode == CONTINUATION
        assert peer.expect_frame(CLOSE).payload == b"\x03\xe9"

    def test_a_frame_of_an_unfinished_message_is_there_at_once(self, ends: Ends) -> None:
        ends.come(SERVER.text("a", fin=False))
        ends.peer.expect_frame(TEXT, "a")
        ends.come(SERVER.more(b"b"))
        ends.peer.expect_frame(CONTINUATION, b"b", fin=False)
        assert "got nothing" not in failing(lambda: ends.peer.expect_text(timeout=0.01))
        ends.come(SERVER.last(b"c"), SERVER.text("next"))
        ends.peer.expect_frame(CONTINUATION, b"c", fin=True)
        assert ends.peer.expect_text() == "next"

    def test_what_is_left_of_a_message_is_only_given_so(self, ends: Ends) -> None:
        ends.come(SERVER.text("a", fin=False), SERVER.last(b"b"), SERVER.text("c"))
        ends.peer.expect_frame()
        text = failing(ends.peer.expect_text)
        assert text == ("expected text, but some frames of this message were taken one by one")
        ends.peer.expect_frame(CONTINUATION, b"b")
        assert ends.peer.expect_text() == "c"

    def test_a_message_may_be_taken_whole_between_frames(self, ends: Ends) -> None:
        ends.come(SERVER.text("a"), SERVER.ping(), SERVER.binary(b"b"), SERVER.text("c"))
        ends.peer.expect_frame(TEXT, "a")
        assert ends.peer.expect_binary() == b"b"
        ends.peer.expect_frame(PING)
        assert ends.peer.expect_text() == "c"

    @pytest.mark.parametrize(
        ("call", "wanted"),
        [
            (lambda p: p.expect_frame(BINARY), "a binary frame"),
            (lambda p: p.expect_frame(TEXT, "y"), "a text frame 'y'"),
            (lambda p: p.expect_frame(fin=False), "a frame with FIN 0"),
            (lambda p: p.expect_frame(rsv1=True, rsv2=True), "a frame with RSV1 1, RSV2 1"),
            (lambda p: p.expect_frame(rsv3=True), "a frame with RSV3 1"),
            (lambda p: p.expect_frame(3), "a frame with opcode 3"),
        ],
    )
    def test_a_wrong_one_is_told(self, ends: Ends, call: object, wanted: str) -> None:
        ends.come(SERVER.text("x"))
        assert callable(call)
        assert failing(lambda: call(ends.peer)) == f"expected {wanted}, got text 'x'"

    def test_none_is_told(self, ends: Ends) -> None:
        text = failing(lambda: ends.peer.expect_frame(PONG, timeout=0.01))
        assert text == "expected a pong frame within 0.01 s, got nothing"

    def test_the_frame_that_breaks_the_protocol_can_be_seen(self, ends: Ends) -> None:
        ends.come(SERVER.frame(CLOSE, b"\x03"))
        assert failing(ends.peer.expect_close) == (
            "expected a close, got close b'\\x03' (close payload of 1 byte), then a violation of"
            " the protocol by the server: close payload of 1 byte"
        )
        assert ends.peer.expect_frame().payload == b"\x03"

    @pytest.mark.parametrize(
        "stream",
        [
            SERVER.last(b"x"),
            SERVER.text("a", fin=False) + SERVER.text("b"),
            SERVER.text(b"\xff"),
            SERVER.frame(3),
            SERVER.frame(PING, fin=False),
        ],
    )
    def test_every_violation_is_told_by_every_expectation(self, ends: Ends, stream: bytes) -> None:
        ends.come(stream)
        for call in (ends.peer.expect_text, ends.peer.expect_close, ends.peer.expect_ping):
            text = failing(call)
            assert "a violation of the protocol by the server: " in text
            assert "within" not in text


class TestFragments:
    def test_are_returned(self, ends: Ends) -> None:
        ends.come(SERVER.text("a", fin=False), SERVER.ping(), SERVER.more(), SERVER.last(b"b"))
        ends.come(SERVER.binary(b"x"))
        assert ends.peer.expect_fragments(["a", "", "b"]) == [b"a", b"", b"b"]
        assert ends.peer.expect_fragments([b"x"]) == [b"x"]

    def test_other_cuts_are_told(self, ends: Ends) -> None:
        ends.come(SERVER.text("ab"))
        text = failing(lambda: ends.peer.expect_fragments(["a", "b"]))
        assert text.startswith("expected text in 2 frames [")
        assert "got text in 1 frames [" in text

    def test_compressed_ones_are_inflated_and_show_rsv1(self) -> None:
        with linked(deflate=DeflateParameters()) as ends:
            one, two = deflated(b"abc" * 50, b"def" * 50)
            ends.come(SERVER.text(one, rsv=4, fin=False), SERVER.last(two))
            first = ends.peer.expect_frame(TEXT, "abc" * 50, rsv1=True, fin=False)
            assert first.wire_length == len(one) < first.length == 150
            ends.peer.expect_frame(CONTINUATION, "def" * 50, rsv1=False)
            (alone,) = deflated(b"x" * 9)
            ends.come(SERVER.binary(alone, rsv=4))
            assert ends.peer.expect_binary() == b"x" * 9


class TestPingsAndPongs:
    def test_stand_in_nobodys_way_whatever_the_order(self, ends: Ends) -> None:
        ends.come(SERVER.ping(b"1"), SERVER.text("a"), SERVER.pong(b"2"), SERVER.ping(b"3"))
        assert ends.peer.expect_pong(b"2") == b"2"
        assert ends.peer.expect_text() == "a"
        assert ends.peer.expect_ping() == b"1"
        assert ends.peer.expect_ping(b"3") == b"3"

    def test_a_ping_is_answered_by_what_reads_it(self, ends: Ends) -> None:
        ends.come(SERVER.ping(b"p"), SERVER.text("a"))
        ends.peer.expect_text("a")
        assert [(f.opcode, f.payload) for f in ends.frames()] == [(PONG, b"p")]
        ends.peer.expect_ping(b"p")

    def test_not_with_auto_pong_off(self, ends: Ends) -> None:
        assert ends.peer.auto_pong
        ends.peer.auto_pong = False
        assert not ends.peer.auto_pong
        ends.come(SERVER.ping(b"p"))
        ends.peer.expect_ping(b"p")
        ends.peer.send("x")
        assert [frame.opcode for frame in ends.frames()] == [TEXT]

    def test_a_wrong_payload_is_told(self, ends: Ends) -> None:
        ends.come(SERVER.pong(b"a"))
        assert failing(lambda: ends.peer.expect_pong(b"b")) == "expected pong b'b', got pong b'a'"
        assert failing(lambda: ends.peer.expect_ping(timeout=0)) == (
            "expected ping within 0 s, got nothing"
        )


class TestNothing:
    def test_is_there(self, ends: Ends) -> None:
        ends.peer.expect_nothing(0.01)
        ends.come(SERVER.text("x"))
        ends.peer.expect_text()
        ends.peer.expect_nothing(within=0.01)

    @pytest.mark.parametrize(
        ("sent", "seen"),
        [
            (SERVER.text("x"), "text 'x'"),
            (SERVER.ping(), "ping b''"),
            (SERVER.text("x", fin=False), "1 frame of an unfinished text"),
            (SERVER.close(4000), "close 4000 initiated by the server"),
        ],
    )
    def test_anything_is_something(self, ends: Ends, sent: bytes, seen: str) -> None:
        ends.come(sent)
        text = failing(lambda: ends.peer.expect_nothing(0.2))
        assert text == f"expected nothing within 0.2 s, got {seen}"

    def test_so_are_what_lies_unread_and_the_end(self, ends: Ends) -> None:
        ends.come(SERVER.ping(), SERVER.text("x"))
        ends.peer.expect_text()
        assert failing(lambda: ends.peer.expect_nothing(0)).endswith("got ping b''")
        ends.peer.drain()
        ends.sock.close()
        assert "the end of the connection" in failing(lambda: ends.peer.expect_nothing(0.2))


class TestDrain:
    def test_gives_all_that_is_there(self, ends: Ends) -> None:
        assert ends.peer.drain() == []
        ends.come(SERVER.text("a"), SERVER.ping(b"p"), SERVER.binary(b"b"))
        assert ends.peer.drain() == [
            Message(MessageType.TEXT, "a"),
            Message(MessageType.PING, b"p"),
            Message(MessageType.BINARY, b"b"),
        ]
        assert ends.peer.drain() == []

    def test_leaves_an_unfinished_message(self, ends: Ends) -> None:
        ends.come(SERVER.text("a"), SERVER.text("b", fin=False), SERVER.pong())
        assert [message.data for message in ends.peer.drain()] == ["a", b""]
        ends.come(SERVER.last(b"c"))
        assert ends.peer.expect_text() == "bc"

    def test_gives_a_close_unless_it_was_expected(self, ends: Ends) -> None:
        ends.come(SERVER.close(1000))
        assert ends.peer.drain() == [Message(MessageType.CLOSE, b"\x03\xe8")]
        assert ends.peer.expect_close().code == 1000
        assert ends.peer.drain() == []
