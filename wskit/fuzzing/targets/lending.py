"""A lender that knows what is out, and spoils what comes back, so that late users are seen."""

from __future__ import annotations

from ..checks import BOUNDED, STATE, Violation

__all__ = ["CountingLender"]


class CountingLender:
    """Lends new buffers; ``held`` is what is out in bytes, ``most`` the most that ever was."""

    def __init__(self) -> None:
        """Nothing is lent."""
        self._out: dict[int, bytearray] = {}
        self.held = self.most = 0

    def lend(self, size: int) -> bytearray:
        """Return a buffer of ``size`` bytes that holds rubbish."""
        buffer = bytearray(b"\xa5") * size
        self._out[id(buffer)] = buffer
        self.held += size
        self.most = max(self.most, self.held)
        return buffer

    def release(self, buffer: bytearray) -> None:
        """Take it back; Violation for one that is not out."""
        if self._out.pop(id(buffer), None) is None:
            raise Violation(STATE, "a buffer came back that was not lent")
        self.held -= len(buffer)
        buffer[:] = b"\x5a" * len(buffer)

    def settle(self, received: int, small: int) -> None:
        """Check that all came back, and that no more was out than ``received`` bytes allow."""
        if self._out:
            raise Violation(BOUNDED, f"{len(self._out)} buffers never came back", "loans")
        # While a loan grows by four there are two of them; a loan begins with the small buffer.
        most = 5 * received + 2 * small
        if self.most > most:
            detail = f"{self.most} bytes were lent for {received} received, {most} allowed"
            raise Violation(BOUNDED, detail, "lent")
