"""What a server answers to each frame, right or wrong: whole conversations, byte for byte.

Every client frame is masked with 01 02 03 04; the server takes messages of up to 1,000 bytes.
"""

from __future__ import annotations

import pytest

from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from tests.server.recording import Book, Recorded

KEY = bytes.fromhex("01020304")


def sent(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    return frame(opcode, payload, fin=fin, rsv=rsv, mask=KEY)


def head(first: int, *rest: bytes) -> bytes:
    """Make a header by hand, and its key."""
    return bytes([first]) + b"".join(rest) + KEY


def closing(payload: bytes) -> bytes:
    return sent(CLOSE, payload)


def code(number: int) -> bytes:
    return number.to_bytes(2, "big")


HI = bytes.fromhex("81 02 68 69")

# What the client sends and the very bytes that come back; the connection stays open.
ANSWERS = {
    "text hi": (sent(TEXT, b"hi"), HI),
    "text of nothing": (sent(TEXT), bytes.fromhex("81 00")),
    "binary ff": (sent(BINARY, b"\xff"), bytes.fromhex("82 01 ff")),
    "text of 125 bytes": (sent(TEXT, b"a" * 125), b"\x81\x7d" + b"a" * 125),
    "text of 126 bytes": (sent(TEXT, b"a" * 126), b"\x81\x7e\x00\x7e" + b"a" * 126),
    "text of 1,000 bytes": (sent(TEXT, b"a" * 1000), b"\x81\x7e\x03\xe8" + b"a" * 1000),
    "ping hi": (sent(PING, b"hi"), bytes.fromhex("8a 02 68 69")),
    "ping of nothing": (sent(PING), bytes.fromhex("8a 00")),
    "ping of 125 bytes": (sent(PING, b"a" * 125), b"\x8a\x7d" + b"a" * 125),
    "pong that nobody asked for": (sent(PONG, b"hi"), b""),
    "ping between two fragments": (
        sent(TEXT, b"a", fin=False) + sent(PING, b"P") + sent(CONTINUATION, b"b"),
        bytes.fromhex("8a 01 50  81 02 61 62"),
    ),
    "three fragments of nothing": (
        sent(TEXT, fin=False) + sent(CONTINUATION, fin=False) + sent(CONTINUATION),
        bytes.fromhex("81 00"),
    ),
    "a character cut in two": (
        sent(TEXT, b"\xc3", fin=False) + sent(CONTINUATION, b"\xa9"),
        bytes.fromhex("81 02 c3 a9"),
    ),
    "fragments of 500 and 499": (
        sent(TEXT, b"a" * 500, fin=False) + sent(CONTINUATION, b"b" * 499),
        b"\x81\x7e\x03\xe7" + b"a" * 500 + b"b" * 499,
    ),
    "three frames in one segment": (
        sent(TEXT, b"a") + sent(TEXT, b"b") + sent(BINARY, b"c"),
        bytes.fromhex("81 01 61  81 01 62  82 01 63"),
    ),
}

# What the client sends, and the code that it is told.
VIOLATIONS = {
    "text hi, unmasked": (frame(TEXT, b"hi", mask=None), 1002),
    "text ff fe": (sent(TEXT, b"\xff\xfe"), 1007),
    "bad text in an unfinished fragment": (sent(TEXT, b"\xff", fin=False), 1007),
    "text with RSV1": (sent(TEXT, b"hi", rsv=4), 1002),
    "text with RSV2": (sent(TEXT, b"hi", rsv=2), 1002),
    "text with RSV3": (sent(TEXT, b"hi", rsv=1), 1002),
    "opcode 3": (sent(3), 1002),
    "opcode 11": (sent(11), 1002),
    "ping of 126 bytes": (sent(PING, b"a" * 126), 1002),
    "ping of 126 bytes, header only": (head(0x89, b"\xfe\x00\x7e")[:2], 1002),
    "ping of 2 bytes in the 126 form": (head(0x89, b"\xfe\x00\x02"), 1002),
    "ping without FIN": (sent(PING, fin=False), 1002),
    "continuation of nothing": (sent(CONTINUATION, b"a"), 1002),
    "continuation of nothing, without FIN": (sent(CONTINUATION, b"a", fin=False), 1002),
    "text within a message": (sent(TEXT, b"a", fin=False) + sent(TEXT, b"b"), 1002),
    "close of 1 byte": (closing(b"\x03"), 1002),
    "close 1000 with a reason that is not UTF-8": (closing(code(1000) + b"\xff"), 1007),
    "text of 1,001 bytes": (sent(TEXT, b"a" * 1001), 1009),
    "text of 1,900 bytes": (sent(TEXT, b"a" * 1900), 1009),
    "text of 3,000 bytes": (sent(TEXT, b"a" * 3000), 1009),
    "fragments of 500 and 501": (
        sent(TEXT, b"a" * 500, fin=False) + sent(CONTINUATION, b"b" * 501),
        1009,
    ),
    "length 2 in the 126 form": (head(0x81, b"\xfe\x00\x02") + b"ij", 1002),
    "length 2 in the 127 form": (head(0x81, b"\xff", bytes(7), b"\x02") + b"ij", 1002),
    "length 2**63": (head(0x81, b"\xff\x80", bytes(7)), 1002),
    "length 2**64 - 1": (head(0x81, b"\xff" * 9), 1002),
    "length 2**62": (head(0x81, b"\xff\x40", bytes(7)), 1009),
    "opcode 3 of 900 bytes, header only": (head(0x83, b"\xfe\x03\x84"), 1002),
    **{
        f"close {number}": (closing(code(number)), 1002)
        for number in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
}

# The payload of a close frame, and that of the answer: the code is echoed.
CLOSES = {
    "close of nothing": (b"", b""),
    "close 1000 bye": (code(1000) + b"bye", code(1000)),
    **{
        f"close {number}": (code(number), code(number))
        for number in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014)
    },
    **{f"close {number}": (code(number), code(number)) for number in (3000, 3999, 4000, 4999)},
}


class Echo(Recorded):
    pass


class Plain:
    """Leaves every control frame to the server."""

    def __init__(self, handshake: object, conn: object, app: object) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("data", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_is_answered(
    serve: Serve, connect: Connect, book: Book, data: bytes, answer: bytes
) -> None:
    peer = connect(serve(Echo, book, max_message_size=1000))
    # The close that ends it also shows that nothing else comes.
    peer.send(data + closing(code(1000)))
    assert peer._take(len(answer), peer._deadline(None)) == answer
    assert peer._take(4, peer._deadline(None)) == bytes.fromhex("88 02 03 e8")
    peer.read_end()


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("data", "number"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_is_refused_with_a_close_frame(
    serve: Serve, connect: Connect, book: Book, data: bytes, number: int, bytewise: bool
) -> None:
    peer = connect(serve(Echo, book, max_message_size=1000))
    if bytewise and len(data) < 100:
        for byte in data:
            peer.send(bytes([byte]))
    else:
        peer.send(data)
    got = peer.read()
    assert (got.opcode, got.code) == (CLOSE, number)
    peer.read_end()  # and not by a reset
    book.closed()
    assert book.handlers[0].calls.count("close") == 1


@pytest.mark.parametrize("handler", [Echo, Plain])
@pytest.mark.parametrize(("payload", "answer"), CLOSES.values(), ids=CLOSES)
def test_a_close_is_answered_with_its_code(
    serve: Serve, connect: Connect, book: Book, payload: bytes, answer: bytes, handler: type
) -> None:
    peer = connect(serve(handler, book, max_message_size=1000))
    peer.send(closing(payload))
    assert peer.read() == (CLOSE, answer, True, 0)
    peer.read_end()


def test_what_follows_a_close_is_ignored(serve: Serve, connect: Connect, book: Book) -> None:
    peer = connect(serve(Echo, book, max_message_size=1000))
    peer.send(closing(code(1000)) + sent(TEXT, b"hi"))
    assert peer.read() == (CLOSE, code(1000), True, 0)
    peer.read_end()
    book.closed()
    assert book.handlers[0].messages == []


def test_a_handler_that_raises_closes_with_1011(
    serve: Serve, connect: Connect, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    class Raises(Recorded):
        def on_message(self, data: str | bytes) -> None:
            raise LookupError("secret")

    peer = connect(serve(Raises, book, max_message_size=1000))
    peer.send(sent(TEXT, b"hi"))
    got = peer.read()
    assert (got.opcode, got.code) == (CLOSE, 1011)
    assert b"secret" not in got.payload
    peer.send(closing(code(1011)))
    peer.read_end()
    book.closed()
    assert "client_message raised" in caplog.text
    assert "LookupError: secret" in caplog.text


def test_a_reset_in_mid_frame_calls_close_once(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Echo, book, max_message_size=1000)
    peer = connect(server)
    peer.send(sent(TEXT, b"a" * 500)[:100])
    peer.reset()
    book.closed()
    assert book.handlers[0].calls == ["after_init", "close"]
    assert server.connections == []
