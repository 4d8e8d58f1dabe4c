"""A client's round trip with the native echo, whose port is in WSKIT_BENCH_ECHO."""

from __future__ import annotations

import os

from micro.core import Operation

from wskit import connect

__all__ = ["round_trip"]

PORT = os.environ.get("WSKIT_BENCH_ECHO")
TEXT = "0123456789abcdef" * 2


def round_trip() -> Operation:
    """Return one message there and back, on one connection."""
    client = connect(f"ws://127.0.0.1:{PORT}/", proxy=False, ping_interval=None)

    def work() -> None:
        client.write(TEXT)
        message = client.read(60)
        if message is None or message.data != TEXT:
            raise RuntimeError(f"wrong reply: {message}")

    return work
