"""Messages out of frames: fragments, UTF-8 at the first bad byte, limits, inflation."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import utf8, wire
from tests.protocol.driving import CUTS, SIDES, cut, end, feed, server
from tests.protocol.wire import BINARY, CLIENT, PING, TEXT, Peer, deflated
from wskit.errors import InvalidPayload, MessageTooBig
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.messages import Utf8Validator
from wskit.protocol.opcodes import Side

AGREED = DeflateParameters()
BAD = pytest.mark.parametrize("bad", utf8.INVALID.values(), ids=utf8.INVALID)
# Bytes that hit all the borders of the grammar.
edges = st.lists(
    st.one_of(
        st.sampled_from([*utf8.VALID.values(), *utf8.INVALID.values()]),
        st.sampled_from([bytes([byte]) for byte in (0, 0x7F, 0x80, 0xBF, 0xC1, 0xE0, 0xF4, 0xFF)]),
        st.text(max_size=4).map(str.encode),
    ),
    max_size=6,
).map(b"".join)


def judged(pieces: list[bytes]) -> int | None:
    """Return how many pieces a validator takes before it refuses one; None if it takes all."""
    validator = Utf8Validator()
    for number, piece in enumerate(pieces):
        try:
            validator.feed(piece)
        except InvalidPayload:
            return number
    return None


class TestUtf8Validator:
    def test_every_sequence_of_three_bytes(self) -> None:
        """Two bytes decide nearly everything, three everything: compare with the grammar."""
        seconds = [0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
        for first in range(256):
            for second in seconds:
                for third in (0x41, 0x7F, 0x80, 0xBF, 0xC0):
                    data = bytes([first, second, third])
                    assert judged(wire.bytewise(data)) == utf8.first_bad(data)

    @given(edges)
    def test_fails_at_the_first_bad_byte(self, data: bytes) -> None:
        assert judged(wire.bytewise(data)) == utf8.first_bad(data)

    @given(edges, st.integers(0, 2**32))
    def test_the_cuts_do_not_matter(self, data: bytes, seed: int) -> None:
        pieces = wire.shredded(data, random.Random(seed))
        bad, refused = utf8.first_bad(data), judged(pieces)
        if refused is None:
            assert bad is None
        else:
            start = sum(map(len, pieces[:refused]))
            assert bad is not None
            assert start <= bad < start + len(pieces[refused])

    @given(edges)
    def test_the_end_must_not_cut_a_character(self, data: bytes) -> None:
        try:
            data.decode()
        except UnicodeDecodeError:
            with pytest.raises(InvalidPayload):
                Utf8Validator().feed(data, True)
        else:
            Utf8Validator().feed(data, True)


class TestTextFailsAtTheFirstBadByte:
    """Autobahn 6.2 to 6.23, each with text before it, so that the bad byte comes late."""

    def check(self, stream: bytes, start: int, bad: bytes, side: Side) -> None:
        """``stream`` holds "ok" and then ``bad`` from byte ``start`` on, one after the other."""
        at = utf8.first_bad(bad)
        assert at is not None
        one = end(side)
        assert feed(one, wire.bytewise(stream[: start + at])).code is None
        assert feed(one, [stream[start + at : start + at + 1]]).code == 1007

    @SIDES
    @BAD
    def test_inside_an_unfinished_frame(self, bad: bytes, side: Side, peer: Peer) -> None:
        stream = peer.text(b"ok" + bad + b" more to come" * 5)
        self.check(stream, len(stream) - len(bad) - 65, bad, side)

    @SIDES
    @BAD
    def test_inside_an_unfinished_frame_in_a_loan(self, bad: bytes, side: Side, peer: Peer) -> None:
        stream = peer.text(b"ok" + bad + b"a" * 3000)
        self.check(stream, len(stream) - len(bad) - 3000, bad, side)

    @SIDES
    @BAD
    def test_in_a_fragment(self, bad: bytes, side: Side, peer: Peer) -> None:
        at = utf8.first_bad(bad)
        assert at is not None
        one = end(side)
        stream = peer.text(b"ok", fin=False) + b"".join(map(peer.more, wire.bytewise(bad[:at])))
        assert feed(one, [stream]).code is None
        assert feed(one, [peer.more(bad[at : at + 1])]).code == 1007

    @SIDES
    @BAD
    def test_in_a_whole_frame(self, bad: bytes, side: Side, peer: Peer) -> None:
        stream = peer.text(b"before") + peer.text(b"ok" + bad)
        for how in CUTS:
            outcome = feed(end(side), cut(stream, how))
            assert (outcome.code, outcome.messages) == (1007, ["before"])

    @SIDES
    @BAD
    def test_in_a_compressed_unfinished_frame(self, bad: bytes, side: Side, peer: Peer) -> None:
        """On every prefix: it fails exactly when what inflates so far is bad already."""
        (payload,) = deflated(b"ok" + bad + random.Random(7).randbytes(30))
        stream = peer.text(payload, rsv=4)
        head = len(stream) - len(payload)
        one, decoder, plain = end(side, deflate=AGREED), zlib.decompressobj(-15), b""
        failed = feed(one, [stream[:head]]).code
        for at, byte in enumerate(wire.bytewise(payload)):
            assert failed is None
            plain += decoder.decompress(byte)
            failed = feed(one, [stream[head + at : head + at + 1]]).code
            if utf8.first_bad(plain) is not None:
                break
        assert failed == 1007

    @SIDES
    @BAD
    def test_in_a_compressed_fragment(self, bad: bytes, side: Side, peer: Peer) -> None:
        at = utf8.first_bad(bad)
        assert at is not None
        first, second, third, _ = deflated(b"ok", bad[:at], bad[at : at + 1], b"more")
        one = end(side, deflate=AGREED)
        assert feed(one, [peer.text(first, fin=False, rsv=4) + peer.more(second)]).code is None
        assert feed(one, [peer.more(third)]).code == 1007

    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    def test_at_the_end_within_a_character(self, how: str, side: Side, peer: Peer) -> None:
        half = "€".encode()[:2]
        (small,) = deflated(half)
        for stream in (
            peer.text(half),
            peer.text(half, fin=False) + peer.last(),
            peer.text(small, rsv=4),
        ):
            outcome = feed(end(side, deflate=AGREED), cut(stream, how))
            assert (outcome.code, outcome.events) == (1007, [])

    @SIDES
    def test_binary_is_not_judged(self, side: Side, peer: Peer) -> None:
        bad = b"\xff" * 5000
        streams = [peer.binary(bad), peer.binary(bad, fin=False) + peer.last(bad)]
        for stream in [*streams, peer.binary(*deflated(bad), rsv=4)]:
            assert feed(end(side, deflate=AGREED), cut(stream, "bytewise")).code is None


class TestFragments:
    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    def test_join(self, how: str, side: Side, peer: Peer) -> None:
        stream = peer.text("Grü".encode()[:3], fin=False) + peer.ping(b"1")
        stream += peer.more("Grüße".encode()[3:6]) + peer.ping(b"2") + peer.last(b"e")
        stream += peer.binary(b"\xff", fin=False) + peer.last(b"\xfe")
        assert feed(end(side), cut(stream, how)).events == [
            (PING, b"1"),
            (PING, b"2"),
            (TEXT, "Grüße"),
            (BINARY, b"\xff\xfe"),
        ]

    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    def test_may_be_empty(self, how: str, side: Side, peer: Peer) -> None:
        stream = (peer.text(fin=False) + peer.more() + peer.last()) * 2
        assert feed(end(side), cut(stream, how)).events == [(TEXT, ""), (TEXT, "")]

    @SIDES
    @pytest.mark.parametrize("payload", [b"", b"a"])
    def test_are_counted_even_if_empty(self, payload: bytes, side: Side, peer: Peer) -> None:
        start = peer.binary(payload, fin=False) + peer.more(payload) * 8
        good, bad = start + peer.last(payload), start + peer.more(payload) + peer.last(payload)
        assert feed(end(side, max_fragments=10), [good, good]).events == [
            (BINARY, payload * 10),
            (BINARY, payload * 10),
        ]
        assert feed(end(side, max_fragments=10), [good + bad]).code == 1009
        assert feed(end(side, max_fragments=10), [start + peer.more() * 2]).code == 1009

    def test_compressed_ones_are_counted(self) -> None:
        first, *rest = deflated(*[b"a"] * 12)
        stream = CLIENT.text(first, fin=False, rsv=4) + b"".join(map(CLIENT.more, rest))
        one = end(Side.SERVER, max_fragments=10, deflate=AGREED)
        assert feed(one, [stream]).code == 1009

    def test_a_whole_message_is_one_fragment(self) -> None:
        assert feed(end(Side.SERVER, max_fragments=1), [CLIENT.text("a") * 3]).code is None
        assert feed(end(Side.SERVER, max_fragments=1), wire.bytewise(CLIENT.text("a"))).code is None


class TestSizeLimit:
    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    @pytest.mark.parametrize("limit", [0, 1, 1000, 5000])
    def test_is_exact(self, limit: int, how: str, side: Side, peer: Peer) -> None:
        data = b"a" * limit
        whole, more = peer.binary(data), peer.binary(data + b"a")
        assert feed(end(side, max_message_size=limit), cut(whole * 2, how)).messages == [data] * 2
        assert feed(end(side, max_message_size=limit), cut(whole + more, how)).code == 1009

    @SIDES
    def test_of_fragments_is_decided_from_the_header(self, side: Side, peer: Peer) -> None:
        start = peer.binary(b"a" * 500, fin=False) + peer.more() + peer.ping(b"p" * 125)
        one = end(side, max_message_size=1000)
        assert feed(one, [start + peer.frame(0, size=500, fin=True)]).code is None
        assert feed(one, [b"\x00" * 500]).messages
        assert feed(one, [start]).code is None  # the room is new with each message
        assert feed(one, [peer.frame(0, size=501)]).code == 1009

    @SIDES
    def test_of_inflated_data_is_exact(self, side: Side, peer: Peer) -> None:
        for size, code in ((1000, None), (1001, 1009)):
            noise = random.Random(size).randbytes(size)
            for data in (noise, b"a" * size):
                for pieces in ([data], [data[:1], data[1:]], [data, b""], [data[:-1], data[-1:]]):
                    first, *rest = deflated(*pieces)
                    stream = peer.binary(first, rsv=4, fin=not rest)
                    stream += b"".join(map(peer.last, rest))
                    for how in CUTS:
                        one = end(side, max_message_size=1000, deflate=AGREED)
                        assert feed(one, cut(stream, how)).code == code

    @SIDES
    def test_stops_a_bomb_while_it_inflates(self, side: Side, peer: Peer) -> None:
        """16 MiB of zeros in 16 KiB: refused by the bytes that are needed for the limit."""
        (bomb,) = deflated(bytes(1 << 24))
        stream = peer.binary(bomb, rsv=4)
        one = end(side, max_message_size=1 << 20, deflate=AGREED)
        taken = 0
        for piece in (stream[at : at + 64] for at in range(0, len(stream), 64)):
            taken += len(piece)
            if feed(one, [piece]).code == 1009:
                break
        assert taken < len(stream) / 14

    @pytest.mark.parametrize("text", [b"\xff" + b"a" * 2000, b"a" * 999 + b"\xff" + b"a" * 50])
    @SIDES
    def test_bad_text_before_the_limit_comes_first(
        self, text: bytes, side: Side, peer: Peer
    ) -> None:
        """It does not matter that one piece may hold both faults."""
        (small,) = deflated(text)
        for how in CUTS:
            one = end(side, max_message_size=1000, deflate=AGREED)
            assert feed(one, cut(peer.text(small, rsv=4), how)).code == 1007

    def test_is_of_the_message_not_of_the_connection(self) -> None:
        one = end(Side.SERVER, max_message_size=100, deflate=AGREED)
        (small,) = deflated(b"a" * 100)
        stream = CLIENT.text(b"a" * 100) + CLIENT.text(small, rsv=4)
        stream += CLIENT.text(b"a" * 99, fin=False) + CLIENT.last(b"a")
        assert feed(one, [stream] * 5).messages == ["a" * 100] * 15


class TestCompressed:
    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    def test_messages_share_a_window(self, how: str, side: Side, peer: Peer) -> None:
        compressor = zlib.compressobj(wbits=-15)
        stream, sizes = b"", []
        for _ in range(3):
            data = compressor.compress(random.Random(1).randbytes(500))
            data += compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]
            sizes.append(len(data))
            stream += peer.binary(data, rsv=4) + peer.text("plain")
        outcome = feed(end(side, deflate=AGREED), cut(stream, how))
        assert outcome.messages == [random.Random(1).randbytes(500), "plain"] * 3
        assert sizes[2] < 50 < sizes[0]

    @SIDES
    def test_without_takeover_the_window_is_empty(self, side: Side, peer: Peer) -> None:
        fresh = DeflateParameters(True, True)
        compressor = zlib.compressobj(wbits=-15)
        data = random.Random(1).randbytes(500)
        first = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]
        second = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]
        one = end(side, deflate=fresh)
        assert feed(one, [peer.binary(first, rsv=4)] * 2).messages == [data] * 2
        assert feed(one, [peer.binary(second, rsv=4)]).code == 1007

    @SIDES
    @pytest.mark.parametrize("how", CUTS)
    def test_data_that_does_not_inflate_is_1007(self, how: str, side: Side, peer: Peer) -> None:
        stream = peer.text("before") + peer.binary(b"\xff\xff\xff\xff", rsv=4)
        outcome = feed(end(side, deflate=AGREED), cut(stream, how))
        assert (outcome.code, outcome.messages) == (1007, ["before"])

    @pytest.mark.parametrize(
        ("agreed", "code"),
        [
            (DeflateParameters(), None),
            (DeflateParameters(server_max_window_bits=9), None),
            (DeflateParameters(server_no_context_takeover=True), None),
            (DeflateParameters(client_max_window_bits=9), 1007),
            (DeflateParameters(client_no_context_takeover=True), 1007),
        ],
    )
    def test_a_server_inflates_as_the_client_deflates(
        self, agreed: DeflateParameters, code: int | None
    ) -> None:
        """The second message refers to what is 600 bytes before it."""
        data = random.Random(2).randbytes(600)
        compressor = zlib.compressobj(wbits=-15)
        stream = b"".join(
            CLIENT.binary(
                compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4], rsv=4
            )
            for _ in range(2)
        )
        assert feed(server(agreed), [stream]).code == code


def test_a_bomb_in_one_frame_is_too_big() -> None:
    (bomb,) = deflated(bytes(5000))
    one = end(Side.SERVER, max_message_size=1000, deflate=AGREED)
    outcome = feed(one, [CLIENT.binary(bomb, rsv=4)])
    assert isinstance(outcome.error, MessageTooBig)
    assert wire.frames(outcome.sent)[0].payload[:2] == (1009).to_bytes(2, "big")
