"""What a proxy can be told; every field is checked when the object is made.

Times are seconds, sizes bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import fields
from ..client.config import ClientConfig
from ..urls import parse_url

if TYPE_CHECKING:
    import ssl

__all__ = ["ProxyConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConfig:
    """Where to listen, and which server is behind."""

    url: str  # of the server, ws:// or wss://; what clients ask for is joined to its path
    host: str = "127.0.0.1"  # where to listen, a name or an address; else than here is for all
    port: int = 0  # 0: a free one
    listen_ssl_context: ssl.SSLContext | None = None  # clients speak TLS; None: they do not
    ssl_context: ssl.SSLContext | None = None  # toward a wss server; None: the system's authorities
    keep_host: bool = False  # pass the client's Host header as it is
    proxy: str | bool | None = True  # on the way to the server, as with ClientConfig
    connect_timeout: float = 5.0  # to the server: TCP, proxy and TLS together
    head_timeout: float = 10.0  # for TLS and a client's request head
    preview: int = 1 << 20  # bytes that are told of a frame's payload, from its start
    feed_size: int = 10_000  # frames that wait to be taken; more are counted as lost
    server: ClientConfig = field(init=False, repr=False, compare=False)  # how to reach it
    target: str = field(init=False, repr=False, compare=False)  # path and query of url

    def __post_init__(self) -> None:
        """Check every field."""
        parts = parse_url(self.url)
        if parts.authorization is not None:
            raise ValueError("url: must have no user and password; the client's own headers pass")
        fields.instance("host", self.host, str)
        if not self.host:
            raise ValueError("host: must not be empty")
        fields.integer("port", self.port, 0, 65535)
        fields.boolean("keep_host", self.keep_host)
        fields.seconds("head_timeout", self.head_timeout)
        fields.seconds("connect_timeout", self.connect_timeout)
        fields.integer("preview", self.preview, 0)
        fields.integer("feed_size", self.feed_size, 1)
        context = self.listen_ssl_context
        if context is not None and not hasattr(context, "wrap_socket"):
            raise TypeError("listen_ssl_context: must be an ssl.SSLContext")
        server = ClientConfig(
            host=parts.host,
            port=parts.port,
            tls=parts.secure,
            ssl_context=self.ssl_context,
            proxy=self.proxy,
            connect_timeout=self.connect_timeout,
        )
        object.__setattr__(self, "server", server)
        object.__setattr__(self, "target", parts.target)
