"""The seed corpus: a few legal and illegal inputs for each target, from which all others are made.

``python -m wskit.fuzzing.seeds FOLDER`` writes them as files, as they are in tests/corpus.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from .dictionary import deflated
from .pieces import Piece, write_pieces
from .targets import NAMES

__all__ = ["main", "seeds"]

_KEY = b"\x37\xfa\x21\x3d"
_DEFLATE, _FRESH, _ROOMY = 0x02, 0x04, 0x58  # settings: a small buffer of 2 KiB, 70 kB messages
_NARROW = 0x38  # the same, and messages of 1000 bytes
_CLOSE = Piece(0x88, b"\x03\xe8bye")

_STREAMS: dict[str, list[Piece]] = {
    "messages": [Piece(0x81, "hellö".encode()), Piece(0x82, b"\x00\xff"), Piece(0x81), _CLOSE],
    "fragments": [Piece(0x01, b"k\xc3"), Piece(0x89, b"ping"), Piece(0x00), Piece(0x80, b"\xb6")],
    "lengths": [Piece(0x82, b"x" * size) for size in (125, 126, 127)] + [Piece(0x8A)],
    "long": [Piece(0x82, b"y" * 65536), _CLOSE],
    "unfinished": [Piece(0x81, b"abc", claim=2000)],
    "close-empty": [Piece(0x88), Piece(0x81, b"late")],
    "close-own-code": [Piece(0x88, b"\x0f\xa0later")],
    "close-bad-code": [Piece(0x88, b"\x03\xed")],
    "bad-text": [Piece(0x81, b"\xce\xba\xff")],
    "bad-bits": [Piece(0xA1, b"x")],
    "bad-form": [Piece(0x82, b"abc", form=2)],
}
_COMPRESSED = {
    "deflate": [Piece(0xC1, deflated(b"hello hello hello")), Piece(0xC2, deflated(b"\0" * 999))],
    "deflate-fragments": [
        *(Piece(0x41, deflated(b"Hello" * 20)[:4]), Piece(0x89)),
        Piece(0x80, deflated(b"Hello" * 20)[4:]),
    ],
    "deflate-bomb": [Piece(0xC2, deflated(b"\0" * 100_000))],
    "deflate-final-block": [Piece(0xC1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), _CLOSE],
}

_REQUEST = (
    b"GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
_RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
_OFFER = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
_HEADS = {
    "request": b"\x00\x00" + _REQUEST + b"\r\n",
    "request-offers": b"\x02\x01"
    + _REQUEST
    + _OFFER
    + b"Sec-WebSocket-Protocol: chat\r\n\r\n\x81\x80abcd",
    "response": b"\x01\x00" + _RESPONSE + b"\r\n",
    "response-agrees": b"\x03\x01"
    + _RESPONSE
    + b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12\r\n"
    + b"Sec-WebSocket-Protocol: chat\r\n\r\n\x81\x00",
    "refusal": b"\x01\x00HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "not-http": b"\x00\x00\x16\x03\x01\x02\x00\x01",
}


def seeds(target: str) -> dict[str, bytes]:
    """Return the seeds of ``target`` by name."""
    if target == "handshake":
        return dict(_HEADS)
    if target == "deflate":
        return dict(_blocks())
    return dict(_streams())


def main(folder: str) -> None:
    """Write every seed below ``folder``."""
    for target in NAMES:
        place = Path(folder) / target
        place.mkdir(parents=True, exist_ok=True)
        for name, data in seeds(target).items():
            (place / f"{name}.bin").write_bytes(data)


def _streams() -> Iterator[tuple[str, bytes]]:
    for name, pieces in _STREAMS.items():
        masked = [Piece(p.first, p.payload, _KEY, p.form, p.claim) for p in pieces]
        yield f"to-server-{name}", bytes((_ROOMY, 1)) + write_pieces(masked)
        if name in ("messages", "fragments", "bad-text"):
            yield f"to-client-{name}", bytes((_ROOMY | 1, 2)) + write_pieces(pieces)
    over = [Piece(0x02, b"z" * 600, _KEY), Piece(0x80, b"z" * 600, _KEY)]
    yield "to-server-over-limit", bytes((_NARROW, 5)) + write_pieces(over)
    for name, pieces in _COMPRESSED.items():
        masked = [Piece(p.first, p.payload, _KEY) for p in pieces]
        yield f"to-server-{name}", bytes((_ROOMY | _DEFLATE, 3)) + write_pieces(masked)
        fresh = bytes((_ROOMY | _DEFLATE | _FRESH | 1, 4))
        yield f"to-client-{name}", fresh + write_pieces(pieces)


def _blocks() -> Iterator[tuple[str, bytes]]:
    for name, pieces in _COMPRESSED.items():
        yield name, bytes((_ROOMY, 1)) + b"".join(piece.payload for piece in pieces)
    yield "plain", bytes((_ROOMY, 2)) + b"hello hello hello"


if __name__ == "__main__":
    main(*sys.argv[1:])
