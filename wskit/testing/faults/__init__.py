"""Faults on demand: what goes wrong on a network and with careless peers, one object for each.

A fault is an immutable description and may serve any number of connections; each connection keeps
its own counts. Several faults are applied in their order: what the first lets through reaches the
second. Only ``release()`` of Stall and SlowReader is for all connections at once.
"""

from .altering import Corrupt, DropPongs, Duplicate, SwallowClose
from .endings import Cut, HalfClose, Reset
from .fault import Direction, Fault
from .timing import Delay, Dribble, SlowReader, Stall, Throttle

__all__ = [
    "Corrupt",
    "Cut",
    "Delay",
    "Direction",
    "Dribble",
    "DropPongs",
    "Duplicate",
    "Fault",
    "HalfClose",
    "Reset",
    "SlowReader",
    "Stall",
    "SwallowClose",
    "Throttle",
]
