"""Buffer pools: what connections read into, and the loans for payloads that do not fit there.

A connection reads into a small buffer of its own, or into one borrowed from a pool for as long as
it holds something unread; reading more than one frame at once happens only there. A payload that
does not fit borrows a large buffer, filled with this frame alone, back in the pool as soon as the
message is delivered. A pool bounds the memory that is kept, not the memory that is used: when it
is empty, or the wish is larger than its buffers, the loan is made for the occasion.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import MessageTooBig
from .primitives import make_lock

__all__ = ["BufferProvider", "PoolStats"]


@dataclass(frozen=True, slots=True)
class PoolStats:
    """A pool at one moment; sizes in bytes, the rest are numbers of buffers or loans.

    ``hits`` are loans from the pool, ``misses`` those of its size when it was empty, ``dynamic``
    all loans made for the occasion (misses included) with ``dynamic_bytes`` in sum.
    """

    size: int
    count: int
    available: int
    in_use: int
    high_water: int
    hits: int
    misses: int
    dynamic: int
    dynamic_bytes: int


class BufferProvider:
    """A pool of ``count`` buffers of ``size`` bytes that lends up to ``max`` bytes at a time.

    Share one among clients to bound what they keep. Every method may be called from any thread.
    """

    def __init__(self, count: int = 1, size: int = 65536, max: int = 65536) -> None:
        """Keep up to ``count`` buffers, made when they are first needed.

        With ``count`` or ``size`` 0 every loan is dynamic.
        """
        for name, value in (("count", count), ("size", size), ("max", max)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name}: must be an int, not {type(value).__name__}")
            if value < 0:
                raise ValueError(f"{name}: must not be negative, not {value}")
        self.count = count if size else 0
        self.size = size
        self.max = max
        self._lock = make_lock()  # guards everything below
        self._free: list[bytearray] = []
        self._unmade = self.count  # of the pool's buffers, those that nobody has needed yet
        self._in_use = self._high_water = 0
        self._hits = self._misses = self._dynamic = self._dynamic_bytes = 0

    def lend(self, size: int) -> bytearray:
        """Return a buffer of at least ``size`` bytes; MessageTooBig above ``max``."""
        if size > self.max:
            raise MessageTooBig("message too big")
        with self._lock:
            self._in_use += 1
            if self._in_use > self._high_water:
                self._high_water = self._in_use
            if size <= self.size:
                if self._free:
                    self._hits += 1
                    return self._free.pop()  # the warmest one
                if self._unmade:
                    self._hits += 1
                    self._unmade -= 1
                    return bytearray(self.size)
                self._misses += 1
            self._dynamic += 1
            self._dynamic_bytes += size
        return bytearray(size)

    def release(self, buffer: bytearray) -> None:
        """Take a lent buffer back: into the pool if it fits there, else it is freed."""
        with self._lock:
            self._in_use -= 1
            if len(buffer) == self.size and len(self._free) + self._unmade < self.count:
                self._free.append(buffer)

    def stats(self) -> PoolStats:
        """Return the counters as they are now."""
        with self._lock:
            return PoolStats(
                self.size,
                self.count,
                len(self._free) + self._unmade,
                self._in_use,
                self._high_water,
                self._hits,
                self._misses,
                self._dynamic,
                self._dynamic_bytes,
            )
