"""The thread that called ``listen()``: timers, slow peers, accepting in blocking mode, stopping.

The law of this file: no handler code runs here and nothing waits here but the selector, so what is
promised in time (a write on the wire within 5 ms, a timeout, a stop) does not depend on handlers.

While the server is busy this thread ticks: it flushes replies that were gathered behind a handler
that has gone to sleep, and sees to it that a worker whose leading thread is stuck in a handler gets
another leader. When nothing has happened for a few ticks it dozes until it is woken.
"""

from __future__ import annotations

import contextlib
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol as Interface

from ..logs import logger
from ..outbound import Outbound
from ..timers import Alarm, Clock, Movable, Timed, Timers
from ..wakers import Waker

__all__ = ["Monitor", "Supervised"]

TICK = 0.0025  # seconds; half of the 5 ms within which a write must be on the wire
_IDLE_TICKS = 8  # without work before the monitor dozes
_CATCHING_UP = 1.0  # seconds that the mover of a clock waits for the timers to have run

log = logger("server")


class Supervised(Interface):
    """A worker, as far as the monitor looks after it."""

    def check(self) -> bool:
        """Look for a stuck leader; return whether the worker is at work. Called every tick."""


class Monitor:
    """Runs in one thread; the methods that say so may be called from any."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Open the selector; alarms go by ``clock``, other timers by time.monotonic."""
        self.clock = clock
        self._selector = selectors.DefaultSelector()
        self._waker = Waker()
        self._selector.register(self._waker.fileno(), selectors.EVENT_READ)
        self._timers = Timers()
        self._alarms = self._timers if clock is time.monotonic else Timers()
        self._calls: deque[Callable[[], None]] = deque()
        self._gathered: dict[Outbound, None] = {}
        self._supervised: list[Supervised] = []
        self._finished = self._closed = False
        self._idle_ticks = 0
        self.dozing = False  # whoever makes work must call awaken() when this is True
        self.on_slot_freed: Callable[[], None] | None = None
        if isinstance(clock, Movable):
            clock.attach(self.catch_up)

    # -- from any thread -----------------------------------------------------------------------

    def call(self, function: Callable[[], None]) -> None:
        """Have ``function`` called on the monitor's thread; from signal handlers too.

        After ``close`` it is called in this thread: a handler that outlived a stop is tidying up.
        """
        self._calls.append(function)
        self._waker.wake()
        if self._closed:
            self._run_calls()

    def awaken(self) -> None:
        """Tick again: there is work."""
        self._waker.wake()

    def add_alarm(self, deadline: float, subject: Timed) -> Alarm:
        """Have ``subject.on_timer`` called at ``deadline`` of ``clock``, or call it off."""
        alarm = Alarm(subject)
        if self._alarms.add(deadline, alarm):
            self._waker.wake()
        return alarm

    def add_timer(self, deadline: float, subject: Timed) -> None:
        """Have ``subject.on_timer`` called at ``deadline`` (monotonic seconds)."""
        if self._timers.add(deadline, subject):
            self._waker.wake()

    def catch_up(self) -> float | None:
        """Have the alarms run that are due, wait for that, and return the next deadline."""
        caught_up, due = threading.Event(), list[float | None]()

        def run() -> None:
            due.append(self._alarms.run(self.clock()))
            caught_up.set()

        self.call(run)
        caught_up.wait(_CATCHING_UP)
        return due[0] if due else None

    def watch_writable(self, outbound: Outbound) -> None:
        """Drain ``outbound`` when its socket can take more."""
        self.call(lambda: self._watch(outbound))

    def retire(self, outbound: Outbound) -> None:
        """Close the transport of ``outbound``, which may be watched."""
        self.call(lambda: self._retire(outbound))

    def flush_soon(self, outbound: Outbound) -> None:
        """Flush ``outbound`` at the next tick."""
        self._gathered[outbound] = None
        if self.dozing:
            self._waker.wake()

    def slot_freed(self) -> None:
        """Say that a connection has gone; accepting may go on."""
        if self.on_slot_freed is not None:
            self.call(self.on_slot_freed)

    # -- on the monitor's thread ---------------------------------------------------------------

    def supervise(self, worker: Supervised) -> None:
        """Look after ``worker`` from now on."""
        self._supervised.append(worker)

    def listen(self, fd: int, accept: Callable[[], None]) -> None:
        """Call ``accept`` when ``fd`` is readable."""
        self._selector.register(fd, selectors.EVENT_READ, accept)

    def unlisten(self, fd: int) -> None:
        """Stop watching ``fd``; nothing happens if it is not watched."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def finish(self) -> None:
        """Let ``run`` return."""
        self._finished = True
        self._waker.wake()  # a timer may have called this, just before the next wait

    def run(self) -> None:
        """Go round until ``finish``; always the same thread."""
        while not self._finished:
            left = self._run_timers()
            self._doze_or_tick()
            for key, _ in self._selector.select(self._timeout(left)):
                if key.data is None:
                    self._waker.drain()
                elif isinstance(key.data, Outbound):
                    self._drain(key.data)
                else:
                    key.data()
            self._run_calls()

    def close(self) -> None:
        """Close the descriptors, after ``run``; calls that come too late are still made."""
        self._closed = True
        if isinstance(self.clock, Movable):
            self.clock.detach(self.catch_up)
        self._run_calls()
        self._selector.close()
        self._waker.close()

    def _run_timers(self) -> float | None:
        """Run what is due and return the seconds to the next deadline, None if there is none."""
        now = time.monotonic()
        due = self._timers.run(now)
        left = None if due is None else due - now
        if self._alarms is not self._timers:
            # A clock that is moved by hand wakes us itself: then it does no harm to look too soon.
            now = self.clock()
            due = self._alarms.run(now)
            if due is not None:
                left = due - now if left is None else min(left, due - now)
        return left

    def _timeout(self, left: float | None) -> float | None:
        if self._calls:
            return 0.0
        if self.dozing:
            return left
        return TICK if left is None else min(TICK, left)

    def _doze_or_tick(self) -> None:
        if self._tick():
            self._idle_ticks = 0
            self.dozing = False
            return
        self._idle_ticks += 1
        if self._idle_ticks > _IDLE_TICKS and not self.dozing:
            self.dozing = True
            # Whoever made work before seeing the flag did not wake us: look once more.
            if self._tick():
                self.dozing = False

    def _tick(self) -> bool:
        active = bool(self._gathered)
        while self._gathered:
            outbound = self._gathered.popitem()[0]
            with outbound.lock:
                outbound.flush()
        for worker in self._supervised:
            active |= worker.check()
        return active

    def _run_calls(self) -> None:
        while self._calls:
            try:
                function = self._calls.popleft()
            except IndexError:  # after close() several threads may be here
                return
            function()

    def _watch(self, outbound: Outbound) -> None:
        fd = outbound.transport.fileno()
        if fd >= 0 and fd not in self._selector.get_map():
            self._selector.register(fd, selectors.EVENT_WRITE, outbound)

    def _drain(self, outbound: Outbound) -> None:
        outbound.drain(lambda: self.unlisten(outbound.transport.fileno()))

    def _retire(self, outbound: Outbound) -> None:
        fd = outbound.transport.fileno()
        if fd >= 0:
            self.unlisten(fd)
            outbound.transport.close()
