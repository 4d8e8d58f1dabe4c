"""Conformance vectors, by name: what a client sends to an echo, and what it must get (RFC 6455)."""

from __future__ import annotations

import pytest

from tests.protocol import wire
from tests.protocol.driving import CUTS, cut, end, feed
from tests.protocol.wire import CLIENT, CLOSE, SERVER, Frame
from wskit.protocol.opcodes import Side

LIMIT = 1000


def head(first: str) -> bytes:
    """Take the bytes of a header that says "masked", with the key but without any payload."""
    return bytes.fromhex(first) + wire.KEY


# The bytes that must come back, to the last one.
ANSWERED: dict[str, tuple[bytes, bytes]] = {
    "text": (CLIENT.text("hi"), SERVER.text("hi")),
    "ping": (CLIENT.ping(b"hi"), SERVER.pong(b"hi")),
    "ping, empty": (CLIENT.ping(), SERVER.pong()),
    "ping of 125 bytes": (CLIENT.ping(b"a" * 125), SERVER.pong(b"a" * 125)),
    "pong, unsolicited": (CLIENT.pong(b"hi"), b""),
    "ping between fragments": (
        CLIENT.text("a", fin=False) + CLIENT.ping(b"P") + CLIENT.last(b"b"),
        SERVER.pong(b"P") + SERVER.text("ab"),
    ),
    "three empty fragments": (
        CLIENT.text(fin=False) + CLIENT.more() + CLIENT.last(),
        SERVER.text(),
    ),
    "close, empty": (CLIENT.close(), bytes.fromhex("8800")),
    "close with a reason": (CLIENT.close(1000, b"bye"), SERVER.close(1000)),
    "fragments of 500 and 499": (
        CLIENT.text("a" * 500, fin=False) + CLIENT.last(b"a" * 499),
        SERVER.text("a" * 999),
    ),
    "fragments of 500 and 500": (
        CLIENT.text("a" * 500, fin=False) + CLIENT.last(b"a" * 500),
        SERVER.text("a" * 1000),
    ),
    "text of the limit": (CLIENT.text("a" * LIMIT), SERVER.text("a" * LIMIT)),
    "three frames in one segment": (
        CLIENT.text("1") + CLIENT.binary(b"2") + CLIENT.text("3"),
        SERVER.text("1") + SERVER.binary(b"2") + SERVER.text("3"),
    ),
    "close, then a text": (CLIENT.close(1000) + CLIENT.text("hi"), SERVER.close(1000)),
}
ANSWERED |= {
    f"close {code}": (CLIENT.close(code), SERVER.close(code))
    for code in (1000, 1001, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
}

# The code of the close frame that must come back, as soon as these bytes are there.
REFUSED: dict[str, tuple[bytes, int]] = {
    "text, unmasked": (SERVER.text("hi"), 1002),
    "text ff fe": (CLIENT.text(b"\xff\xfe"), 1007),
    "text with RSV1": (CLIENT.text("hi", rsv=4), 1002),
    "text with RSV2": (CLIENT.text("hi", rsv=2), 1002),
    "text with RSV3": (CLIENT.text("hi", rsv=1), 1002),
    "opcode 3": (CLIENT.frame(3), 1002),
    "opcode 11": (CLIENT.frame(11), 1002),
    "ping of 126 bytes, its header": (head("89 fe 00 7e"), 1002),
    "ping of 2 bytes in the 126 form, its header": (head("89 fe 00 02"), 1002),
    "ping without FIN": (CLIENT.frame(wire.PING, fin=False), 1002),
    "continuation of nothing": (CLIENT.more(b"a"), 1002),
    "continuation of nothing, FIN": (CLIENT.last(b"a"), 1002),
    "text inside a fragmented text": (CLIENT.text("a", fin=False) + CLIENT.text("b"), 1002),
    "close of 1 byte": (CLIENT.frame(CLOSE, b"\x03"), 1002),
    "close with a reason that is not UTF-8": (CLIENT.close(1000, b"\xff"), 1007),
    "text of 1900 bytes, its header": (head("81 fe 07 6c"), 1009),
    "text of 3000 bytes, its header": (head("81 fe 0b b8"), 1009),
    "fragments of 500 and 501": (
        CLIENT.text("a" * 500, fin=False) + CLIENT.last(b"a" * 501),
        1009,
    ),
    "length 2 in the 126 form": (CLIENT.frame(wire.TEXT, b"hi", form=16), 1002),
    "length 2 in the 127 form": (CLIENT.frame(wire.TEXT, b"hi", form=64), 1002),
    "length 2 ** 63": (CLIENT.frame(wire.TEXT, size=1 << 63), 1002),
    "length 2 ** 64 - 1": (CLIENT.frame(wire.TEXT, size=(1 << 64) - 1), 1002),
    "opcode 3 with 900 bytes announced, its header": (head("83 fe 03 84"), 1002),
}
REFUSED |= {
    f"close {code}": (CLIENT.close(code), 1002)
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
}


def answer(stream: bytes, how: str) -> bytes:
    """Return what an echo of messages up to ``LIMIT`` sends to ``stream``."""
    echo = end(Side.SERVER, max_message_size=LIMIT)
    return feed(echo, cut(stream, how), echo=True).sent


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("name", ANSWERED)
def test_is_answered(name: str, how: str) -> None:
    stream, expected = ANSWERED[name]
    assert answer(stream, how) == expected


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str, how: str) -> None:
    stream, code = REFUSED[name]
    (frame,) = wire.frames(answer(stream, how))
    assert frame.opcode == CLOSE
    assert int.from_bytes(frame.payload[:2], "big") == code


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_came_before_is_answered_first(name: str, how: str) -> None:
    """Frames of one segment: those before the bad one count (Autobahn 3.2 to 5.15)."""
    stream, _ = REFUSED[name]
    sent = wire.frames(answer(CLIENT.text("hi") + CLIENT.ping(b"p") + stream, how))
    assert sent[:2] == [Frame(wire.TEXT, b"hi"), Frame(wire.PONG, b"p")]
    assert [frame.opcode for frame in sent[2:]] == [CLOSE]


def test_a_handler_that_raises_is_1011() -> None:
    # As far as it is protocol: the engine closes with this code.
    assert server_close(1011) == SERVER.close(1011)


def server_close(code: int) -> bytes:
    return end(Side.SERVER).close(code)
