"""Attacks on frames (RFC 6455 §5): masks, reserved bits and opcodes, lengths, control frames."""

from __future__ import annotations

from ..scripts import Attack, Ending, Expects
from ..wire import Speaker, pattern
from .building import ALIVE, TOO_BIG, alive, attack, closed, either, send

__all__ = ["framing"]

_DATA = {"text": 1, "binary": 2}
_CONTROL = {"close": 8, "ping": 9, "pong": 10}
_KNOWN = {**_DATA, **_CONTROL}
# Neither wait for more than 1 MiB nor take 2**63 for a negative number; to wait is no violation.
_HUGE = {"16 MiB": 16 << 20, "2**31": 1 << 31, "2**32": 1 << 32, "2**63-1": (1 << 63) - 1}


def framing(say: Speaker) -> list[Attack]:
    """Return the attacks that one side makes, speaking by ``say``."""
    return [
        *_masks(say),
        *_reserved(say),
        *_control(say),
        *_lengths(say),
        *_sizes(say),
    ]


def _masks(say: Speaker) -> list[Attack]:
    wrong = not say.masked
    word = "masked" if wrong else "unmasked"
    case = "picows < 1.19; aiohttp THREAT_MODEL 3.1"
    return [
        attack(f"mask: {word} {name}", "5.1", closed(1002), frame, case=case)
        for name, frame in (
            ("text", say.frame(1, b"hello", masked=wrong)),
            ("empty text", say.frame(1, masked=wrong)),
            ("binary of 126 bytes", say.frame(2, bytes(126), masked=wrong)),
            ("ping", say.frame(9, b"hello", masked=wrong)),
            ("close", say.frame(8, b"\x03\xe8", masked=wrong)),
            ("continuation", say.frame(1, b"a", fin=False) + say.frame(0, b"b", masked=wrong)),
            ("text after a right one", say.frame(9, b"a") + say.frame(1, b"b", masked=wrong)),
        )
    ]


def _reserved(say: Speaker) -> list[Attack]:
    bits = {"RSV1": 4, "RSV2": 2, "RSV3": 1, "RSV1-3": 7}
    case = "aiohttp PR #12976"
    attacks = [
        attack(
            f"reserved: {bit} on {name}",
            "5.2",
            closed(1002),
            say.frame(opcode, b"\x03\xe8" if opcode == 8 else b"ab", rsv=rsv),
            case=case if rsv == 4 else "",
        )
        for bit, rsv in bits.items()
        for name, opcode in _KNOWN.items()
    ]
    attacks += [
        attack(
            f"reserved: {bit} on continuation",
            "5.2",
            closed(1002),
            say.frame(1, b"a", fin=False) + say.frame(0, b"b", rsv=rsv),
        )
        for bit, rsv in bits.items()
    ]
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        frame = say.frame(opcode, b"ab")
        attacks.append(attack(f"reserved: opcode {opcode}", "5.2", closed(1002), frame))
    begun = say.frame(1, b"a", fin=False)
    for opcode in (3, 11):
        frame = begun + say.frame(opcode)
        name = f"reserved: opcode {opcode} in a message"
        attacks.append(attack(name, "5.2", closed(1002), frame))
    return attacks


def _control(say: Speaker) -> list[Attack]:
    attacks = []
    for name, opcode in _CONTROL.items():
        long = b"\x03\xe8" + bytes(124) if opcode == 8 else bytes(126)
        attacks += [
            attack(
                f"control: {name} in fragments",
                "5.5",
                closed(1002),
                say.frame(opcode, b"\x03\xe8", fin=False),
            ),
            attack(f"control: {name} of 126 bytes", "5.5", closed(1002), say.frame(opcode, long)),
            attack(
                f"control: {name} of 65536 bytes",
                "5.5",
                closed(1002),
                say.frame(opcode, long[:2] + bytes(65534)),
            ),
            # Headers are judged before a payload is awaited.
            attack(
                f"control: header of a {name} of 2**31 bytes",
                "5.5",
                closed(1002, must=False),
                say.head(opcode, 1 << 31),
            ),
        ]
    for size in (0, 1, 124, 125):
        ping = say.frame(9, pattern(size))
        attacks.append(attack(f"control: ping of {size} bytes", "5.5.2", ALIVE, ping))
    pong = say.frame(10, b"nobody asked")
    attacks.append(attack("control: unsolicited pong", "5.5.3", ALIVE, pong))
    attacks.append(attack("control: 2000 unsolicited pongs", "5.5.3", ALIVE, send(pong, 2000)))
    attacks.append(
        attack(
            "control: 2000 pings",
            "5.5.2",
            either(*TOO_BIG),
            send(say.frame(9, bytes(125)), 2000),
            case="nhooyr PRISMA-2021-0118",
        )
    )
    return attacks


def _lengths(say: Speaker) -> list[Attack]:
    attacks = [
        # "The minimal number of bytes MUST be used": not said is what a receiver has to do.
        attack(
            f"length: {size} in {form} bits",
            "5.2",
            closed(1002, must=False),
            say.frame(2, bytes(size), form=form),
        )
        for size, form in ((0, 16), (125, 16), (0, 64), (125, 64), (126, 64), (65535, 64))
    ]
    for name, size in {"2**63": 1 << 63, "2**64-1": (1 << 64) - 1}.items():
        head = say.head(2, size, form=64)
        expects = closed(1002, 1009, must=False)
        attacks.append(
            attack(f"length: {name}", "5.2", expects, head, case="gorilla GHSA-jf24-p9p9-4rjh")
        )
    for name, size in _HUGE.items():
        head = say.head(2, size, form=64)
        case = "aiohttp CVE-2026-54274; nopoll#84; CivetWeb CVE-2026-29035"
        expects = Expects(Ending.ANY)
        attacks.append(attack(f"length: {name} announced", "10.4", expects, head, case=case))
        part = say.frame(1, b"a", fin=False) + say.frame(9) + say.head(0, size, form=64)
        attacks.append(attack(f"length: {name} after a ping", "10.4", expects, part, case=case))
    return attacks


def _sizes(say: Speaker) -> list[Attack]:
    attacks = []
    for kind, opcode in _DATA.items():
        for size in (0, 1, 125, 126, 127):
            data = pattern(size)
            name, frame = f"size: {kind} of {size} bytes", say.frame(opcode, data)
            attacks.append(attack(name, "5.2", alive(data), frame, uses=kind))
        for size in (65535, 65536):
            name, frame = f"size: {kind} of {size} bytes", say.frame(opcode, pattern(size))
            attacks.append(attack(name, "5.2", either(*TOO_BIG), frame, uses=kind))
    piece = say.payload(b"wskit fuzz, wskit fuzz. " * 2048)
    for mebibytes in (1, 16):
        size = mebibytes << 20
        times, rest = divmod(size, len(piece))
        steps = (say.head(2, size), send(piece, times), piece[:rest])
        name = f"size: binary of {mebibytes} MiB"
        case = "undici#4899, aiohttp#1952, uvicorn#306: no limit"
        attacks.append(attack(name, "10.4", either(*TOO_BIG), *steps, uses="binary", case=case))
    return attacks
