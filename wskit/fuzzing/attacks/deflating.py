"""Attacks on permessage-deflate (RFC 7692): bits, streams, bombs, windows."""

from __future__ import annotations

import zlib

from ..scripts import Attack
from ..wire import Speaker, deflated, pattern
from .building import TOO_BIG, alive, attack, closed, either, send

__all__ = ["deflating"]

_BROKEN = (1007, 1002)  # data that is not what it claims, or a protocol error
_MIB = 1 << 20


def deflating(say: Speaker) -> list[Attack]:
    """Return the attacks that one side makes where it was agreed on, speaking by ``say``."""
    return [*_bits(say), *_legal(say), *_streams(say), *_bombs(say), *_windows(say)]


def _attack(name: str, section: str, *rest: object, **more: object) -> Attack:
    return attack(f"deflate: {name}", f"7692 {section}", *rest, deflate=True, **more)  # type: ignore[arg-type]


def _bits(say: Speaker) -> list[Attack]:
    hello = deflated(b"hello")
    begun = say.frame(1, hello[:3], fin=False, rsv=4)
    plain = say.frame(1, b"hel", fin=False)
    case = "aiohttp PR #12976, websocket.zig#74, websockets 16.1"
    wrong = {
        "RSV1 on ping": say.frame(9, hello, rsv=4),
        "RSV1 on pong": say.frame(10, hello, rsv=4),
        "RSV1 on close": say.frame(8, deflated(b"\x03\xe8"), rsv=4),
        "RSV1 on a continuation": begun + say.frame(0, hello[3:], rsv=4),
        "RSV1 on the end of plain text": plain + say.frame(0, b"lo", rsv=4),
        "RSV2 on compressed text": say.frame(1, hello, rsv=6),
        "RSV3 on compressed text": say.frame(1, hello, rsv=5),
        "RSV1 on a reserved opcode": say.frame(3, hello, rsv=4),
    }
    return [_attack(name, "6.1", closed(1002), frames, case=case) for name, frames in wrong.items()]


def _legal(say: Speaker) -> list[Attack]:
    hello = deflated(b"hello")
    two = zlib.compressobj(9, zlib.DEFLATED, -15)
    blocks = two.compress(b"hel") + two.flush(zlib.Z_FULL_FLUSH) + two.compress(b"lo")
    blocks += two.flush(zlib.Z_SYNC_FLUSH)
    stored = b"\x00\x05\x00\xfa\xffhello\x00"
    large = pattern(10_000)
    right = {
        "a message": (say.frame(1, hello, rsv=4), b"hello"),
        "an uncompressed message": (say.frame(1, b"hello"), b"hello"),
        "in fragments": (
            say.frame(1, hello[:2], fin=False, rsv=4) + say.frame(0, hello[2:]),
            b"hello",
        ),
        "a byte a fragment, and pings": (
            say.frame(1, fin=False, rsv=4)
            + b"".join(
                say.frame(0, hello[i : i + 1], fin=False) + say.frame(9) for i in range(len(hello))
            )
            + say.frame(0),
            b"hello",
        ),
        "stored blocks": (say.frame(1, stored, rsv=4), b"hello"),
        "two blocks": (say.frame(1, blocks.removesuffix(b"\0\0\xff\xff"), rsv=4), b"hello"),
        "a block with BFINAL": (say.frame(1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", rsv=4), b"Hello"),
        "an empty message": (say.frame(1, b"\x00", rsv=4), b""),
        "10000 bytes": (say.frame(1, deflated(large), rsv=4), large),
    }
    return [
        _attack(name, "7.2.3", alive(message), frames, uses="text")
        for name, (frames, message) in right.items()
    ]


def _streams(say: Speaker) -> list[Attack]:
    broken = {
        "a reserved block type": b"\x07" + bytes(8),
        "noise": bytes(range(255, 200, -1)),
        "a stored block with a wrong check": b"\x00\x05\x00\x00\x00hello\x00",
        "a distance before the start": b"\x02\x02\x00\x00",
    }
    attacks = [
        _attack(name, "7.2.2", closed(*_BROKEN), say.frame(2, data, rsv=4), uses="binary")
        for name, data in broken.items()
    ]
    bad_text = say.frame(1, deflated(b"a\xff"), rsv=4)
    attacks.append(_attack("text that is not UTF-8", "7.2.2", closed(1007), bad_text, uses="text"))
    half = deflated(pattern(2000))[:20]
    attacks.append(
        _attack(
            "an end in a block",
            "7.2.2",
            closed(*_BROKEN, must=False),
            say.frame(2, half, rsv=4),
            uses="binary",
        )
    )
    empty = say.frame(2, b"", rsv=4)
    attacks.append(_attack("no bytes at all", "7.2.2", either(*_BROKEN), empty, uses="binary"))
    return attacks


def _bombs(say: Speaker) -> list[Attack]:
    case = "websockets CVE-2018-1000518, undici CVE-2026-1526, tornado#2391, centrifuge#584"
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = maker.compress(bytes(_MIB)) + maker.flush(zlib.Z_SYNC_FLUSH)
    again = maker.compress(bytes(_MIB)) + maker.flush(zlib.Z_SYNC_FLUSH)
    limit = either(*TOO_BIG, *_BROKEN)
    parts = [say.frame(0, again, fin=False)]
    return [
        _attack(
            "a bomb of 64 MiB",
            "8",
            limit,
            say.frame(2, first + again * 63, rsv=4),
            uses="binary",
            case=case,
        ),
        _attack(
            "a bomb of 64 MiB in fragments",
            "8",
            limit,
            say.frame(2, first, fin=False, rsv=4),
            send(parts[0], 62),
            say.frame(0, again),
            uses="binary",
            case=case,
        ),
        _attack(
            "a bomb that never ends",
            "8",
            limit,
            say.frame(2, first, fin=False, rsv=4),
            send(parts[0], 40),
            uses="binary",
            case=case,
        ),
        _attack(
            "a bomb of spaces as text",
            "8",
            limit,
            say.frame(1, deflated(b" " * (8 * _MIB)), rsv=4),
            uses="text",
            case=case,
        ),
        _attack(
            "200 empty stored blocks",
            "8",
            either(*TOO_BIG, *_BROKEN),
            say.frame(2, b"\0\0\0\xff\xff" * 200 + b"\0", rsv=4),
            uses="binary",
        ),
    ]


def _windows(say: Speaker) -> list[Attack]:
    # More noise than a window of 9 bits holds, and then again: a match from far away.
    noise = bytes((i * i * 31 + i // 7 * 17) & 0xFF for i in range(20_000))
    far = deflated(noise + noise)
    context = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = []
    for _ in range(2):
        made = context.compress(pattern(500)) + context.flush(zlib.Z_SYNC_FLUSH)
        pieces.append(say.frame(2, made.removesuffix(b"\0\0\xff\xff"), rsv=4))
    return [
        _attack(
            "a distance of 20000",
            "7.1.2",
            either(*_BROKEN),
            say.frame(2, far, rsv=4),
            uses="binary",
        ),
        _attack("two messages, one context", "7.1.1", either(*_BROKEN), *pieces, uses="binary"),
        _attack(
            "second message of a context, first missing",
            "7.1.1",
            either(*_BROKEN),
            pieces[1],
            uses="binary",
        ),
    ]
