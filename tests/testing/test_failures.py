"""Exceptions of handlers: collected once, seen once, shared by blocks that overlap."""

from __future__ import annotations

import threading
import time

import pytest

from tests.deadlines import scaled
from wskit import watching
from wskit.testing.failures import Failures, collected
from wskit.testing.timeouts import Patience


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def test_each_is_unknown_until_a_test_has_seen_it() -> None:
    failures = Failures()
    assert failures.first() is None
    failures.add("close", one := ValueError("1"))
    failures.failed(None, "client_message", two := KeyError("2"))
    assert [(each.where, each.error) for each in failures.unknown()] == [
        ("close", one),
        ("client_message", two),
    ]
    assert failures.wait(KeyError, 0) is two
    assert failures.wait(KeyError, 0) is None
    assert failures.first() is one
    assert failures.first() is None
    assert failures.unknown() == []


def test_the_first_stands_for_all() -> None:
    failures = Failures()
    failures.add("a", one := ValueError("1"))
    failures.add("b", ValueError("2"))
    assert failures.first() is one
    assert failures.first() is None


def test_waiting_is_for_a_kind_and_ends_when_it_comes() -> None:
    failures = Failures()
    failures.add("x", KeyError("other"))
    error = LookupError("late")
    thread = threading.Timer(0.01, lambda: failures.add("x", error))
    thread.start()
    start = time.monotonic()
    assert failures.wait(LookupError, 0) is not error, "a KeyError is a LookupError"
    assert failures.wait(LookupError, scaled(5)) is error
    assert time.monotonic() - start < scaled(2)
    thread.join()
    assert failures.wait(OSError, 0.001) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), pytest.exit.Exception("x")])
def test_what_would_end_more_than_a_test_is_a_cause(error: BaseException) -> None:
    failures = Failures()
    failures.raise_first()
    failures.add("close", error)
    with pytest.raises(RuntimeError, match="a handler raised") as caught:
        failures.raise_first()
    assert caught.value.__cause__ is error


def test_what_a_handler_says_to_pytest_is_raised_as_it_is() -> None:
    failures = Failures()
    failures.add("close", ValueError("x"))
    with pytest.raises(ValueError, match="x"):
        failures.raise_first()
    failures.add("close", pytest.fail.Exception("so it is"))
    with pytest.raises(pytest.fail.Exception, match="so it is"):
        failures.raise_first()


def test_what_is_cleared_is_gone() -> None:
    failures = Failures()
    failures.add("x", ValueError())
    failures.clear()
    assert failures.take() == []


def test_the_traceback_begins_in_the_handler() -> None:
    failures = Failures()
    error = raised(ValueError())
    failures.add("x", error)
    assert error.__traceback__ is not None
    assert error.__traceback__.tb_frame.f_code.co_name == "raised"


def test_a_traceback_of_the_library_alone_is_kept() -> None:
    """Somewhere it must begin."""
    failures = Failures()
    with pytest.raises(TypeError) as caught:
        Patience("soon")  # type: ignore[arg-type]
    error = caught.value
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next  # without the frame of this test
    failures.add("x", error)
    assert error.__traceback__ is not None


def test_blocks_that_overlap_share_a_collection_until_the_last_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They may end in any order: two pairs side by side do."""
    monkeypatch.setattr("wskit.testing.failures._current", None)
    monkeypatch.setattr("wskit.testing.failures._users", 0)
    one, other = collected(), collected()
    failures = one.__enter__()
    try:
        assert other.__enter__() is failures
        one.__exit__(None, None, None)
        watching.failed(None, "close", error := ValueError())
        assert failures.first() is error
    finally:
        other.__exit__(None, None, None)
    watching.failed(None, "close", unwatched := ValueError())
    assert failures.first() is None
    with collected() as fresh:
        assert fresh is not failures
    # Whoever watches the whole run has heard of them, too.
    monkeypatch.undo()
    with collected() as outer:
        seen = [failure.error for failure in outer.take()]
    assert seen in ([], [error, unwatched])
