"""What a client can be told; every field is checked when the object is made.

Times are seconds, sizes bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .. import fields
from ..buffers import BufferProvider
from ..protocol.extensions import Compression
from ..protocol.headers import is_token

if TYPE_CHECKING:
    import ssl

__all__ = ["ClientConfig"]

_SMALLEST = 256  # the longest frame header and a control frame must fit the read buffer
# What may stand in a Host header without being anything else (RFC 3986 §3.2.2).
_HOST = re.compile(r"[^\x00-\x20\x7f-\U0010ffff/?#@\[\]\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Where to connect and how; ``connect(url)`` makes one from a URL."""

    host: str  # a name or an IP address, ASCII; also goes into the Host header
    port: int
    tls: bool = False
    ssl_context: ssl.SSLContext | None = None  # None: ssl.create_default_context()
    server_hostname: str | None = None  # what the certificate must be for; None: host
    unix_path: str | None = None  # connect to this socket instead of host and port
    proxy: str | bool | None = True  # http:// or socks5://; True: from the environment; else none
    connect_timeout: float | None = 10.0  # TCP, proxy and TLS together; None: no limit
    max_size: int = 1 << 20  # of a whole message, inflated; above it 1009
    max_fragments: int = 4096  # frames in one message; above it 1009
    buffer_size: int = 4096  # what the connection reads into
    buffer_provider: BufferProvider | None = None  # larger frames borrow here; None: made as needed
    mask_fn: Callable[[], int] | None = None  # masking keys below 2**32; None: from os.urandom
    subprotocols: Sequence[str] = ()  # offered, the preferred first
    origin: str | None = None  # the Origin header
    compression: Compression | None = None  # permessage-deflate; None: not offered
    read_timeout: float | None = None  # default of read(); None: wait
    write_timeout: float | None = (
        10.0  # how long a write waits for the peer to read; None: for ever
    )
    ping_interval: float | None = 20.0  # between keepalive pings; None: no keepalive
    ping_timeout: float | None = 20.0  # silence after a ping that ends the connection; None: never
    close_timeout: float = 10.0  # how long close() takes at the most
    inspect: bool | Literal["tcp"] = False  # let `wskit inspect --attach` of this user look on

    def __post_init__(self) -> None:
        """Check every field."""
        fields.instance("host", self.host, str)
        if not _HOST.fullmatch(self.host):
            raise ValueError(f"host: {self.host!r} is neither a name nor an IP address")
        fields.integer("port", self.port, 0 if self.unix_path else 1, 65535)
        fields.boolean("tls", self.tls)
        if not isinstance(self.proxy, bool | str | None):
            raise TypeError(f"proxy: must be a URL, True, False or None, not {self.proxy!r}")
        for name in ("server_hostname", "unix_path", "origin"):
            value = getattr(self, name)
            if value is not None:
                fields.instance(name, value, str)
                if not value:
                    raise ValueError(f"{name}: must not be empty")
        fields.integer("max_size", self.max_size, 1)
        fields.integer("max_fragments", self.max_fragments, 1)
        fields.integer("buffer_size", self.buffer_size, _SMALLEST)
        if self.buffer_provider is not None:
            fields.instance("buffer_provider", self.buffer_provider, BufferProvider)
        if self.compression is not None:
            fields.instance("compression", self.compression, Compression)
        if self.mask_fn is not None and not callable(self.mask_fn):
            raise TypeError("mask_fn: must be callable")
        self._check_tls_and_subprotocols()
        for name in ("connect_timeout", "write_timeout", "ping_interval", "ping_timeout"):
            fields.seconds(name, getattr(self, name), optional=True)
        fields.seconds("read_timeout", self.read_timeout, optional=True, zero=True)
        fields.seconds("close_timeout", self.close_timeout)
        fields.inspection(self.inspect)

    @property
    def message_limit(self) -> int:
        """The largest message: ``max_size``, or what a shared provider lends if that is less."""
        if self.buffer_provider is None:
            return self.max_size
        return min(self.max_size, self.buffer_provider.max)

    def _check_tls_and_subprotocols(self) -> None:
        if self.ssl_context is not None:
            if not self.tls:
                raise ValueError("ssl_context: needs tls (a wss:// URL)")
            if not hasattr(self.ssl_context, "wrap_socket"):
                raise TypeError("ssl_context: must be an ssl.SSLContext")
        if isinstance(self.subprotocols, str):
            raise TypeError("subprotocols: must be a sequence, not one str")
        for name in self.subprotocols:
            if not isinstance(name, str) or not is_token(name):
                raise ValueError(f"subprotocols: {name!r} is not a token (RFC 6455 §4.1)")
        if len(set(self.subprotocols)) < len(self.subprotocols):
            raise ValueError("subprotocols: must all be different (RFC 6455 §4.1)")
