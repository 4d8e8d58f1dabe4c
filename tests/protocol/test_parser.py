"""FrameParser: headers judged before payloads, the small buffer and the loans (RFC 6455 §5.2)."""

from __future__ import annotations

import pytest

from tests.protocol import wire
from tests.protocol.driving import SIDES, CountingLender
from tests.protocol.wire import BINARY, CLIENT, CLOSE, CONTINUATION, PING, SERVER, TEXT, Frame, Peer
from wskit.errors import MessageTooBig, ProtocolError
from wskit.protocol.opcodes import Side
from wskit.protocol.parser import FrameParser, Unpooled

MIB = 1 << 20


def parser(
    side: Side = Side.SERVER,
    *,
    room: int = MIB,
    deflate: bool = False,
    small: int = 64,
    lender: CountingLender | None = None,
) -> FrameParser:
    return FrameParser(side, room=room, deflate=deflate, small=small, lender=lender or Unpooled())


def put(one: FrameParser, data: bytes) -> int:
    """Write what fits into the parser's target and return how much that was."""
    target = one.target()
    size = min(len(target), len(data))
    assert size, "a target is never empty"
    target[:size] = data[:size]
    one.received(size)
    return size


def parse(one: FrameParser, stream: bytes, step: int = MIB) -> list[Frame]:
    """Feed ``stream``, at most ``step`` bytes a read, and take every frame."""
    found = []
    while stream:
        stream = stream[put(one, stream[:step]) :]
        while one.next():
            first = one.first
            found.append(Frame(first & 15, bytes(one.payload), first >= 128, first >> 4 & 7))
            assert one.size == len(one.payload)
            one.release()
    return found


def legal(first: int, *, open_message: bool, deflate: bool) -> bool:
    """Judge a first byte by the sentences of §5.2, §5.4, §5.5 and RFC 7692 §6.1."""
    fin, rsv, opcode = first >> 7, first >> 4 & 7, first & 15
    if opcode in (CLOSE, PING, wire.PONG):
        return fin == 1 and rsv == 0
    if opcode == CONTINUATION:
        return open_message and rsv == 0
    if opcode in (TEXT, BINARY):
        return not open_message and (rsv == 0 or (rsv == 4 and deflate))
    return False


@SIDES
@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("open_message", [False, True], ids=["between", "within"])
def test_the_first_byte_is_judged_alone(
    open_message: bool, deflate: bool, side: Side, peer: Peer
) -> None:
    for first in range(256):
        one = parser(side, deflate=deflate)
        if open_message:
            assert parse(one, peer.text("a", fin=False))
        put(one, bytes([first]))
        if legal(first, open_message=open_message, deflate=deflate):
            assert not one.next()
        else:
            with pytest.raises(ProtocolError) as caught:
                one.next()
            assert caught.value.close_code == 1002


@pytest.mark.parametrize(
    ("first", "open_message", "deflate", "message"),
    [
        (0x83, False, False, "reserved opcode 3"),
        (0xFF, True, True, "reserved opcode 15"),
        (0xC1, False, False, "reserved bits must be 0"),
        (0xC0, True, True, "reserved bits must be 0"),
        (0xC9, False, True, "reserved bits must be 0"),
        (0xA1, False, True, "reserved bits must be 0"),
        (0x09, False, False, "control frame in fragments"),
        (0x00, False, False, "continuation of nothing"),
        (0x81, True, False, "new message inside an unfinished one"),
        (0xC2, True, True, "new message inside an unfinished one"),
    ],
)
def test_the_error_says_which_rule(
    first: int, open_message: bool, deflate: bool, message: str
) -> None:
    one = parser(deflate=deflate)
    if open_message:
        parse(one, CLIENT.text(fin=False))
    put(one, bytes([first]))
    with pytest.raises(ProtocolError, match=f"^{message}$"):
        one.next()


@pytest.mark.parametrize("stream", [CLIENT.text(), CLIENT.ping(b"p"), CLIENT.binary(b"a" * 300)])
def test_the_second_byte_shows_the_masking(stream: bytes) -> None:
    one = parser(Side.CLIENT)
    put(one, stream[:2])
    with pytest.raises(ProtocolError, match="must be unmasked"):
        one.next()
    one = parser(Side.SERVER)
    put(one, bytes([stream[0], stream[1] & 0x7F]))
    with pytest.raises(ProtocolError, match="must be masked"):
        one.next()


@SIDES
@pytest.mark.parametrize("form", [16, 64])
def test_a_long_control_frame_is_refused_at_its_second_byte(
    form: int, side: Side, peer: Peer
) -> None:
    one = parser(side)
    put(one, peer.frame(PING, form=form)[:2])
    with pytest.raises(ProtocolError, match="more than 125"):
        one.next()


class TestLengths:
    @SIDES
    @pytest.mark.parametrize(
        ("size", "form"), [(0, 16), (125, 16), (0, 64), (125, 64), (126, 64), (65535, 64)]
    )
    def test_must_be_minimal(self, size: int, form: int, side: Side, peer: Peer) -> None:
        one = parser(side)
        put(one, peer.frame(TEXT, size=size, form=form)[: 2 + form // 8])
        with pytest.raises(ProtocolError, match="shortest"):
            one.next()

    @SIDES
    @pytest.mark.parametrize("size", [1 << 63, (1 << 63) + 5, (1 << 64) - 1])
    def test_must_not_have_the_top_bit(self, size: int, side: Side, peer: Peer) -> None:
        one = parser(side, room=1 << 64)
        put(one, peer.frame(TEXT, size=size)[:10])
        with pytest.raises(ProtocolError, match="top bit") as caught:
            one.next()
        assert caught.value.close_code == 1002

    @SIDES
    @pytest.mark.parametrize("size", [101, 126, 1000, 65536, (1 << 63) - 1])
    def test_over_the_room_are_refused_before_the_key(
        self, size: int, side: Side, peer: Peer
    ) -> None:
        one = parser(side, room=100)
        head = peer.frame(BINARY, size=size)
        put(one, head[:-4] if peer is CLIENT else head)
        with pytest.raises(MessageTooBig) as caught:
            one.next()
        assert caught.value.close_code == 1009

    @SIDES
    def test_the_room_does_not_bind_control_frames(self, side: Side, peer: Peer) -> None:
        assert parse(parser(side, room=0), peer.ping(b"p" * 125)) == [Frame(PING, b"p" * 125)]

    def test_compressed_first_frames_get_some_slack(self) -> None:
        one = parser(room=8000, deflate=True)
        put(one, CLIENT.frame(TEXT, size=10024, rsv=4))
        assert not one.next()
        one = parser(room=8000, deflate=True)
        put(one, CLIENT.frame(TEXT, size=10025, rsv=4))
        with pytest.raises(MessageTooBig):
            one.next()
        one = parser(room=8000, deflate=True)
        put(one, CLIENT.frame(TEXT, size=8001))
        with pytest.raises(MessageTooBig):
            one.next()


STREAM = [
    Frame(TEXT, b"hi"),
    Frame(BINARY, b""),
    Frame(TEXT, b"a" * 50, fin=False),
    Frame(PING, b"p" * 125),
    Frame(CONTINUATION, b"b" * 300, fin=False),
    Frame(CONTINUATION, b"c" * 63),
    Frame(BINARY, bytes(range(256)) * 20),
    Frame(CLOSE, b"\x03\xe8"),
]


@SIDES
@pytest.mark.parametrize("small", [14, 15, 63, 64, 65, 2048])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1000, MIB])
def test_frames_come_out_however_they_come_in(
    step: int, small: int, side: Side, peer: Peer
) -> None:
    stream = b"".join(peer.frame(each.opcode, each.payload, fin=each.fin) for each in STREAM)
    lender = CountingLender()
    one = parser(side, small=small, lender=lender)
    assert parse(one, stream, step) == STREAM
    assert lender.out == []
    assert one.idle
    assert not one.pending
    assert one.masked == (side is Side.SERVER)


def test_a_header_needs_a_place() -> None:
    with pytest.raises(ValueError, match=r"^small_size: must be at least 14, not 13$"):
        parser(small=13)


class TestBuffers:
    def test_there_is_none_before_the_first_byte(self) -> None:
        one = parser()
        assert one.buffer is None
        assert not one.next()
        assert len(one.target()) == 64

    def test_a_frame_that_fits_is_not_borrowed_for(self) -> None:
        lender = CountingLender()
        one = parser(lender=lender)
        # 40 bytes of another frame precede it, so it must move to the front to fit.
        stream = CLIENT.binary(b"a" * 34) + CLIENT.binary(b"b" * 64)
        for step in (1, 5, MIB):
            assert [frame.payload for frame in parse(one, stream, step)] == [b"a" * 34, b"b" * 64]
        assert lender.loans == []

    def test_a_loan_takes_this_frame_only(self) -> None:
        one = parser(small=20, lender=CountingLender())
        put(one, CLIENT.binary(b"a" * 30)[:20])
        assert not one.next()
        assert len(one.target()) == 16
        put(one, CLIENT.binary(b"a" * 30)[20:] + CLIENT.text("next"))
        assert one.next()
        assert bytes(one.payload) == b"a" * 30
        assert not one.pending

    def test_a_loan_grows_by_four_and_ends_at_the_size(self) -> None:
        lender = CountingLender()
        one = parser(small=64, lender=lender)
        parse(one, CLIENT.binary(b"a" * 5000), 64)
        # 56 bytes came with the header; then 4 * 56 + 64, then four times as much, then the rest.
        assert lender.loans == [288, 1152, 4608, 5000]
        assert lender.out == []

    def test_while_a_loan_fills_the_small_buffer_is_free(self) -> None:
        one = parser(small=20, lender=CountingLender())
        put(one, CLIENT.binary(b"a" * 30)[:20])
        assert not one.idle
        assert not one.next()
        assert one.idle
        one.buffer = None  # as an engine with a pool takes it back
        put(one, CLIENT.binary(b"a" * 30)[20:])
        assert one.next()
        assert bytes(one.payload) == b"a" * 30

    def test_is_not_idle_while_something_unfinished_is_in_the_small_buffer(self) -> None:
        one = parser()
        for byte in wire.bytewise(CLIENT.text("hi")[:-1]):
            put(one, byte)
            assert not one.next()
            assert not one.idle

    def test_the_lender_may_give_more_than_was_asked_for(self) -> None:
        class Generous(CountingLender):
            def lend(self, size: int) -> bytearray:
                return super().lend(size + 1000)

        lender = Generous()
        one = parser(small=14, lender=lender)
        stream = CLIENT.binary(b"a" * 3000) + CLIENT.text("next")
        assert [frame.payload for frame in parse(one, stream, 100)] == [b"a" * 3000, b"next"]
        assert lender.out == []

    def test_a_lender_may_refuse(self) -> None:
        class Broke(CountingLender):
            def lend(self, size: int) -> bytearray:
                if size > 300:
                    raise MessageTooBig("no")
                return super().lend(size)

        lender = Broke()
        one = parser(small=64, lender=lender)
        with pytest.raises(MessageTooBig, match=r"^no$"):
            parse(one, CLIENT.binary(b"a" * 5000), 64)
        assert lender.loans == [288]
        one.abandon()
        assert lender.out == []

    @pytest.mark.parametrize("sent", [10, 100, 600])
    def test_abandon_gives_everything_back(self, sent: int) -> None:
        lender = CountingLender()
        one = parser(lender=lender)
        parse(one, CLIENT.binary(b"a" * 1000)[:sent])
        one.abandon()
        assert lender.out == []
        assert one.buffer is None
        assert one.idle
        assert not one.next()
        one.abandon()

    def test_a_released_payload_cannot_be_read(self) -> None:
        one = parser(lender=CountingLender())
        put(one, CLIENT.binary(b"a" * 100)[:64])
        assert not one.next()
        put(one, CLIENT.binary(b"a" * 100)[64:])
        assert one.next()
        payload = one.payload
        one.release()
        assert one.payload == b""
        with pytest.raises(ValueError, match="released"):
            bytes(payload)

    def test_an_owned_payload_outlives_what_comes_next(self) -> None:
        one = parser()
        put(one, CLIENT.text("first") + CLIENT.text("other"))
        assert one.next()
        payload = one.payload
        assert one.next()
        assert payload == b"first"


class TestUnseen:
    @SIDES
    @pytest.mark.parametrize("size", [5, 60, 64, 500, 3000])
    @pytest.mark.parametrize("step", [1, 7, 64, 300])
    def test_shows_each_byte_once(self, step: int, size: int, side: Side, peer: Peer) -> None:
        payload = bytes(at % 251 for at in range(size))
        stream, shown = peer.binary(payload), b""
        one = parser(side)
        while stream:
            stream = stream[put(one, stream[:step]) :]
            if one.next() or one.in_body:
                shown += one.unseen()
        assert shown == payload
        one.release()

    def test_shows_a_frame_that_came_whole(self) -> None:
        one = parser()
        put(one, CLIENT.text("one") + CLIENT.text("two"))
        for expected in (b"one", b"two"):
            assert one.next()
            assert one.unseen() == expected

    def test_shows_the_bytes_unmasked_and_owned(self) -> None:
        one = parser()
        put(one, CLIENT.text("hello")[:-2])
        assert not one.next()
        shown = one.unseen()
        put(one, CLIENT.text("hello")[-2:])
        assert one.next()
        assert (shown, one.unseen()) == (b"hel", b"lo")


@SIDES
def test_an_unfinished_header_is_awaited(side: Side, peer: Peer) -> None:
    for size in (0, 200, 70000):
        head = peer.frame(BINARY, size=size)
        for at in range(len(head)):
            one = parser(side)
            for byte in wire.bytewise(head[:at]):
                put(one, byte)
                assert not one.next()
                assert not one.in_body


def test_frames_in_one_read_need_one_target() -> None:
    one = parser(Side.CLIENT)
    put(one, SERVER.text("a") + SERVER.ping() + SERVER.text("b"))
    seen = []
    while one.next():
        seen.append((one.first, one.payload))
    assert seen == [(0x81, b"a"), (0x89, b""), (0x81, b"b")]
    assert one.idle
