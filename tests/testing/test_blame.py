"""Errors of handlers come before what they led to."""

from __future__ import annotations

import traceback

import pytest

from wskit.testing.blame import chain, culprit
from wskit.testing.failures import Failure, Failures


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def order(error: BaseException) -> list[str]:
    lines = traceback.format_exception(error)
    return [line.strip() for text in lines for line in text.splitlines() if line[:1].isupper()]


def test_cause_becomes_the_beginning_of_the_chain() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904
    except ValueError as error:
        chain(error, raised(OSError("handler")))
        shown = [line for line in order(error) if "Error" in line]
        assert shown == ["OSError: handler", "KeyError: 'first'", "ValueError: second"]


def test_what_is_shown_already_is_left_alone() -> None:
    handler, error = OSError("handler"), AssertionError("missed")
    error.__cause__ = handler
    chain(error, handler)
    assert error.__cause__ is handler
    assert handler.__cause__ is None
    chain(handler, handler)
    assert handler.__cause__ is None


def test_circles_end() -> None:
    one, other = OSError(), OSError()
    one.__context__, other.__context__ = other, one
    chain(one, ValueError())
    assert (one.__cause__, other.__cause__) == (None, None)


def test_notes_say_where_and_what_else() -> None:
    failures = [Failure("client_message", OSError("a")), Failure("close", KeyError("b"))]
    error = culprit(failures)
    assert str(error) == "a"
    assert error.__notes__ == [
        "raised in client_message, on a thread of wskit",
        "then KeyError in close: 'b'",
    ]


def test_traceback_begins_outside_of_wskit() -> None:
    from wskit.server.handlers import HandlerClass

    class Fails:
        def __init__(self, handshake: object, conn: object) -> None:
            raise OSError("mine")

        def client_message(self, data: str) -> None: ...

    failures = Failures()
    with pytest.raises(OSError, match="mine") as caught:
        HandlerClass(Fails).make(None, None, None)  # type: ignore[arg-type]
    in_wskit = caught.tb.tb_next
    failures.add("__init__", caught.value.with_traceback(in_wskit))
    assert in_wskit is not None
    assert in_wskit.tb_frame.f_code.co_name == "make"
    trace = caught.value.__traceback__
    assert trace is not None
    assert trace.tb_frame.f_code.co_name == "__init__"
    [failure] = failures.take()
    assert failure.known
    assert not failures.take()
    failures.clear()
    assert failures.first() is None
