"""Coverage guidance: which lines of the code under test a run has reached that none reached before.

The law of this file: only the files named are watched, and nothing is, between ``start`` and
``stop`` of nobody. Python 3.12 watches with ``sys.monitoring``, where a line costs once, ever;
3.11 with ``sys.settrace``, where it costs each time, so that callers watch a part of the runs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed import TraceFunction

__all__ = ["Guide", "lines_of", "make_guide"]

_PACKAGE = Path(__file__).parents[1]
_NAME = "wskit fuzz"


class Guide(Protocol):
    """Watches some files; ``reached`` grows. ``costs`` says whether each watched run is slowed."""

    costs: bool

    @property
    def reached(self) -> int:
        """How many lines, or ways from line to line, were reached ever."""

    @property
    def lines(self) -> set[tuple[str, int]]:
        """The lines reached, by file."""

    def start(self) -> None:
        """Watch from here, in this thread and those that start later."""

    def stop(self) -> None:
        """Watch no more."""


def make_guide(files: Iterable[str]) -> Guide:
    """Return what this Python has; ``files`` are relative to the package, such as "conn.py"."""
    paths = frozenset(str(_PACKAGE / file) for file in files)
    return _Monitoring(paths) if sys.version_info >= (3, 12) else _Tracing(paths)


def lines_of(files: Iterable[str]) -> set[tuple[str, int]]:
    """Return every line inside a function of ``files``: what a run can reach at all."""
    found: set[tuple[str, int]] = set()
    for file in files:
        path = str(_PACKAGE / file)
        module = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        for code in _functions(module):
            lines = {line for _, _, line in code.co_lines() if line is not None}
            found |= {(path, line) for line in lines - {code.co_firstlineno}}
    return found


def _functions(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 0x02:  # CO_NEWLOCALS: a function, not the body of a class
                yield constant
            yield from _functions(constant)


class _Tracing:
    """By ``sys.settrace``: notes each way from a line to the next."""

    costs = True

    def __init__(self, paths: frozenset[str]) -> None:
        self._paths = paths
        self._ways: set[tuple[CodeType, int, int]] = set()
        self._before: tuple[TraceFunction | None, TraceFunction | None] = (None, None)
        self._started = False

    @property
    def reached(self) -> int:
        return len(self._ways)

    @property
    def lines(self) -> set[tuple[str, int]]:
        return {(code.co_filename, line) for code, _, line in self._ways.copy()}

    def start(self) -> None:
        # A debugger, or what measures the coverage of tests, goes on afterwards.
        self._before = (sys.gettrace(), threading.gettrace())
        threading.settrace(self._called)
        sys.settrace(self._called)
        self._started = True

    def stop(self) -> None:
        if not self._started:
            return
        self._started = False
        mine, others = self._before
        sys.settrace(mine)
        threading.settrace(others)

    def _called(self, frame: FrameType, event: str, value: object) -> TraceFunction | None:
        if frame.f_code.co_filename not in self._paths:
            return None
        code, ways, last = frame.f_code, self._ways, 0

        def step(frame: FrameType, event: str, value: object) -> TraceFunction:
            nonlocal last
            if event == "line":
                ways.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step


class _Monitoring:
    """By ``sys.monitoring``: each line reports once, in whichever thread, and never again."""

    costs = False

    def __init__(self, paths: frozenset[str]) -> None:
        self._paths = paths
        self._lines: set[tuple[str, int]] = set()
        self._tool: int | None = None

    @property
    def reached(self) -> int:
        return len(self._lines)

    @property
    def lines(self) -> set[tuple[str, int]]:
        return set(self._lines)

    def start(self) -> None:
        if sys.version_info >= (3, 12):
            monitoring = sys.monitoring
            free = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
            if self._tool is not None or not free:
                return  # where debuggers and profilers have taken all, there is no guidance
            self._tool = free[-1]
            monitoring.use_tool_id(self._tool, _NAME)
            monitoring.register_callback(self._tool, monitoring.events.LINE, self._line)
            monitoring.set_events(self._tool, monitoring.events.LINE)
            monitoring.restart_events()

    def stop(self) -> None:
        if sys.version_info >= (3, 12) and self._tool is not None:
            monitoring = sys.monitoring
            monitoring.set_events(self._tool, 0)
            monitoring.register_callback(self._tool, monitoring.events.LINE, None)
            monitoring.free_tool_id(self._tool)
            self._tool = None

    def _line(self, code: CodeType, line: int) -> object:
        if code.co_filename in self._paths:
            self._lines.add((code.co_filename, line))
        if sys.version_info >= (3, 12):
            return sys.monitoring.DISABLE
        return None
