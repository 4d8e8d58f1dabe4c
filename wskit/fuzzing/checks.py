"""What is checked: the invariants of the design, by name, and how a broken one is told."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ACCEPTED",
    "BOUNDED",
    "CHECKS",
    "CUTS",
    "DIFFERS",
    "ENDS",
    "ERRORS",
    "FAITHFUL",
    "HEADERS_FIRST",
    "LIVE",
    "ONCE",
    "ONE_CLOSE",
    "PURE",
    "REFERENCE",
    "STATE",
    "Check",
    "Violation",
    "documented",
    "function_name",
]

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Check:
    """A promise; ``source`` is the invariant or the section that makes it."""

    name: str
    source: str


ERRORS = Check("errors are documented", "invariant 1")
CUTS = Check("cuts change nothing", "invariant 2")
FAITHFUL = Check("what one side sends the other receives", "invariant 3")
PURE = Check("pure equals compiled", "invariant 4")
ONE_CLOSE = Check("one close frame after an error", "invariant 5")
BOUNDED = Check("memory is bounded", "invariant 6")
ACCEPTED = Check("an independent decoder accepts what is sent", "invariant 7")
STATE = Check("state is explicit", "invariant 8")
HEADERS_FIRST = Check("headers are judged before payload", "invariant 9")
REFERENCE = Check("the reference decoder agrees", "RFC 6455, RFC 7692")
DIFFERS = Check("other libraries agree", "RFC 6455, RFC 7692")
ENDS = Check("every run ends", "invariant 1")
LIVE = Check("every connection ends in time", "RFC 6455 §7")
ONCE = Check("close is called once, last", "design: promises of both modes")

CHECKS = (
    *(ERRORS, CUTS, FAITHFUL, PURE, ONE_CLOSE, BOUNDED, ACCEPTED, STATE, HEADERS_FIRST),
    *(REFERENCE, ENDS, LIVE, ONCE),
)


class Violation(Exception):
    """``check`` failed; ``fault`` tells one cause from another where ``detail`` varies."""

    def __init__(self, check: Check, detail: str, fault: str = "") -> None:
        """``detail`` is one line: what was seen and what was expected."""
        super().__init__(f"{check.name}: {detail}")
        self.check = check
        self.detail = detail
        self.fault = fault


@contextlib.contextmanager
def documented(*errors: type[BaseException]) -> Iterator[None]:
    """Let ``errors`` and violations pass; any other exception is a violation of ERRORS."""
    try:
        yield
    except errors:
        raise
    except Violation:
        raise
    except Exception as error:
        place = _place(error)
        detail = f"{type(error).__name__} in {place}: {error}"[:300]
        raise Violation(ERRORS, detail, f"{type(error).__name__} in {place}") from error


def function_name(file: str, function: str) -> str:
    """Name a function of wskit that is not the fuzzer's; "" for others. No line: those move."""
    path = Path(file)
    if not path.is_relative_to(_PACKAGE) or "fuzzing" in path.parts:
        return ""
    return f"{path.relative_to(_PACKAGE).as_posix()} {function}"


def _place(error: BaseException) -> str:
    frames = reversed(traceback.extract_tb(error.__traceback__))
    names = (function_name(frame.filename, frame.name) for frame in frames)
    return next(filter(None, names), "the fuzzer itself")
