"""What bytes pass through in a relay: stages, and what stages can ask for.

The law of this file: a stage never waits and never touches a socket. It says what to do, in order:
send bytes, wait, hold at a gate, end; the relay does it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol as Interface
from typing import TypeAlias

__all__ = ["Ending", "Gate", "Item", "Stage", "Wait", "through"]


class Ending(Enum):
    """How a stream can end."""

    END = "end"  # the end of this direction: FIN
    CUT = "cut"  # FIN in both directions, and what still comes is dropped
    RESET = "reset"  # RST to both ends


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing more goes this way for ``seconds``."""

    seconds: float


class Gate:
    """Nothing more goes this way until ``release``. From any thread."""

    def __init__(self) -> None:
        """It is closed."""
        self._changed = threading.Condition()  # its lock guards what follows
        self._open = False
        self._waiting: list[Callable[[], None]] = []

    def reach(self, wake: Callable[[], None]) -> bool:
        """Whether the gate is open; if not, ``wake`` is called when it is."""
        with self._changed:
            if not self._open and wake not in self._waiting:
                self._waiting.append(wake)
                self._changed.notify_all()
            return self._open

    def leave(self, wake: Callable[[], None]) -> None:
        """Forget ``wake``, if it waits."""
        with self._changed:
            if wake in self._waiting:
                self._waiting.remove(wake)

    def release(self) -> None:
        """Open it for good."""
        with self._changed:
            self._open = True
            waiting, self._waiting = self._waiting, []
            self._changed.notify_all()
        for wake in waiting:
            wake()

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until somebody is held here; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._waiting), timeout)


Item: TypeAlias = bytes | Wait | Gate | Ending
"""What a stage gives: bytes to send in one piece, or what to do before the next."""


class Stage(Interface):
    """What happens in one direction of one connection; for the relay's thread."""

    def pass_on(self, data: bytes) -> Iterable[Item]:
        """Return what becomes of ``data``, the next bytes of the stream.

        They are never empty but for ``Relay.nudge``.
        """


def through(stages: Sequence[Stage], data: bytes) -> list[Item]:
    """Return what becomes of ``data`` in all ``stages``, one after the other."""
    items: list[Item] = [data]
    for stage in stages:
        items = list(_one_stage(stage, items))
    return items


def _one_stage(stage: Stage, items: list[Item]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, bytes):
            yield from stage.pass_on(item)
        else:
            yield item
