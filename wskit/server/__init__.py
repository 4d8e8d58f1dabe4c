"""The server: event mode over epoll or kqueue, and one thread per connection."""

from __future__ import annotations

from .config import BufferConfig, HandshakeConfig, ServerConfig, ThreadPoolConfig, blocking_mode
from .server import Server

__all__ = [
    "BufferConfig",
    "HandshakeConfig",
    "Server",
    "ServerConfig",
    "ThreadPoolConfig",
    "blocking_mode",
]
