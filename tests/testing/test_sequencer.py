"""The sequencer: an order for threads, and nobody who hangs when it does not come about."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.deadlines import scaled
from wskit.testing import Sequencer


def in_threads(*functions: Callable[[], None]) -> list[BaseException | None]:
    """Run ``functions`` at once and return what each raised."""
    raised: list[BaseException | None] = [None] * len(functions)

    def run(index: int) -> None:
        try:
            functions[index]()
        except BaseException as error:
            raised[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(10))
    return raised


def test_threads_take_turns() -> None:
    seq, order = Sequencer(timeout=scaled(2)), list[int]()

    def visit(*positions: int) -> None:
        for position in positions:
            with seq(position):
                order.append(position)

    assert in_threads(lambda: visit(1, 3, 4), lambda: visit(0, 2, 5)) == [None, None]
    assert order == [0, 1, 2, 3, 4, 5]


def test_each_number_once() -> None:
    seq = Sequencer()
    with seq(0):
        pass
    with pytest.raises(RuntimeError, match="position: 0 was used before"), seq(0):
        pass
    with seq(1):
        pass


def test_a_number_that_never_comes_is_named() -> None:
    seq = Sequencer(timeout=0.02)
    with pytest.raises(AssertionError, match=r"seq\(2\): waited 0.02 s for seq\(0\), which never"):
        seq(2).__enter__()
    with (
        pytest.raises(RuntimeError, match=r"seq\(1\): the sequence is broken, seq\(0\) never came"),
        seq(1),
    ):
        pass


def test_a_block_that_does_not_end_is_named() -> None:
    seq = Sequencer(timeout=0.02)
    with (
        seq(0),
        pytest.raises(AssertionError, match=r"for seq\(0\), which did not end"),
    ):
        seq(1).__enter__()


def test_a_block_that_raises_wakes_the_others() -> None:
    seq = Sequencer(timeout=scaled(30))
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        with seq(1):
            raise AssertionError("not reached")

    def fail() -> None:
        with seq(0):
            assert waiting.wait(scaled(2))
            raise KeyError

    broken, failed = in_threads(wait, fail)
    assert isinstance(failed, KeyError)
    assert isinstance(broken, RuntimeError)
    assert str(broken) == "seq(1): the sequence is broken, seq(0) raised KeyError"


def test_one_timeout_ends_every_wait() -> None:
    seq = Sequencer(timeout=0.05)
    raised = in_threads(*(lambda n=n: seq(n).__enter__() for n in (1, 2, 3)))
    assert {type(error) for error in raised} <= {AssertionError, RuntimeError}
    assert AssertionError in map(type, raised)
    assert None not in raised


def test_the_default_is_that_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    from wskit.testing.timeouts import defaults

    monkeypatch.setattr(defaults, "timeout", 0.01)
    with pytest.raises(AssertionError, match=r"waited 0\.01 s"):
        Sequencer()(1).__enter__()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="position: "), Sequencer()(-1):
        pass
    with pytest.raises(TypeError, match="position: "), Sequencer()("0"):  # type: ignore[arg-type]
        pass
    with pytest.raises(ValueError, match="timeout: "):
        Sequencer(timeout=0)
