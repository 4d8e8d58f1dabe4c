"""What the protocol core is asked for a message, as operations that can be repeated at will.

`test_core.py` times them, `counting.py` counts their instructions. The build of wskit is the one
that PYTHONPATH finds.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from itertools import cycle

from wskit.protocol.connection import Protocol
from wskit.protocol.deflate import Deflater, Inflater
from wskit.protocol.frames import encode
from wskit.protocol.handshake import accept_response
from wskit.protocol.masking import masked
from wskit.protocol.opcodes import TEXT, Side
from wskit.protocol.parser import FrameParser, Unpooled
from wskit.protocol.request import RequestReader
from wskit.protocol.response import ClientHandshake

__all__ = ["OPERATIONS", "REFERENCE", "Operation"]

Operation = Callable[[], object]

KEY = 0x9E3779B9
TEXT_32, TEXT_64K = b"0123456789abcdef" * 2, b"0123456789abcdef" * 4096
STATES = ("shipped", "pending", "cancelled", "returned")
BATCH = 16  # frames that one read brings
REQUEST = (
    b"GET /chat?room=1 HTTP/1.1\r\nHost: 127.0.0.1:9882\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\nUser-Agent: bench\r\nAccept-Language: en\r\n\r\n"
)
SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 §1.3


def reference() -> Operation:
    """Return what never changes: plain Python of the same kind, to which counts are compared."""
    pack, unpack = struct.Struct("!BBH").pack, struct.Struct("!BBH").unpack_from

    def work() -> int:
        total = 0
        for number in range(64):
            first, mask, size = unpack(pack(0x81, 254, number))
            total += (first ^ mask) + size if size > 7 else len(TEXT_32[:size])
        return total

    return work


def parse(payload: bytes, frames: int) -> Operation:
    """Return the parsing of so many masked frames that came at once."""
    stream = memoryview(encode(0x81, payload, KEY) * frames)
    parser = FrameParser(Side.SERVER, room=1 << 20, deflate=False, small=2048, lender=Unpooled())

    def work() -> int:
        at = found = 0
        while at < len(stream):
            target = parser.target()
            size = min(len(target), len(stream) - at)
            target[:size] = stream[at : at + size]
            parser.received(size)
            at += size
            while parser.next():
                found += 1
                parser.release()
        if found != frames:
            raise RuntimeError(f"{found} frames")
        return found

    return work


def assemble(stream: bytes, messages: int) -> Operation:
    """Return what a server does with a stream that holds so many messages."""
    protocol = Protocol(Side.SERVER)

    def work() -> int:
        found = sum(1 for _ in protocol.receive(stream))
        if found != messages:
            raise RuntimeError(f"{found} messages")
        return found

    return work


def fragments() -> bytes:
    """Return a text message of 1 KiB in nine fragments, with a character cut at each seam."""
    text = ("é" * 512).encode()
    pieces = [text[max(0, at) : at + 128] for at in range(-1, len(text), 128)]
    firsts = [0x01, *([0x00] * (len(pieces) - 2)), 0x80]
    return b"".join(encode(first, each, KEY) for first, each in zip(firsts, pieces, strict=True))


def send(payload: bytes) -> Operation:
    """Return what a server does to send a message."""
    protocol = Protocol(Side.SERVER)
    return lambda: protocol.data(TEXT, payload)


def send_masked(payload: bytes) -> Operation:
    """Return what a client does to send a message."""
    protocol = Protocol(Side.CLIENT, next_key=lambda: KEY)
    return lambda: protocol.data(TEXT, payload)


def documents() -> list[bytes]:
    """Return JSON of 1 KiB, sixteen times: more than a window of 4 KiB remembers."""
    lcg, found = 1, []
    for _ in range(16):
        orders = []
        for _ in range(20):
            lcg = lcg * 1103515245 + 12345 & 0x7FFFFFFF
            orders.append({"id": lcg % 900000, "state": STATES[lcg >> 8 & 3], "count": lcg >> 28})
        found.append(json.dumps(orders).encode()[:1024])
    return found


def inflate() -> Operation:
    """Return the inflation of one document after the other, with their window kept."""
    deflater, inflater = Deflater(12), Inflater(12)
    wires = cycle([deflater.compress(each) for each in documents()])
    return lambda: inflater.inflate(next(wires), final=True, limit=1 << 20)


def deflate() -> Operation:
    """Return the compression of one document after the other, with their window kept."""
    deflater, plain = Deflater(12), cycle(documents())
    return lambda: deflater.compress(next(plain))


def accept() -> Operation:
    """Return a server's opening handshake."""

    def work() -> bytes:
        handshake = RequestReader().feed(REQUEST)
        if handshake is None:
            raise RuntimeError("no handshake")
        return accept_response(handshake)

    return work


def ask() -> Operation:
    """Return a client's opening handshake."""
    handshake = RequestReader().feed(REQUEST)
    assert handshake is not None
    response = accept_response(handshake)

    def work() -> object:
        client = ClientHandshake("127.0.0.1:9882", "/chat", SAMPLE_KEY)
        client.request()
        return client.feed(response)

    return work


OPERATIONS: dict[str, Callable[[], Operation]] = {
    "parse_32": lambda: parse(TEXT_32, BATCH),
    "parse_64k": lambda: parse(TEXT_64K, 1),
    "mask_32": lambda: lambda: masked(TEXT_32, KEY),
    "mask_64k": lambda: lambda: masked(TEXT_64K, KEY),
    "encode_32": lambda: send(TEXT_32),
    "encode_64k": lambda: send(TEXT_64K),
    "encode_masked_32": lambda: send_masked(TEXT_32),
    "assemble_32": lambda: assemble(encode(0x81, TEXT_32, KEY) * BATCH, BATCH),
    "assemble_fragments": lambda: assemble(fragments(), 1),
    "inflate_1k": inflate,
    "deflate_1k": deflate,
    "handshake_server": accept,
    "handshake_client": ask,
}

REFERENCE = reference
