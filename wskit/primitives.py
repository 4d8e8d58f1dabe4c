"""The lock and the socket of a connection: Python's, or what the compiled build has for them."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from .outbound import Transport
    from .tls import TLSSocket

try:
    from .native import DirectSocket, Lock
except ImportError:  # nothing is compiled, or only what can do without the global lock
    _COMPILED = False
else:
    _COMPILED = True

__all__ = ["direct", "make_lock"]


def make_lock() -> threading.Lock:
    """Return an unlocked lock for what is locked with every message."""
    return cast(threading.Lock, Lock()) if _COMPILED else threading.Lock()


def direct(transport: socket.socket | TLSSocket) -> Transport:
    """Return the quickest Transport on ``transport``; it is to be closed instead of that."""
    if _COMPILED and type(transport) is socket.socket:
        return DirectSocket(transport)
    return transport
