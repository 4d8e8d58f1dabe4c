"""Ends a run that computes without end, wherever it is."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from .checks import ENDS, Violation, function_name

__all__ = ["SECONDS", "ends_in_time"]

SECONDS = 3.0
"""What a run may use of the processor; the longest input takes a tenth of one second."""


@contextlib.contextmanager
def ends_in_time() -> Iterator[None]:
    """Raise Violation of ENDS in the code below once it has used SECONDS of the processor.

    Does nothing outside of the main thread, which alone can be interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    # Time of the processor, not of the clock: a busy machine is no fault. Again and again, since
    # an exception is lost where it is raised in a finalizer.
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    place = "an unknown place"
    while frame is not None:
        if name := function_name(frame.f_code.co_filename, frame.f_code.co_name):
            place = name
            break
        frame = frame.f_back
    raise Violation(ENDS, f"still computing in {place}", place)
