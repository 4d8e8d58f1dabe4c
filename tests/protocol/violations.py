"""Frames that break one rule of RFC 6455 each, with the close code that each one earns."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

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
    deflated,
)

__all__ = ["VIOLATIONS", "State", "Violation"]


class State(Enum):
    """Where in a message the violation comes; the values are the opcode that data has there."""

    BETWEEN = BINARY
    INSIDE = CONTINUATION


@dataclass(frozen=True)
class Violation:
    """``make(peer, opcode)`` gives the bytes; ``state`` None means anywhere."""

    make: Callable[[Peer, int], bytes]
    code: int = 1002
    state: State | None = None
    deflate: bool | None = None  # only where it was agreed, or was not; None: anyhow
    fresh: bool = False  # only where it was agreed that each message starts with a new window


def _other(peer: Peer) -> Peer:
    return CLIENT if peer is SERVER else SERVER


def _needs_the_last(peer: Peer, _: int) -> bytes:
    """Make two messages of which the second refers to the first."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -9)
    data = bytes(range(64))
    flushed = [compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH) for _ in range(2)]
    return b"".join(peer.binary(each[:-4], rsv=4) for each in flushed)


def _bad_close(code: int) -> Violation:
    return Violation(lambda peer, _: peer.close(code))


VIOLATIONS: dict[str, Violation] = {
    "reserved opcode 3": Violation(lambda peer, _: peer.frame(3)),
    "reserved opcode 7": Violation(lambda peer, _: peer.frame(7, b"data")),
    "reserved opcode 11": Violation(lambda peer, _: peer.frame(11)),
    "reserved opcode 15": Violation(lambda peer, _: peer.frame(15)),
    "RSV1 on data": Violation(
        lambda peer, _: peer.text(b"a", rsv=4), state=State.BETWEEN, deflate=False
    ),
    "RSV1 on a continuation": Violation(lambda peer, _: peer.frame(0, b"a", rsv=4)),
    "RSV1 on a ping": Violation(lambda peer, _: peer.frame(PING, rsv=4)),
    "RSV2": Violation(lambda peer, opcode: peer.frame(opcode, rsv=2)),
    "RSV2 on a ping": Violation(lambda peer, _: peer.frame(PING, rsv=2)),
    "RSV2 beside RSV1": Violation(lambda peer, opcode: peer.frame(opcode, rsv=6)),
    "RSV3": Violation(lambda peer, opcode: peer.frame(opcode, rsv=1)),
    "wrong masking": Violation(lambda peer, opcode: _other(peer).frame(opcode, b"a")),
    "wrong masking of a ping": Violation(lambda peer, _: _other(peer).ping()),
    "wrong masking of a close": Violation(lambda peer, _: _other(peer).close(1000)),
    "ping of 126 bytes": Violation(lambda peer, _: peer.ping(bytes(126))),
    "pong of 126 bytes": Violation(lambda peer, _: peer.pong(bytes(126))),
    "close of 126 bytes": Violation(lambda peer, _: peer.close(1000, b"a" * 124)),
    "ping in a long form": Violation(lambda peer, _: peer.frame(PING, b"a", form=16)),
    "ping without FIN": Violation(lambda peer, _: peer.frame(PING, fin=False)),
    "pong without FIN": Violation(lambda peer, _: peer.frame(PONG, fin=False)),
    "close without FIN": Violation(lambda peer, _: peer.frame(CLOSE, fin=False)),
    "close of 1 byte": Violation(lambda peer, _: peer.frame(CLOSE, b"\x03")),
    **{f"close {code}": _bad_close(code) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)},
    "close with bad text": Violation(lambda peer, _: peer.close(1000, b"\xce"), 1007),
    "length 0 in the 16-bit form": Violation(lambda peer, op: peer.frame(op, form=16)),
    "length 125 in the 16-bit form": Violation(
        lambda peer, op: peer.frame(op, bytes(125), form=16)
    ),
    "length 126 in the 64-bit form": Violation(
        lambda peer, op: peer.frame(op, bytes(126), form=64)
    ),
    "length 65535 in the 64-bit form": Violation(
        lambda peer, op: peer.frame(op, size=65535, form=64)
    ),
    "length with the top bit set": Violation(lambda peer, op: peer.frame(op, size=1 << 63)),
    "length beyond every limit": Violation(
        lambda peer, op: peer.frame(op, size=(1 << 63) - 1), 1009
    ),
    "continuation of nothing": Violation(
        lambda peer, _: peer.more(b"a", fin=True), state=State.BETWEEN
    ),
    "message inside a message": Violation(lambda peer, _: peer.text(b"a"), state=State.INSIDE),
    "binary inside a message": Violation(
        lambda peer, _: peer.binary(b"a", fin=False), state=State.INSIDE
    ),
    "text with a surrogate": Violation(
        lambda peer, _: peer.text(b"ok \xed\xa0\x80"), 1007, State.BETWEEN
    ),
    "text cut in a character": Violation(lambda peer, _: peer.text(b"\xc3"), 1007, State.BETWEEN),
    "fragments cut in a character": Violation(
        lambda peer, _: peer.text(b"\xc3", fin=False) + peer.last(), 1007, State.BETWEEN
    ),
    "a character broken by a fragment": Violation(
        lambda peer, _: peer.text(b"\xe2\x82", fin=False) + peer.ping() + peer.last(b"a"),
        1007,
        State.BETWEEN,
    ),
    "a lone tail in the second fragment": Violation(
        lambda peer, _: peer.text("é".encode(), fin=False) + peer.more(b"\xa9"),
        1007,
        State.BETWEEN,
    ),
    "compressed data that is none": Violation(
        lambda peer, _: peer.binary(b"\xff\xff", rsv=4), 1007, State.BETWEEN, deflate=True
    ),
    "compressed text that is none": Violation(
        lambda peer, _: peer.text(deflated(b"\xff")[0], rsv=4), 1007, State.BETWEEN, deflate=True
    ),
    "compressed data that needs the message before": Violation(
        _needs_the_last, 1007, State.BETWEEN, deflate=True, fresh=True
    ),
    "compressed data of a mebibyte": Violation(
        lambda peer, _: peer.frame(TEXT, deflated(bytes(1 << 20))[0], rsv=4),
        1009,
        State.BETWEEN,
        deflate=True,
    ),
}
