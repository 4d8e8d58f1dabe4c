"""From a URL to an open connection in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from .. import fields
from ..buffers import BufferProvider
from ..errors import HeaderFields
from ..protocol.extensions import Compression
from ..protocol.headers import request_fields
from ..timers import Clock
from ..urls import parse_url
from .client import Client
from .config import ClientConfig

if TYPE_CHECKING:
    import ssl

__all__ = ["connect"]


def connect(
    url: str,
    *,
    headers: str | HeaderFields = (),
    subprotocols: Sequence[str] = (),
    origin: str | None = None,
    compression: Compression | None = None,
    ssl_context: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    unix_path: str | None = None,
    proxy: str | bool | None = True,
    connect_timeout: float | None = 10.0,
    handshake_timeout: float | None = 10.0,
    read_timeout: float | None = None,
    write_timeout: float | None = 10.0,
    close_timeout: float = 10.0,
    ping_interval: float | None = 20.0,
    ping_timeout: float | None = 20.0,
    max_size: int = 1 << 20,
    max_fragments: int = 4096,
    buffer_size: int = 4096,
    buffer_provider: BufferProvider | None = None,
    mask_fn: Callable[[], int] | None = None,
    inspect: bool | Literal["tcp"] = False,
    clock: Clock = time.monotonic,
) -> Client:
    """Connect to a ws:// or wss:// ``url``, do the opening handshake, return the open client.

    The fields of ClientConfig explain the arguments, Client the ``clock``. A user and password in
    the URL become an Authorization header. Raises ValueError and TypeError for wrong arguments,
    HandshakeError for a refusal, OSError and TimeoutError; nothing is left open then.
    """
    parts = parse_url(url)
    fields.seconds("handshake_timeout", handshake_timeout, optional=True)
    own = request_fields(headers)
    if parts.authorization is not None and not any(n.lower() == "authorization" for n, _ in own):
        own.append(("Authorization", parts.authorization))
    config = ClientConfig(
        host=parts.host,
        port=parts.port,
        tls=parts.secure,
        ssl_context=ssl_context,
        server_hostname=server_hostname,
        unix_path=unix_path,
        proxy=proxy,
        connect_timeout=connect_timeout,
        max_size=max_size,
        max_fragments=max_fragments,
        buffer_size=buffer_size,
        buffer_provider=buffer_provider,
        mask_fn=mask_fn,
        subprotocols=subprotocols,
        origin=origin,
        compression=compression,
        read_timeout=read_timeout,
        write_timeout=write_timeout,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        close_timeout=close_timeout,
        inspect=inspect,
    )
    client = Client(config, clock=clock)
    client.handshake(parts.target, own, handshake_timeout)
    return client
