"""Serves on behalf of the main thread, which only waits.

The law of this file: Ctrl-C, and what a signal handler raises, comes up in the main thread between
any two instructions. So nothing happens there that could be left half done.
"""

from __future__ import annotations

import threading

from .engine import Engine

__all__ = ["serve"]

# Seconds. A signal that comes just before a wait in C does not end it, and its handler runs only
# after it; so no wait is long.
_STEP = 0.1


def serve(engine: Engine, close_timeout: float) -> None:
    """Run ``engine`` until it is stopped; raise what it, or this thread, was ended by.

    The first Ctrl-C is an orderly stop with 1001, and is raised when that is over; a second one is
    raised at once.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            engine.run()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="wskit-server", daemon=True)
    engine.foreground = threading.get_ident()
    try:
        thread.start()
        _wait(engine)
    except BaseException:
        engine.request_stop(1001, "", close_timeout)
        if thread.ident is None:
            engine.abandon()
        _wait(engine)
        raise
    thread.join()
    if failures:
        raise failures[0]


def _wait(engine: Engine) -> None:
    while not engine.done.wait(_STEP):
        pass
