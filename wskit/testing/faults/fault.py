"""What a fault is: a description that makes the stages of each connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from ... import fields
from ...relaying.stages import Stage

__all__ = ["Direction", "Fault", "check_direction", "check_faults", "stages_of"]

Direction = Literal["to_server", "to_client", "both"]
"""Which way the bytes go that a fault is about."""

_DIRECTIONS = ("to_server", "to_client", "both")


class Fault(ABC):
    """A description of what goes wrong. To make your own kind, write ``stage``."""

    direction: Direction
    needs_tcp: ClassVar[bool] = False  # it does nothing special on a socket pair

    @abstractmethod
    def stage(self, *, response: bool) -> Stage:
        """Return a new stage; ``response``: for what goes to the client."""

    def stages(self) -> tuple[Stage | None, Stage | None]:
        """Return new stages for one connection: to the server and to the client."""
        return (
            self.stage(response=False) if self.direction != "to_client" else None,
            self.stage(response=True) if self.direction != "to_server" else None,
        )


def check_direction(direction: object) -> None:
    """Raise ValueError unless ``direction`` is one."""
    if direction not in _DIRECTIONS:
        raise ValueError(f"direction: must be one of {', '.join(_DIRECTIONS)}, not {direction!r}")


def check_faults(faults: Sequence[Fault]) -> None:
    """Raise TypeError unless ``faults`` is a sequence of faults."""
    fields.sequence("faults", faults)
    for fault in faults:
        if not isinstance(fault, Fault):
            raise TypeError(f"faults: must hold faults such as Cut(5), not {fault!r}")


def stages_of(faults: Sequence[Fault]) -> tuple[list[Stage], list[Stage]]:
    """Return new stages of all ``faults`` for one connection: to the server and to the client.

    Raises TypeError for what is no fault, and whatever a fault that a test has written raises.
    """
    check_faults(faults)
    to_server: list[Stage] = []
    to_client: list[Stage] = []
    for fault in faults:
        one, other = fault.stages()
        to_server += [one] if one is not None else []
        to_client += [other] if other is not None else []
    return to_server, to_client
