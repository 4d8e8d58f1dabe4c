"""What a server can be told; every field is checked when the object is made.

Times are seconds, sizes bytes. The defaults are those of websocket.zig, except where a comment
says "raised": there they cut what browsers and proxies send today.
"""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import fields
from ..protocol.extensions import Compression
from ..protocol.headers import is_token

if TYPE_CHECKING:
    import ssl

__all__ = [
    "BufferConfig",
    "HandshakeConfig",
    "ServerConfig",
    "ThreadPoolConfig",
    "blocking_mode",
]

_LARGE = 1 << 16
# The smallest read buffer: the longest frame header (14 bytes) and a control frame must fit.
_SMALLEST = 256


def blocking_mode() -> bool:
    """Whether servers here run one thread per connection for want of epoll and kqueue."""
    return not (hasattr(select, "epoll") or hasattr(select, "kqueue"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeConfig:
    """Limits of the opening handshake."""

    timeout: float = 10.0  # from accept to the whole request, else 408
    max_size: int = 8192  # bytes of the request head, else 431; raised from 1024
    max_headers: int = 64  # header lines of the request, else 431; raised from 10
    max_res_headers: int = 32  # headers that a handler may add to the 101; raised from 2
    count: int = 32  # refusals at max_conn that may be under way before accepting pauses

    def __post_init__(self) -> None:
        """Check every field."""
        fields.seconds("handshake.timeout", self.timeout)
        fields.integer("handshake.max_size", self.max_size, 128, 1 << 20)
        fields.integer("handshake.max_headers", self.max_headers, 4, 65535)
        fields.integer("handshake.max_res_headers", self.max_res_headers, 0, 65535)
        fields.integer("handshake.count", self.count, 1, 65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPoolConfig:
    """The threads that run handlers in event mode; each worker has its own."""

    count: int = 4  # handler threads per worker
    backlog: int = 500  # ready connections taken from the kernel at once, per worker
    buffer_size: int = 32768  # scratch memory per thread, only if client_message takes an allocator

    def __post_init__(self) -> None:
        """Check every field."""
        fields.integer("thread_pool.count", self.count, 1, 65535)
        fields.integer("thread_pool.backlog", self.backlog, 1)
        fields.integer("thread_pool.buffer_size", self.buffer_size, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferConfig:
    """Read buffers; ``wskit/buffers.py`` says how they are used."""

    small_size: int = 2048  # what a connection reads into
    small_pool: int | None = None  # None: each connection keeps its own; else how many are pooled
    # None: 64 KiB, at most max_message_size; raised from twice small_size, with which a message of
    # 64 KiB took four reads and three loans, and 2.5 times as long.
    large_size: int | None = None
    large_pool: int = 8  # large buffers kept, shared by all workers

    def __post_init__(self) -> None:
        """Check every field."""
        fields.integer("buffers.small_size", self.small_size, _SMALLEST)
        if self.small_pool is not None:
            fields.integer("buffers.small_pool", self.small_pool, 0)
        if self.large_size is not None:
            fields.integer("buffers.large_size", self.large_size, 0)
        fields.integer("buffers.large_pool", self.large_pool, 0, 65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything about a server but its handler."""

    port: int | None = 9882  # 0: the system chooses; None: only adopted connections
    address: str = "127.0.0.1"  # a host name or an IP address
    unix_path: str | None = None  # a Unix socket instead of address and port
    unix_mode: int | None = None  # its permission bits, such as 0o660; None: the umask decides
    reuse_port: bool = False  # let other processes listen on the same port
    ssl_context: ssl.SSLContext | None = None  # wss
    blocking: bool = False  # one thread per connection; always so where blocking_mode()
    # Poll loops, each with its own handler threads; event mode only. One, since the GIL lets one
    # thread run at a time; where it is off, one for each core.
    worker_count: int = field(default_factory=lambda: _cores() if _runs_parallel() else 1)
    max_conn: int = 16384  # connections of the whole server, above it 503
    max_message_size: int = 1 << 20  # of a message, inflated; above it 1009; raised from 64 Ki
    max_fragments: int = 4096  # frames in one message, empty ones included; above it 1009
    origins: Sequence[str | re.Pattern[str] | None] | None = None  # None: any; else 403
    subprotocols: Sequence[str] = ()  # what this server speaks, the preferred first
    ping_interval: float | None = 20.0  # between keepalive pings; None: no keepalive
    ping_timeout: float | None = 20.0  # silence after a ping that ends the connection; None: never
    close_timeout: float = 10.0  # how long the peer's half of the closing handshake is awaited
    write_timeout: float | None = 10.0  # how long a write waits for room; None: for ever
    max_write_buffer: int = 1 << 20  # bytes queued for a peer before a write waits
    compression: Compression | None = None  # permessage-deflate; None: not offered
    handshake: HandshakeConfig = field(default_factory=HandshakeConfig)
    thread_pool: ThreadPoolConfig = field(default_factory=ThreadPoolConfig)
    buffers: BufferConfig = field(default_factory=BufferConfig)

    def __post_init__(self) -> None:
        """Check every field."""
        self._check_place()
        self._check_limits()
        fields.instance("handshake", self.handshake, HandshakeConfig)
        fields.instance("thread_pool", self.thread_pool, ThreadPoolConfig)
        fields.instance("buffers", self.buffers, BufferConfig)
        if self.compression is not None:
            fields.instance("compression", self.compression, Compression)
        if self.ssl_context is not None and not hasattr(self.ssl_context, "wrap_socket"):
            raise TypeError("ssl_context: must be an ssl.SSLContext")
        self._check_origins()
        self._check_subprotocols()

    @property
    def large_size(self) -> int:
        """The size of a large buffer, with the default worked out."""
        if self.buffers.large_size is not None:
            return self.buffers.large_size
        return min(_LARGE, self.max_message_size)

    def _check_place(self) -> None:
        if self.port is not None:
            fields.integer("port", self.port, 0, 65535)
        fields.instance("address", self.address, str)
        fields.boolean("reuse_port", self.reuse_port)
        fields.boolean("blocking", self.blocking)
        if self.unix_path is not None:
            fields.instance("unix_path", self.unix_path, str)
            if not self.unix_path:
                raise ValueError("unix_path: must not be empty")
        if self.unix_mode is not None:
            if self.unix_path is None:
                raise ValueError("unix_mode: needs a unix_path")
            fields.integer("unix_mode", self.unix_mode, 0, 0o777)

    def _check_origins(self) -> None:
        if self.origins is None:
            return
        fields.sequence("origins", self.origins)
        for pattern in self.origins:
            if not (pattern is None or isinstance(pattern, str | re.Pattern)):
                raise TypeError(f"origins: must hold str, re.Pattern or None, not {pattern!r}")

    def _check_subprotocols(self) -> None:
        fields.sequence("subprotocols", self.subprotocols)
        for name in self.subprotocols:
            if not isinstance(name, str):
                raise TypeError(f"subprotocols: must hold str, not {name!r}")
            if not is_token(name):
                raise ValueError(f"subprotocols: {name!r} is not a token (RFC 6455 §4.1)")

    def _check_limits(self) -> None:
        fields.integer("worker_count", self.worker_count, 1, 255)
        fields.integer("max_conn", self.max_conn, 1)
        fields.integer("max_message_size", self.max_message_size, 1)
        fields.integer("max_fragments", self.max_fragments, 1)
        fields.integer("max_write_buffer", self.max_write_buffer, 1)
        fields.seconds("ping_interval", self.ping_interval, optional=True)
        fields.seconds("ping_timeout", self.ping_timeout, optional=True)
        fields.seconds("close_timeout", self.close_timeout)
        fields.seconds("write_timeout", self.write_timeout, optional=True)


def _runs_parallel() -> bool:
    """Whether this is a free-threaded CPython with its GIL off."""
    enabled: Callable[[], bool] | None = getattr(sys, "_is_gil_enabled", None)
    return enabled is not None and not enabled()


def _cores() -> int:
    """How many cores this process may use, at most 255."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(usable, 255)
