"""The methods of a handler class, looked at once, so that a wrong one is an error then.

A message callback has one of four shapes: ``(data)``, ``(data, type)``, ``(allocator, data)``,
``(allocator, data, type)``. A first parameter named ``allocator`` tells the two in the middle
apart.
"""

from __future__ import annotations

import inspect
import math
from enum import Enum

__all__ = ["MessageShape", "defines", "message_shape", "takes"]

_REST = inspect.Parameter.VAR_POSITIONAL
_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


class MessageShape(Enum):
    """Which arguments a message callback takes."""

    DATA = ("data",)
    DATA_TYPE = ("data", "type")
    ALLOCATOR_DATA = ("allocator", "data")
    ALLOCATOR_DATA_TYPE = ("allocator", "data", "type")


def message_shape(handler: type, name: str) -> MessageShape:
    """Return the shape of the method ``name``; TypeError if it is missing or has another."""
    if not defines(handler, name):
        raise TypeError(f"{handler.__name__}: must have a method {name}(self, data)")
    names = [p.name for p in _positional(handler, name) if p.kind is not _REST]
    allocator = bool(names) and names[0] == "allocator"
    for shape in MessageShape:
        if len(shape.value) == len(names) and (shape.value[0] == "allocator") == allocator:
            return shape
    raise TypeError(
        f"{handler.__name__}.{name}: takes ({', '.join(names)}), must take (data), (data, type), "
        "(allocator, data) or (allocator, data, type) besides self"
    )


def takes(handler: type, name: str, *allowed: int) -> int:
    """Return how many of ``allowed`` arguments besides self to pass, the most that fit.

    Raises TypeError when none does.
    """
    parameters = _positional(handler, name)
    required = sum(p.default is p.empty and p.kind is not _REST for p in parameters)
    most = math.inf if any(p.kind is _REST for p in parameters) else len(parameters)
    for count in sorted(allowed, reverse=True):
        if required <= count <= most:
            return count
    wanted = " or ".join(map(str, allowed))
    raise TypeError(
        f"{handler.__name__}.{name}: takes {required} arguments besides self, must take {wanted}"
    )


def defines(handler: type, name: str) -> bool:
    """Whether ``handler`` has a method of that name."""
    return callable(getattr(handler, name, None))


def _positional(handler: type, name: str) -> list[inspect.Parameter]:
    """Return the parameters that are passed by position, without self; TypeError if others must be.

    The last may stand for any number of them.
    """
    method = getattr(handler, name)
    if method is getattr(object, name, None):
        return []  # object.__init__ says of itself that it takes anything
    parameters = list(inspect.signature(method).parameters.values())
    bound = isinstance(inspect.getattr_static(handler, name), staticmethod | classmethod)
    if not bound and parameters and parameters[0].kind is not _REST:
        del parameters[0]  # self
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and each.default is each.empty:
            raise TypeError(f"{handler.__name__}.{name}: {each.name} can only be given by keyword")
    return [p for p in parameters if p.kind in _POSITIONAL]
