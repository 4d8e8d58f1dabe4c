"""The WebSocket protocol as a library of its own: bytes in, events and bytes out.

The law of this package: no socket, thread, clock, log or randomness (RFC 6455, RFC 7692).
"""

from __future__ import annotations

__all__: list[str] = []  # its modules are imported by name, so that each costs only itself
