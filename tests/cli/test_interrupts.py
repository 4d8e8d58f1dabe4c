"""SIGTERM interrupts like Ctrl-C where it is asked to, and nowhere else."""

from __future__ import annotations

import signal

import pytest

from wskit.cli.interrupts import sigterm_interrupts


def test_sigterm_raises_keyboard_interrupt_inside() -> None:
    with sigterm_interrupts(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_what_was_there_before_is_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="inside"), sigterm_interrupts():
        assert signal.getsignal(signal.SIGTERM) is not before
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGTERM) is before
