"""Protocol: what comes in, what goes out, and the states between open and closed (RFC 6455)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.protocol import wire
from tests.protocol.driving import CUTS, SIDES, CountingLender, client, cut, end, feed, server
from tests.protocol.wire import (
    BINARY,
    CLIENT,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    SERVER,
    TEXT,
    Peer,
)
from wskit.errors import ConnectionClosed, InvalidPayload, MessageTooBig, ProtocolError
from wskit.protocol.connection import Protocol
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.frames import frame_bin, frame_text
from wskit.protocol.opcodes import Opcode, Side

AGREED = DeflateParameters()


def me(side: Side) -> Peer:
    """Return how ``side`` itself encodes."""
    return CLIENT if side is Side.CLIENT else SERVER


class TestInbound:
    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    def test_events_come_in_order(self, how: str, side: Side, peer: Peer) -> None:
        stream = peer.text("hé") + peer.ping(b"1") + peer.binary(b"\xff") + peer.pong(b"2")
        stream += peer.close(1001, b"bye")
        assert feed(end(side), cut(stream, how)).events == [
            (TEXT, "hé"),
            (PING, b"1"),
            (BINARY, b"\xff"),
            (PONG, b"2"),
            (CLOSE, b"\x03\xe9bye"),
        ]

    @SIDES
    def test_data_is_owned(self, side: Side, peer: Peer) -> None:
        lender = CountingLender()
        for size in (10, 3000):
            ((_, data),) = feed(
                end(side, lender=lender),
                [peer.binary(b"a" * size)[:50], peer.binary(b"a" * size)[50:]],
            ).events
            assert type(data) is bytes
            assert data == b"a" * size
        assert lender.loans  # and they come back spoilt

    @SIDES
    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_receive_takes_any_kind_of_bytes(
        self, kind: type[bytes | bytearray | memoryview], side: Side, peer: Peer
    ) -> None:
        one = end(side)
        assert list(one.receive(kind(b""))) == []
        assert list(one.receive(kind(peer.text("a") + peer.ping()))) == [(TEXT, "a"), (PING, b"")]

    @SIDES
    def test_an_engine_reads_into_the_target(self, side: Side, peer: Peer) -> None:
        one, stream, events = end(side, small_size=20), peer.text("a" * 100) + peer.ping(b"p"), []
        while stream:
            target = one.parser.target()
            size = min(len(target), len(stream))
            target[:size], stream = stream[:size], stream[size:]
            one.parser.received(size)
            while (event := one.next_event()) is not None:
                events.append(event)
        assert events == [(TEXT, "a" * 100), (PING, b"p")]

    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    @pytest.mark.parametrize("over", ["close", "violation"])
    def test_what_comes_after_the_end_is_dropped(
        self, over: str, how: str, side: Side, peer: Peer
    ) -> None:
        """Also when it is more than any buffer holds, and when it is wrong."""
        stop = peer.close(1000) if over == "close" else peer.frame(3)
        after = peer.text("late") * 2000 + peer.frame(3) + peer.close(1002)
        one = end(side)
        outcome = feed(one, [*cut(peer.text("a") + stop, how), *cut(after, how)])
        assert outcome.messages == ["a"]
        assert outcome.code == (None if over == "close" else 1002)
        assert one.next_event() is None
        assert feed(one, [peer.text("later")]).events == []

    @SIDES
    def test_a_violation_is_raised_once_and_kept(self, side: Side, peer: Peer) -> None:
        one = end(side)
        with pytest.raises(ProtocolError, match="reserved opcode 3") as caught:
            list(one.receive(peer.frame(3)))
        assert one.failed is caught.value
        assert one.next_event() is None

    @SIDES
    def test_control_frames_pass_between_fragments_of_a_full_message(
        self, side: Side, peer: Peer
    ) -> None:
        one = end(side, max_message_size=10)
        stream = peer.binary(b"a" * 10, fin=False) + peer.ping(b"p" * 125) + peer.last()
        assert feed(one, [stream]).events == [(PING, b"p" * 125), (BINARY, b"a" * 10)]

    @SIDES
    def test_a_control_frame_may_be_larger_than_the_small_buffer(
        self, side: Side, peer: Peer
    ) -> None:
        lender = CountingLender()
        for how in CUTS:
            one = end(side, small_size=20, lender=lender)
            stream = cut(peer.ping(b"p" * 125) + peer.close(1000, b"r" * 123), how)
            assert [opcode for opcode, _ in feed(one, stream).events] == [PING, CLOSE]
        assert lender.out == []


class TestCloseReceived:
    @SIDES
    @pytest.mark.parametrize(
        ("sent", "known"),
        [
            ((None, b""), (1005, "")),
            ((1000, b""), (1000, "")),
            ((4000, "Grüße".encode()), (4000, "Grüße")),
        ],
    )
    def test_is_known_and_echoed(
        self, sent: tuple[int | None, bytes], known: tuple[int, str], side: Side, peer: Peer
    ) -> None:
        one = end(side)
        outcome = feed(one, [peer.close(*sent)])
        assert one.close_received == known
        assert outcome.sent == me(side).close(sent[0])
        assert not one.writable
        assert (one.closed().code, one.closed().reason) == known

    @SIDES
    def test_is_not_echoed_twice(self, side: Side, peer: Peer) -> None:
        one = end(side)
        one.close(1001, "going")
        assert feed(one, [peer.close(1001)]).sent == b""
        assert one.close_sent == (1001, "going")
        assert one.closed().code == 1001

    @SIDES
    @pytest.mark.parametrize(
        ("payload", "code"), [(b"\x03", 1002), (b"\x03\xee", 1002), (b"\x03\xe8\xff", 1007)]
    )
    def test_must_be_right(self, payload: bytes, code: int, side: Side, peer: Peer) -> None:
        one = end(side)
        outcome = feed(one, [peer.frame(CLOSE, payload)])
        assert (outcome.code, outcome.events) == (code, [])
        assert one.close_received is None
        assert wire.frames(outcome.sent)[0].payload[:2] == code.to_bytes(2, "big")

    @SIDES
    def test_messages_still_arrive_after_our_own_close(self, side: Side, peer: Peer) -> None:
        one = end(side)
        one.close()
        outcome = feed(one, [peer.text("a") + peer.ping() + peer.close(1000)])
        assert [opcode for opcode, _ in outcome.events] == [TEXT, PING, CLOSE]
        assert outcome.sent == b""


class TestOutbound:
    @SIDES
    @pytest.mark.parametrize("size", [0, 5, 125, 126, 65535, 65536])
    def test_data(self, size: int, side: Side, peer: Peer) -> None:
        data = b"a" * size
        for kind in (bytes, bytearray, memoryview):
            assert end(side).data(Opcode.TEXT, kind(data)) == me(side).text(data)
            assert end(side).data(Opcode.BINARY, kind(data)) == me(side).binary(data)

    @SIDES
    def test_control(self, side: Side, peer: Peer) -> None:
        one = end(side)
        assert one.control(Opcode.PING, b"a" * 125) == me(side).ping(b"a" * 125)
        assert one.control(Opcode.PONG, b"") == me(side).pong()
        with pytest.raises(ValueError, match=r"^data: .*125 bytes, not 126$"):
            one.control(Opcode.PING, b"a" * 126)

    def test_a_client_needs_keys(self) -> None:
        with pytest.raises(ValueError, match=r"^next_key: "):
            Protocol(Side.CLIENT)

    def test_a_client_takes_a_new_key_for_each_frame(self) -> None:
        keys = iter([0x11223344, 0, 0xFFFFFFFF, 5])
        one = Protocol(Side.CLIENT, next_key=lambda: next(keys))
        sent = (
            one.data(1, b"abc") + one.control(9, b"p") + one.data(2, b"x" * 300) + one.close(1000)
        )
        found = wire.frames(sent)
        assert [frame.key for frame in found] == [
            b"\x44\x33\x22\x11",
            bytes(4),
            b"\xff" * 4,
            b"\x05\x00\x00\x00",
        ]
        assert [frame.payload for frame in found] == [b"abc", b"p", b"x" * 300, b"\x03\xe8"]

    def test_a_server_never_masks(self) -> None:
        one = Protocol(Side.SERVER, next_key=lambda: 5)
        assert one.data(1, b"abc") == SERVER.text("abc")
        assert one.close(1000) == SERVER.close(1000)

    def test_the_senders_data_stays_as_it_is(self) -> None:
        for size in (5, 500, 50000):
            data = bytearray(b"a" * size)
            client().data(Opcode.BINARY, data)
            assert data == b"a" * size


class TestFragments:
    @SIDES
    def test_go_out(self, side: Side, peer: Peer) -> None:
        one = end(side)
        sent = one.data(TEXT, b"a", fin=False)
        sent += one.control(PING, b"p")
        sent += one.data(CONTINUATION, b"", fin=False)
        sent += one.data(CONTINUATION, b"b")
        sent += one.data(BINARY, b"next")
        assert [(each.opcode, each.payload, each.fin) for each in wire.frames(sent)] == [
            (TEXT, b"a", False),
            (PING, b"p", True),
            (CONTINUATION, b"", False),
            (CONTINUATION, b"b", True),
            (BINARY, b"next", True),
        ]

    @SIDES
    @pytest.mark.parametrize("fin", [True, False])
    def test_must_be_in_order(self, fin: bool, side: Side, peer: Peer) -> None:
        one = end(side)
        with pytest.raises(ValueError, match=r"^opcode: .* TEXT or BINARY"):
            one.data(CONTINUATION, b"a", fin=fin)
        one.data(TEXT, b"a", fin=False)
        with pytest.raises(ValueError, match=r"^opcode: .* CONTINUATION"):
            one.data(TEXT, b"b", fin=fin)
        assert wire.frames(one.data(CONTINUATION, b"c"))[0].fin  # as if nothing had happened

    @SIDES
    def test_a_close_may_come_between(self, side: Side, peer: Peer) -> None:
        one = end(side)
        one.data(TEXT, b"a", fin=False)
        assert one.close(1001) == me(side).close(1001)
        with pytest.raises(ConnectionClosed):
            one.data(CONTINUATION, b"b")


class TestFramed:
    def test_a_ready_frame_goes_out_as_it_is(self) -> None:
        for frame in (frame_text("héllo"), frame_bin(b"a" * 70000)):
            assert server().framed(frame) == frame

    def test_not_from_a_client(self) -> None:
        with pytest.raises(ValueError, match=r"^frame: .*mask"):
            client().framed(frame_text("a"))

    def test_not_between_fragments(self) -> None:
        one = server()
        one.data(TEXT, b"a", fin=False)
        with pytest.raises(ValueError, match=r"^frame: .*unfinished"):
            one.framed(frame_text("a"))

    def test_not_after_a_close(self) -> None:
        one = server()
        one.close()
        with pytest.raises(ConnectionClosed):
            one.framed(frame_text("a"))


WAYS_TO_END: dict[str, Callable[[Protocol, Peer], object]] = {
    "we close": lambda one, peer: one.close(1001, "bye"),
    "the peer closes": lambda one, peer: feed(one, [peer.close(1001, b"bye")]),
    "the peer is wrong": lambda one, peer: feed(one, [peer.frame(3)]),
    "the transport is lost": lambda one, peer: one.lose(),
}


@SIDES
@pytest.mark.parametrize("way", WAYS_TO_END)
class TestNothingIsSentAfterTheEnd:
    def test_of_all_that_can_be_sent(self, way: str, side: Side, peer: Peer) -> None:
        one = end(side)
        WAYS_TO_END[way](one, peer)
        assert not one.writable
        ways_to_send: list[Callable[[], bytes]] = [
            lambda: one.data(TEXT, b"a"),
            lambda: one.data(TEXT, b"a", fin=False),
            lambda: one.control(PING, b""),
            lambda: one.control(PONG, b""),
            lambda: one.close(1000),
            lambda: one.close(None),
        ]
        for send in ways_to_send:
            with pytest.raises(ConnectionClosed):
                send()
        assert one.reply((PING, b"p")) == b""
        assert one.reply((CLOSE, b"\x03\xe8")) == b""
        assert one.fail(ProtocolError("late")) == b""

    def test_and_the_error_says_why(self, way: str, side: Side, peer: Peer) -> None:
        one = end(side)
        WAYS_TO_END[way](one, peer)
        assert (one.closed().code, one.closed().reason) == {
            "we close": (1001, "bye"),
            "the peer closes": (1001, "bye"),
            "the peer is wrong": (1002, "reserved opcode 3"),
            "the transport is lost": (1006, ""),
        }[way]


class TestClose:
    @SIDES
    def test_the_frame(self, side: Side, peer: Peer) -> None:
        assert end(side).close() == me(side).close(1000)
        assert end(side).close(4000, "é") == me(side).close(4000, "é".encode())
        one = end(side)
        assert one.close(None) == me(side).close()
        assert one.close_sent == (1005, "")

    @SIDES
    @pytest.mark.parametrize(("code", "reason"), [(1005, ""), (1000, "a" * 124), (None, "why")])
    def test_a_wrong_one_changes_nothing(
        self, code: int | None, reason: str, side: Side, peer: Peer
    ) -> None:
        one = end(side)
        with pytest.raises(ValueError, match=r"^(code|reason): "):
            one.close(code, reason)
        assert one.writable
        assert one.close_sent is None

    @SIDES
    @pytest.mark.parametrize("error", [ProtocolError, InvalidPayload, MessageTooBig])
    def test_a_failure_tells_the_peer_its_code(
        self, error: type[ProtocolError], side: Side, peer: Peer
    ) -> None:
        one = end(side)
        assert one.fail(error("why")) == me(side).close(error.close_code, b"why")
        assert one.fail(error("why")) == b""

    @SIDES
    def test_replies(self, side: Side, peer: Peer) -> None:
        one = end(side)
        assert one.reply((PING, b"p")) == me(side).pong(b"p")
        assert one.reply((PONG, b"p")) == b""
        assert one.reply((TEXT, "a")) == b""
        assert one.reply((BINARY, b"a")) == b""
        # A close frame that did not come from this connection's peer is not its to echo.
        assert one.reply((CLOSE, b"\x03\xe8")) == b""


def test_compression_bytes_are_those_of_the_compressor() -> None:
    assert server().compression_bytes == 0
    one = server(AGREED)
    assert one.compression_bytes == 0
    one.data(TEXT, b"a" * 100, compress=True)
    assert one.compression_bytes > 1 << 15
