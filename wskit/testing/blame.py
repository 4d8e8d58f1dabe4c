"""Tracebacks of handlers, put before what they led to in a test."""

from __future__ import annotations

from collections.abc import Sequence

from .failures import Failure, raisable

__all__ = ["chain", "culprit"]


def culprit(failures: Sequence[Failure]) -> BaseException:
    """Return the first error of ``failures``, which are some; notes say where, and what else."""
    first, *others = failures
    error = raisable(first.error)
    error.add_note(f"raised in {first.where}, on a thread of wskit")
    for other in others:
        error.add_note(f"then {type(other.error).__name__} in {other.where}: {other.error}")
    return error


def chain(error: BaseException, cause: BaseException) -> None:
    """Make ``cause`` the beginning of what led to ``error``, so that it is shown first."""
    seen = {id(error)}
    while (before := _before(error)) is not None:
        if id(before) in seen:
            return
        seen.add(id(before))
        error = before
    if id(cause) not in seen:
        error.__cause__ = cause


def _before(error: BaseException) -> BaseException | None:
    """Return what a traceback shows before ``error``."""
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__
