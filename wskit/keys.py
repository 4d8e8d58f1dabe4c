"""Masking keys for clients: unpredictable (RFC 6455 §5.3), yet not one system call each."""

from __future__ import annotations

import os
from struct import Struct

__all__ = ["next_key"]

_BATCH = Struct("<256I")
_keys: list[int] = []


def next_key() -> int:
    """Return a fresh key below 2**32 from a pool of ``os.urandom``; callable from any thread."""
    while True:
        try:
            return _keys.pop()  # atomic, so no two frames share a key
        except IndexError:
            _keys.extend(_BATCH.unpack(os.urandom(_BATCH.size)))


if hasattr(os, "register_at_fork"):
    # Else parent and child would mask with the same keys.
    os.register_at_fork(after_in_child=_keys.clear)
