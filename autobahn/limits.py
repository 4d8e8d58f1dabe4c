"""The limits that both wskit peers raise, since the suite goes beyond the defaults."""

from __future__ import annotations

__all__ = ["MAX_FRAGMENTS", "MAX_MESSAGE_SIZE"]

# Cases 9.1.6 and 9.2.6 send one message of 16 MiB.
MAX_MESSAGE_SIZE = 16 * 1024 * 1024

# Cases 9.3.1 and 9.4.1 send 4 MiB in fragments of 64 bytes: 65,536, and an empty last one.
MAX_FRAGMENTS = 4 * 1024 * 1024 // 64 + 1
