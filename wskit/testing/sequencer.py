"""An order for what several threads do, without sleeping; the idea is trio.testing's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .. import fields
from .timeouts import Patience

__all__ = ["Sequencer"]


class Sequencer:
    """``with seq(0): ...`` in one thread comes before ``with seq(1): ...`` in another.

    The numbers begin at 0 and each is used once. When a wait is over in vain, or a block raises,
    the sequence is broken: every wait of it ends, now and later, with RuntimeError.
    """

    def __init__(self, *, timeout: float | None = None) -> None:
        """Each wait takes up to ``timeout`` seconds; None stands for the default of the test."""
        fields.seconds("timeout", timeout, optional=True)
        self._timeout = timeout
        self._changed = threading.Condition()  # its lock guards what follows
        self._used: set[int] = set()
        self._turn = 0
        self._broken: str | None = None

    @contextmanager
    def __call__(self, position: int) -> Iterator[None]:
        """Enter the block when all lower numbers have left theirs.

        Raises AssertionError when that takes too long, naming the number that is missing, and
        RuntimeError for a number that was used before and in a broken sequence.
        """
        __tracebackhide__ = True
        fields.integer("position", position, 0)
        self._claim(position)
        self._await(position)
        try:
            yield
        except BaseException as error:
            self._break(f"seq({position}) raised {type(error).__name__}")
            raise
        with self._changed:
            self._turn += 1
            self._changed.notify_all()

    def _claim(self, position: int) -> None:
        with self._changed:
            if position in self._used:
                raise RuntimeError(f"position: {position} was used before")
            self._used.add(position)

    def _await(self, position: int) -> None:
        __tracebackhide__ = True
        patience = Patience(self._timeout)
        with self._changed:
            while self._broken is None and self._turn != position:
                if not (left := patience.left):
                    break
                self._changed.wait(left)
            if self._broken is not None:
                raise RuntimeError(f"seq({position}): the sequence is broken, {self._broken}")
            if self._turn == position:
                return
            missing = self._turn
            fate = "did not end" if missing in self._used else "never came"
        self._break(f"seq({missing}) {fate}")
        raise AssertionError(f"seq({position}): waited {patience} for seq({missing}), which {fate}")

    def _break(self, why: str) -> None:
        with self._changed:
            self._broken = self._broken or why
            self._changed.notify_all()
