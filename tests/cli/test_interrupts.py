"""SIGTERM interrupts like Ctrl-C where it is asked to, and nowhere else."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from wskit.cli.interrupts import interruptibly, sigterm_interrupts


def test_sigterm_raises_keyboard_interrupt_inside() -> None:
    with sigterm_interrupts(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_what_was_there_before_is_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with contextlib.suppress(KeyError), sigterm_interrupts():
        assert signal.getsignal(signal.SIGTERM) is not before
        raise KeyError
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_gets_through_while_a_thread_is_waited_for() -> None:
    """However the signal meets the wait, a thousandth of a second apart each time."""
    main = threading.main_thread().ident
    assert main is not None
    for delay in range(20):
        ended = threading.Event()
        late = threading.Timer(delay / 1000, signal.pthread_kill, (main, signal.SIGINT))

        def work(late: threading.Timer = late, ended: threading.Event = ended) -> None:
            late.start()
            ended.wait()

        with pytest.raises(KeyboardInterrupt):
            interruptibly(work)
        ended.set()
        late.join()


def test_work_is_done_when_nothing_interrupts_it() -> None:
    done: list[int] = []
    interruptibly(lambda: done.append(1))
    assert done == [1]


def test_what_the_work_raises_is_raised_here() -> None:
    def fails() -> None:
        raise KeyError("planted")

    with pytest.raises(KeyError, match="planted"):
        interruptibly(fails)
