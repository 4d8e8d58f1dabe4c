"""wskit.testing: expectations for WebSocket software, on real bytes, with or without pytest.

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clients import ws_client
    from .pairs import ws_pair
    from .peer import Peer
    from .servers import LiveServer, ws_server
    from .wishes import Closed, Rejection
    from .wtt import WebSocketTest

_HOMES = {
    "clients": ("ws_client",),
    "wishes": ("Closed", "Rejection"),
    "pairs": ("ws_pair",),
    "peer": ("Peer",),
    "servers": ("LiveServer", "ws_server"),
    "wtt": ("WebSocketTest",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Closed",
    "LiveServer",
    "Peer",
    "Rejection",
    "WebSocketTest",
    "ws_client",
    "ws_pair",
    "ws_server",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'wskit.testing' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return __all__
