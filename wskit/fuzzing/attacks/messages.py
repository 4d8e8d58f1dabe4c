"""Attacks on messages (RFC 6455 §5.4, §5.6, §8.1): fragments, what stands between them, UTF-8."""

from __future__ import annotations

from ..scripts import Attack, Does, Ending, Expects, Step
from ..wire import Speaker, pattern
from .building import TOO_BIG, alive, attack, closed, either, listen, send

__all__ = ["messages"]

_BAD_UTF8 = {
    "a lone continuation byte": b"\x80",
    "FF": b"\xff",
    "FE": b"a\xfeb",
    "C0 80, overlong": b"\xc0\x80",
    "C1 BF, overlong": b"\xc1\xbf",
    "E0 80 AF, overlong": b"\xe0\x80\xaf",
    "F0 80 80 AF, overlong": b"\xf0\x80\x80\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "an end in a character": b"caf\xc3",
    "an end after three of four bytes": b"\xf0\x9f\x98",
    "a fault behind 4096 bytes": b"a" * 4096 + b"\xff",
}
_GOOD_UTF8 = {
    "U+0000": "\0",
    "U+007F and U+0080": "\x7f\x80",
    "U+07FF and U+0800": "\u07ff\u0800",
    "U+D7FF and U+E000": "\ud7ff\ue000",
    "U+FFFF and U+10000": "\uffff\U00010000",
    "U+10FFFF": "\U0010ffff",
    "a byte order mark": "\ufeffa",
}


def messages(say: Speaker) -> list[Attack]:
    """Return the attacks that one side makes, speaking by ``say``."""
    return [*_orders(say), *_legal(say), *_floods(say), *_encodings(say), *_slow(say)]


def _orders(say: Speaker) -> list[Attack]:
    begun, done = say.frame(1, b"a", fin=False), say.frame(0, b"b")
    wrong = {
        "continuation of nothing": done,
        "unfinished continuation of nothing": say.frame(0, b"b", fin=False),
        "continuation after the last": begun + done + done,
        "text in a message": begun + say.frame(1, b"b"),
        "unfinished text in a message": begun + say.frame(1, b"b", fin=False),
        "binary in a message": begun + say.frame(2, b"b"),
        "text in a message, after a ping": begun + say.frame(9) + say.frame(1, b"b"),
        "continuation after a ping": say.frame(9) + done,
    }
    return [
        attack(f"fragments: {name}", "5.4", closed(1002), frames, uses="text")
        for name, frames in wrong.items()
    ]


def _legal(say: Speaker) -> list[Attack]:
    begun, done = say.frame(1, b"hel", fin=False), say.frame(0, b"lo")
    more = say.frame(0, fin=False)
    right = {
        "two": begun + done,
        "with a ping between": begun + say.frame(9, b"p") + done,
        "with pings and pongs between": begun + (say.frame(9, b"p") + say.frame(10)) * 20 + done,
        "with empty ones": say.frame(1, fin=False)
        + more
        + begun.replace(begun[:1], b"\0", 1)
        + more * 10
        + done,
        "each of one byte": say.frame(1, b"h", fin=False)
        + b"".join(say.frame(0, bytes([letter]), fin=False) for letter in b"ell")
        + say.frame(0, b"o"),
    }
    attacks = [
        attack(f"fragments: {name}", "5.4", alive(b"hello"), frames, uses="text")
        for name, frames in right.items()
    ]
    empty = say.frame(1, fin=False) + more + say.frame(0)
    attacks.append(attack("fragments: all empty", "5.4", alive(b""), empty, uses="text"))
    one = Step(Does.DRIBBLE, begun + say.frame(9, b"p") + done)
    attacks.append(attack("dribble: fragments", "5.4", alive(b"hello"), one, uses="text"))
    three = send(say.frame(1, b"hello"), 3)
    attacks.append(
        attack(
            "messages: three at once",
            "5.4",
            alive(b"hello", b"hello", b"hello"),
            three,
            uses="text",
        )
    )
    return attacks


def _floods(say: Speaker) -> list[Attack]:
    case = "ws CVE-2026-48779, websockets/ws#2329 and #2331, undici CVE-2026-12151"
    floods = {
        "5000 empty fragments": (b"", 5000),
        "131000 fragments of one byte": (b"a", 131_000),
        "300 fragments of 125 bytes": (bytes(125), 300),
    }
    attacks = [
        attack(
            f"flood: {name}",
            "10.4",
            either(*TOO_BIG),
            say.frame(2, piece, fin=False),
            send(say.frame(0, piece, fin=False), times),
            uses="binary",
            case=case,
        )
        for name, (piece, times) in floods.items()
    ]
    tiny = send(say.frame(1), 2000)
    attacks.append(
        attack("flood: 2000 empty messages", "10.4", either(*TOO_BIG), tiny, uses="text")
    )
    return attacks


def _encodings(say: Speaker) -> list[Attack]:
    attacks = []
    for name, data in _BAD_UTF8.items():
        middle = len(data) // 2
        parts = say.frame(1, data[:middle], fin=False) + say.frame(0, data[middle:])
        attacks += [
            attack(f"UTF-8: {name}", "8.1", closed(1007), say.frame(1, data), uses="text"),
            attack(f"UTF-8: {name}, in fragments", "8.1", closed(1007), parts, uses="text"),
        ]
    early = say.frame(1, b"a\xff", fin=False)
    attacks.append(
        # To fail before the message has ended is better, and not demanded.
        attack("UTF-8: a fault before the end", "8.1", closed(1007, must=False), early, uses="text")
    )
    for name, text in _GOOD_UTF8.items():
        data = text.encode()
        pieces = say.frame(1, fin=False)
        pieces += b"".join(say.frame(0, bytes([byte]), fin=False) for byte in data) + say.frame(0)
        attacks += [
            attack(f"UTF-8: {name}", "5.6", alive(data), say.frame(1, data), uses="text"),
            attack(f"UTF-8: {name}, cut", "5.6", alive(data), pieces, uses="text"),
        ]
    every = say.frame(2, bytes(range(256)))
    attacks.append(
        attack("binary: every byte", "5.6", alive(bytes(range(256))), every, uses="binary")
    )
    return attacks


def _slow(say: Speaker) -> list[Attack]:
    text, large = say.frame(1, b"hello"), pattern(40_000)
    whole = say.frame(2, large)
    any_ending = Expects(Ending.ANY)
    attacks = [
        attack("dribble: text", "5.2", alive(b"hello"), Step(Does.DRIBBLE, text), uses="text"),
        attack("dribble: a bad opcode", "5.2", closed(1002), Step(Does.DRIBBLE, say.frame(3))),
        attack(
            "stall: twenty messages, unread",
            "5.4",
            alive(*[large] * 20),
            send(whole, 20),
            Step(Does.STALL, seconds=0.2),
            uses="binary",
            case="websocket-client#507",
        ),
        attack("silence", "5.5.2", alive(), listen(0.3)),
    ]
    cuts = {
        "in a header": whole[:1],
        "in a length": whole[:3],
        "behind a header": whole[:8],
        "in a payload": whole[:20_000],
        "in a message": say.frame(2, b"a", fin=False),
        "behind a message": text,
    }
    for name, data in cuts.items():
        attacks += [
            attack(f"cut: {name}", "7.1.5", any_ending, data, Step(Does.CUT)),
            attack(f"reset: {name}", "7.1.5", any_ending, data, Step(Does.RESET)),
        ]
        ended = Expects(Ending.ENDED, must=False)
        attacks.append(attack(f"half-close: {name}", "7.1.5", ended, data, Step(Does.SHUT)))
    return attacks
