"""The client: blocking calls, or a read loop that calls a handler."""

from __future__ import annotations

from .client import Client
from .config import ClientConfig
from .connecting import connect

__all__ = ["Client", "ClientConfig", "connect"]
