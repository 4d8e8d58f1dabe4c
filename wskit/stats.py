"""What connections and servers count, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from .buffers import PoolStats

__all__ = ["ConnStats", "ServerStats"]


@dataclass(frozen=True, slots=True)
class ConnStats:
    """One connection: whole messages and bytes on the wire, each way; what waits to be sent.

    ``queued`` and ``compression_bytes`` are bytes, ``latency`` is the last ping's round trip in
    seconds (None before the first).
    """

    messages_in: int
    messages_out: int
    bytes_in: int
    bytes_out: int
    queued: int
    compression_bytes: int
    latency: float | None


@dataclass(frozen=True, slots=True)
class ServerStats:
    """A server at one moment; messages and bytes count since it started, closed connections too.

    ``queue_depth`` is the number of ready connections that no handler thread has taken yet,
    ``threads_busy`` of ``threads`` are in a handler. ``handshake_failures`` counts by HTTP status.
    ``compression_bytes`` is what the compressors of open connections hold.
    """

    connections: int
    handshakes_pending: int
    connections_total: int
    messages_in: int
    messages_out: int
    bytes_in: int
    bytes_out: int
    queued: int
    compression_bytes: int
    queue_depth: int
    threads: int
    threads_busy: int
    handshake_failures: dict[int, int]
    small_buffers: PoolStats
    large_buffers: PoolStats
