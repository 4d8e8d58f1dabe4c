"""wskit: test, check, fuzz and watch WebSocket software, on the wire.

Names are loaded when they are first used, so that ``import wskit`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .buffers import BufferProvider, PoolStats
    from .client import Client, ClientConfig, connect
    from .conn import Conn
    from .errors import (
        ConnectionClosed,
        HandshakeError,
        HandshakeRejected,
        InvalidPayload,
        MessageTooBig,
        ProtocolError,
        WebSocketError,
        WriteTimeout,
    )
    from .protocol.extensions import Compression
    from .protocol.frames import frame_bin, frame_text
    from .protocol.handshake import Handshake
    from .protocol.opcodes import CloseCode, Message, MessageType, Opcode
    from .server import (
        BufferConfig,
        HandshakeConfig,
        Server,
        ServerConfig,
        ThreadPoolConfig,
        blocking_mode,
    )
    from .stats import ConnStats, ServerStats

__version__ = "0.1.0"

_HOMES = {
    "buffers": ("BufferProvider", "PoolStats"),
    "client": ("Client", "ClientConfig", "connect"),
    "conn": ("Conn",),
    "errors": (
        "ConnectionClosed",
        "HandshakeError",
        "HandshakeRejected",
        "InvalidPayload",
        "MessageTooBig",
        "ProtocolError",
        "WebSocketError",
        "WriteTimeout",
    ),
    "protocol.extensions": ("Compression",),
    "protocol.frames": ("frame_bin", "frame_text"),
    "protocol.handshake": ("Handshake",),
    "protocol.opcodes": ("CloseCode", "Message", "MessageType", "Opcode"),
    "server": (
        "BufferConfig",
        "HandshakeConfig",
        "Server",
        "ServerConfig",
        "ThreadPoolConfig",
        "blocking_mode",
    ),
    "stats": ("ConnStats", "ServerStats"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BufferConfig",
    "BufferProvider",
    "Client",
    "ClientConfig",
    "CloseCode",
    "Compression",
    "Conn",
    "ConnStats",
    "ConnectionClosed",
    "Handshake",
    "HandshakeConfig",
    "HandshakeError",
    "HandshakeRejected",
    "InvalidPayload",
    "Message",
    "MessageTooBig",
    "MessageType",
    "Opcode",
    "PoolStats",
    "ProtocolError",
    "Server",
    "ServerConfig",
    "ServerStats",
    "ThreadPoolConfig",
    "WebSocketError",
    "WriteTimeout",
    "__version__",
    "blocking_mode",
    "connect",
    "frame_bin",
    "frame_text",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'wskit' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return __all__
