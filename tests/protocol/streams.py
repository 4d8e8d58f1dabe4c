"""Valid streams of the kinds that the Autobahn Testsuite sends, with the events they must give."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tests.protocol import utf8
from tests.protocol.wire import BINARY, CLOSE, PING, PONG, TEXT, Peer, deflated
from wskit.protocol.connection import Event

__all__ = ["Stream", "valid_streams"]

_PROSE = b"The quick brown fox jumps over the lazy dog; it did so the day before, too. "


class Stream(NamedTuple):
    """Bytes of a peer, what they say, and whether permessage-deflate must be agreed for them."""

    wire: bytes
    events: list[Event]
    deflate: bool = False


@cache
def valid_streams(peer: Peer) -> dict[str, Stream]:
    """Return them by the section of the suite that they are like."""
    return {
        **_sizes(peer),
        **_pings(peer),
        **_fragments(peer),
        **_texts(peer),
        **_closes(peer),
        **_compressed(peer),
    }


def _sizes(peer: Peer) -> dict[str, Stream]:
    made = {}
    for size in (0, 1, 125, 126, 127, 128, 500, 2048, 65535, 65536):
        data = (_PROSE * (size // len(_PROSE) + 1))[:size]
        made[f"1.1 text of {size}"] = Stream(peer.text(data), [(TEXT, data.decode())])
        noise = (bytes(range(256)) * (size // 256 + 1))[:size]
        made[f"1.2 binary of {size}"] = Stream(peer.binary(noise), [(BINARY, noise)])
    return made


def _pings(peer: Peer) -> dict[str, Stream]:
    payloads = [b"", b"Hello", b"\x00\xff\xfe", b"\xfe" * 125]
    made = {
        f"2.1 ping of {len(each)}": Stream(peer.ping(each), [(PING, each)]) for each in payloads
    }
    ten = [f"payload-{number}".encode() for number in range(10)]
    pings: list[Event] = [(PING, each) for each in ten]
    made["2.10 ten pings"] = Stream(b"".join(map(peer.ping, ten)), pings)
    made["2.9 pong, then ping"] = Stream(
        peer.pong(b"unsolicited") + peer.ping(b"p"), [(PONG, b"unsolicited"), (PING, b"p")]
    )
    return made


def _fragments(peer: Peer) -> dict[str, Stream]:
    start, middle, stop = peer.text(b"one ", fin=False), peer.more(b"two "), peer.last(b"three")
    ping, whole = peer.ping(b"ping"), (TEXT, "one two three")
    many = [bytes([65 + number % 26]) * number for number in range(40)]
    return {
        "5.3 two fragments": Stream(start + peer.last(b"two"), [(TEXT, "one two")]),
        "5.19 pings between fragments": Stream(
            start + ping + middle + ping + peer.pong() + stop,
            [(PING, b"ping"), (PING, b"ping"), (PONG, b""), whole],
        ),
        "5.4 empty fragments": Stream(
            peer.binary(fin=False) + peer.more() + ping + peer.last() + peer.text(b"next"),
            [(PING, b"ping"), (BINARY, b""), (TEXT, "next")],
        ),
        "5.8 close between fragments": Stream(
            start + peer.close(1000, b"enough"), [(CLOSE, b"\x03\xe8enough")]
        ),
        "9.3 forty fragments": Stream(
            peer.binary(b"", fin=False) + b"".join(map(peer.more, many)) + peer.last(),
            [(BINARY, b"".join(many))],
        ),
        "9.4 fragments larger than the small buffer": Stream(
            peer.binary(b"a" * 5000, fin=False) + ping + peer.more(b"b" * 3000) + peer.last(b"c"),
            [(PING, b"ping"), (BINARY, b"a" * 5000 + b"b" * 3000 + b"c")],
        ),
        "10.1 messages back to back": Stream(
            b"".join(peer.text(b"x" * size) for size in range(0, 130, 3)),
            [(TEXT, "x" * size) for size in range(0, 130, 3)],
        ),
    }


def _texts(peer: Peer) -> dict[str, Stream]:
    made = {}
    for name, data in utf8.VALID.items():
        made[f"6 {name}"] = Stream(peer.text(data), [(TEXT, data.decode())])
        pieces = [data[at : at + 1] for at in range(len(data))]
        fragments = peer.text(fin=False) + b"".join(map(peer.more, pieces)) + peer.last()
        made[f"6 {name}, a byte a fragment"] = Stream(fragments, [(TEXT, data.decode())])
    return made


def _closes(peer: Peer) -> dict[str, Stream]:
    made = {"7.3 close without a code": Stream(peer.close(), [(CLOSE, b"")])}
    for code in (1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999):
        payload = code.to_bytes(2, "big")
        made[f"7.7 close {code}"] = Stream(peer.close(code), [(CLOSE, payload)])
    longest = "€" * 41
    made["7.3 close with the longest reason"] = Stream(
        peer.text(b"last words") + peer.close(1000, longest.encode()),
        [(TEXT, "last words"), (CLOSE, b"\x03\xe8" + longest.encode())],
    )
    made["7.1 close, then a message"] = Stream(
        peer.close(1000) + peer.text(b"too late") * 400, [(CLOSE, b"\x03\xe8")]
    )
    return made


def _compressed(peer: Peer) -> dict[str, Stream]:
    text = _PROSE * 3
    (one,) = deflated(text)
    first, second, third = deflated(text, text, text)
    return {
        "12.1 compressed": Stream(peer.text(one, rsv=4), [(TEXT, text.decode())], True),
        "12.2 compressed, twice, with a plain one between": Stream(
            peer.text(one, rsv=4) + peer.text(text) + peer.binary(one, rsv=4),
            [(TEXT, text.decode()), (TEXT, text.decode()), (BINARY, text)],
            True,
        ),
        "12.3 compressed, empty": Stream(peer.text(b"\x00", rsv=4), [(TEXT, "")], True),
        "13.1 compressed in fragments, with a ping between": Stream(
            peer.text(first, fin=False, rsv=4)
            + peer.ping(b"p")
            + peer.more(second)
            + peer.more()
            + peer.last(third),
            [(PING, b"p"), (TEXT, text.decode() * 3)],
            True,
        ),
    }
