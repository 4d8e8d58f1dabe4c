"""How long a frame is, read off its header as far as it has come (RFC 6455 §5.2)."""

from __future__ import annotations

__all__ = ["header_size", "payload_size"]

BytesLike = bytes | bytearray


def header_size(header: BytesLike) -> int:
    """Return how long the header that begins so is, as far as can be told: 2 or more bytes."""
    if len(header) < 2:
        return 2
    return 2 + {126: 2, 127: 8}.get(header[1] & 127, 0) + (4 if header[1] & 128 else 0)


def payload_size(header: BytesLike) -> int:
    """Return how many bytes follow a whole ``header``."""
    size = header[1] & 127
    if size < 126:
        return size
    return int.from_bytes(header[2 : 4 if size == 126 else 10], "big")
