"""Serialises the work on one connection without a thread ever waiting for another.

The law of this file: ``step()`` runs in one thread at a time, and once more after every
``on_ready`` that found it running. All callbacks of a handler run inside a step, which is why they
never overlap and come in order.
"""

from __future__ import annotations

from collections.abc import Callable

from ..primitives import make_lock
from .hub import log
from .poller import HUNG_UP

__all__ = ["Turns"]


class Turns:
    """Something that threads take turns in working on."""

    __slots__ = ("_again", "_turn", "fd", "hung_up")

    def __init__(self, fd: int) -> None:
        """``fd`` is the descriptor whose readiness gives turns."""
        self.fd = fd
        self._turn = make_lock()  # held by the thread whose turn it is
        self._again = False
        self.hung_up = False  # the peer will send no more: read until the end is seen

    def on_ready(self, mask: int) -> None:
        """Work until there is nothing left, unless another thread does; it is told instead."""
        if mask & HUNG_UP:
            self.hung_up = True
        # The order matters. Whoever fails to take the turn has set the flag before, and whoever
        # holds the turn looks at the flag after giving it back: one of the two goes on.
        self._again = True
        turn = self._turn
        while self._again:
            if not turn.acquire(False):
                return
            try:
                self._again = False
                self.step()
            except Exception:  # a mistake in wskit must not end a thread that others need
                log.exception("a turn failed")
            finally:
                turn.release()

    def hold(self, work: Callable[[], None]) -> bool:
        """Do ``work`` as if in a turn; return whether somebody wanted one meanwhile.

        Whoever calls has to see to it that it is had.
        """
        with self._turn:
            work()
        return self._again

    def step(self) -> None:
        """Do what there is to do; called with the turn held."""
        raise AssertionError("step() belongs to the subclasses")
