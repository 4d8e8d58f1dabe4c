"""What every end must refuse, whichever side it is and wherever the bytes are cut (RFC 6455)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.protocol import wire
from tests.protocol.driving import SIDES, end, feed
from tests.protocol.wire import CLIENT, CLOSE, PING, SERVER, TEXT, Peer
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side

# Each with the close code that the peer is told.
REJECTS: dict[str, tuple[Callable[[Peer], bytes], int]] = {
    "empty text without FIN, then a text": (
        lambda peer: peer.text(fin=False) + peer.text("b"),
        1002,
    ),
    "text without FIN twice": (lambda peer: peer.text("a", fin=False) * 2, 1002),
    "binary inside a fragmented text": (
        lambda peer: peer.text("a", fin=False) + peer.binary(b"b"),
        1002,
    ),
    "length 3 in the 16-bit form": (lambda peer: peer.frame(TEXT, b"abc", form=16), 1002),
    "length 125 in the 16-bit form": (lambda peer: peer.frame(TEXT, b"a" * 125, form=16), 1002),
    "length 3 in the 64-bit form": (lambda peer: peer.frame(TEXT, b"abc", form=64), 1002),
    "length 65535 in the 64-bit form": (lambda peer: peer.frame(TEXT, size=65535, form=64), 1002),
    "length with the top bit set": (lambda peer: peer.frame(TEXT, size=1 << 63), 1002),
    "length of ones": (lambda peer: peer.frame(TEXT, size=(1 << 64) - 1), 1002),
    "length in the 64-bit form, too long": (
        lambda peer: peer.frame(TEXT, size=(1 << 63) - 1),
        1009,
    ),
    "length over the limit in the 16-bit form": (lambda peer: peer.frame(TEXT, size=1001), 1009),
    "masking of the other side": (lambda peer: other(peer).text("hi"), 1002),
    "masking of the other side, control": (lambda peer: other(peer).ping(), 1002),
    "masking of the other side, in mid-message": (
        lambda peer: peer.text("a", fin=False) + other(peer).last(b"b"),
        1002,
    ),
    "text that is not UTF-8": (lambda peer: peer.text(b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), 1007),
    "text that ends within a character": (lambda peer: peer.text("é".encode()[:1]), 1007),
    "fragmented text that ends within a character": (
        lambda peer: peer.text("é".encode()[:1], fin=False) + peer.last(),
        1007,
    ),
    "close of 1 byte": (lambda peer: peer.frame(CLOSE, b"\x03"), 1002),
    "close 1004": (lambda peer: peer.close(1004), 1002),
    "close 1005": (lambda peer: peer.close(1005), 1002),
    "close 1006": (lambda peer: peer.close(1006), 1002),
    "close 1015": (lambda peer: peer.close(1015), 1002),
    "close 1016": (lambda peer: peer.close(1016), 1002),
    "close 5000": (lambda peer: peer.close(5000), 1002),
    "close with a reason that is not UTF-8": (lambda peer: peer.close(1000, b"\xce"), 1007),
    "close of 126 bytes": (lambda peer: peer.close(1000, b"a" * 124), 1002),
    "close without FIN": (lambda peer: peer.frame(CLOSE, fin=False), 1002),
    "ping of 126 bytes": (lambda peer: peer.ping(b"a" * 126), 1002),
    "ping of 65536 bytes": (lambda peer: peer.frame(PING, size=65536), 1002),
    "ping without FIN": (lambda peer: peer.frame(PING, fin=False), 1002),
    "pong without FIN in mid-message": (
        lambda peer: peer.text("a", fin=False) + peer.frame(wire.PONG, fin=False),
        1002,
    ),
    "continuation of nothing": (lambda peer: peer.more(b"a"), 1002),
    "RSV1 on a continuation": (
        lambda peer: peer.text("a", fin=False) + peer.frame(0, b"b", rsv=4),
        1002,
    ),
    "RSV1 on a ping": (lambda peer: peer.frame(PING, rsv=4), 1002),
    "RSV1 on a close": (lambda peer: peer.frame(CLOSE, rsv=4), 1002),
    "RSV2": (lambda peer: peer.text("a", rsv=2), 1002),
    "RSV3": (lambda peer: peer.text("a", rsv=1), 1002),
    "RSV1 and RSV2": (lambda peer: peer.text("a", rsv=6), 1002),
}


def other(peer: Peer) -> Peer:
    """Return the end that masks where ``peer`` does not."""
    return CLIENT if peer is SERVER else SERVER


def splits(stream: bytes) -> list[list[bytes]]:
    """Cut ``stream`` in two at every point, in single bytes, and not at all."""
    pairs = [[stream[:at], stream[at:]] for at in range(1, len(stream))]
    return [[stream], wire.bytewise(stream), *pairs]


@SIDES
@pytest.mark.parametrize("deflate", [None, DeflateParameters()], ids=["plain", "deflate"])
@pytest.mark.parametrize("name", REJECTS)
def test_is_rejected_wherever_it_is_cut(
    name: str, deflate: DeflateParameters | None, side: Side, peer: Peer
) -> None:
    make, code = REJECTS[name]
    for pieces in splits(make(peer)):
        one = end(side, max_message_size=1000, deflate=deflate)
        outcome = feed(one, pieces)
        assert (outcome.code, outcome.events) == (code, [])
        (told,) = wire.frames(outcome.sent)
        assert (told.opcode, told.payload[:2]) == (CLOSE, code.to_bytes(2, "big"))
        assert len(told.payload) <= 125


@SIDES
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes_are_rejected(opcode: int, side: Side, peer: Peer) -> None:
    for stream in (peer.frame(opcode), peer.text(fin=False) + peer.frame(opcode, fin=False)):
        for pieces in splits(stream):
            assert feed(end(side, deflate=DeflateParameters()), pieces).code == 1002


@SIDES
@pytest.mark.parametrize("fragments", [1, 2, 3])
def test_fin_ends_a_message(fragments: int, side: Side, peer: Peer) -> None:
    first = peer.text("a", fin=fragments == 1)
    rest = b"".join(peer.more(fin=number == fragments) for number in range(2, fragments + 1))
    for pieces in splits(first + rest + peer.last(b"b")):
        outcome = feed(end(side), pieces)
        assert (outcome.code, outcome.events) == (1002, [(TEXT, "a")])


@SIDES
@pytest.mark.parametrize("name", ["RSV1 on a text", "RSV1 on a first fragment"])
def test_rsv1_means_nothing_without_deflate(name: str, side: Side, peer: Peer) -> None:
    stream = peer.text("a", rsv=4, fin=name == "RSV1 on a text")
    for pieces in splits(stream):
        assert feed(end(side), pieces).code == 1002
