"""wskit.testing: expectations for WebSocket software, on real bytes, with or without pytest.

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..archives import Recording, read_har
    from .accepting import ServerPeer
    from .asgi import LiveApp, ws_asgi
    from .clients import ws_client
    from .clocks import ManualClock
    from .fault_proxy import FaultProxy, fault_proxy
    from .har import har_text
    from .pairs import ws_pair
    from .peer import Peer
    from .recordings import RecordedServer, ws_record
    from .replaying import replay
    from .scripts import ScriptedServer, ws_script
    from .sequencer import Sequencer
    from .servers import LiveServer, ws_server
    from .wishes import Closed, Rejection
    from .wsgi import LiveWSGIApp, ws_wsgi
    from .wtt import WebSocketTest
    from .wtt_client import ClientTest

_HOMES = {
    "accepting": ("ServerPeer",),
    ".archives": ("Recording", "read_har"),
    "har": ("har_text",),
    "recordings": ("RecordedServer", "ws_record"),
    "replaying": ("replay",),
    "asgi": ("LiveApp", "ws_asgi"),
    "clients": ("ws_client",),
    "clocks": ("ManualClock",),
    "fault_proxy": ("FaultProxy", "fault_proxy"),
    "wishes": ("Closed", "Rejection"),
    "pairs": ("ws_pair",),
    "peer": ("Peer",),
    "sequencer": ("Sequencer",),
    "scripts": ("ScriptedServer", "ws_script"),
    "servers": ("LiveServer", "ws_server"),
    "wsgi": ("LiveWSGIApp", "ws_wsgi"),
    "wtt": ("WebSocketTest",),
    "wtt_client": ("ClientTest",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ClientTest",
    "Closed",
    "FaultProxy",
    "LiveApp",
    "LiveServer",
    "LiveWSGIApp",
    "ManualClock",
    "Peer",
    "RecordedServer",
    "Recording",
    "Rejection",
    "ScriptedServer",
    "Sequencer",
    "ServerPeer",
    "WebSocketTest",
    "fault_proxy",
    "har_text",
    "read_har",
    "replay",
    "ws_asgi",
    "ws_client",
    "ws_pair",
    "ws_record",
    "ws_script",
    "ws_server",
    "ws_wsgi",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'wskit.testing' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return __all__
