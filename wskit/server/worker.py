"""Event mode: one poller, several handler threads, no hand-over while handlers are quick.

One thread, the leader, polls and runs the handlers of what it finds itself; the others are parked.
So a message costs no switch between threads (measured: a queue to other threads costs 2.5 times as
much at low load). A leader that stays in one handler is found by the monitor within two ticks; it
is relieved by a parked thread, which goes on with what the leader had polled. While that happens
often, a thread that comes back from a slow handler takes the lead at once if nobody is polling.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..scratch import Scratch
from ..wakers import Waker
from .hub import Hub, log
from .poller import make_poller
from .turns import Turns

if TYPE_CHECKING:
    from .pending import Pending
    from .session import Session

__all__ = ["Worker"]

# How long after a leader was found stuck its helpers do not wait for the monitor, in seconds.
_SLOW_SPELL = 0.1


class HandlerThread:
    """One thread of the pool; ``leading`` may be taken away by others, under the worker's lock."""

    __slots__ = ("leading", "polling", "thread", "wakeup")

    def __init__(self, run: Callable[[HandlerThread], None], name: str) -> None:
        """Not started yet; it will ``run(self)``."""
        self.leading = False
        self.polling = False
        self.wakeup = threading.Semaphore(0)
        self.thread = threading.Thread(target=run, args=(self,), name=name, daemon=True)


class Worker:
    """A poll loop with its pool of threads; the Runner of its connections."""

    def __init__(self, hub: Hub, index: int) -> None:
        """Open the poller; ``start`` starts the threads."""
        self._hub = hub
        self._poller = make_poller()
        self._waker = Waker()
        self._poller.watch(self._waker.fileno(), edge=False)
        self._most = hub.config.thread_pool.backlog
        self._entries: dict[int, Turns] = {}
        self._ready: deque[tuple[int, int]] = deque()  # polled or posted, taken by nobody yet
        self._later: deque[tuple[int, int]] = deque()  # want another turn, after the next poll
        self._lock = threading.Lock()  # guards _parked and who leads
        self._parked: list[HandlerThread] = []
        self._leader: HandlerThread | None = None
        self._stopping = False
        self._turns = 0  # that leaders began; the monitor watches it
        self._turns_seen = 0  # at its last tick
        self._slow_until = 0.0
        self._local = threading.local()
        self._threads = [
            HandlerThread(self._run, f"wskit-worker-{index}-{number}")
            for number in range(hub.config.thread_pool.count)
        ]

    # -- from any thread -----------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads."""
        for member in self._threads:
            member.thread.start()

    def add(self, entry: Pending | Session) -> None:
        """Give ``entry`` its turns from now on."""
        self._entries[entry.fd] = entry
        self._poller.watch(entry.fd)

    def listen(self, fd: int, entry: Turns) -> None:
        """Give ``entry`` a turn whenever the listening socket ``fd`` has a connection."""
        self._entries[fd] = entry
        self._poller.watch(fd, edge=False)

    def unlisten(self, fd: int) -> None:
        """Undo ``listen``; nothing happens if that was done."""
        if self._entries.pop(fd, None) is not None:
            self._poller.unwatch(fd)

    def post(self, entry: Turns) -> None:
        """Have ``entry`` get a turn soon."""
        self._ready.append((entry.fd, 0))
        self._waker.wake()

    def again(self, entry: Turns) -> None:
        """Have ``entry`` get another turn; called in its turn.

        After the next poll: who sends without a pause gets one read, then come the others.
        """
        self._later.append((entry.fd, 0))

    def replace(self, old: Pending, new: Session) -> None:
        """Give what comes for ``old`` to ``new``."""
        self._entries[old.fd] = new

    def forget(self, entry: Turns, fd: int) -> None:
        """Give no more turns to ``entry``."""
        if self._entries.get(fd) is entry:
            del self._entries[fd]
            self._poller.unwatch(fd)

    def scratch(self) -> Scratch:
        """Return the scratch memory of this thread."""
        scratch: Scratch | None = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = Scratch(self._hub.config.thread_pool.buffer_size)
        return scratch

    @property
    def entries(self) -> list[Turns]:
        """A copy of what gets turns here, listeners included."""
        return list(self._entries.values())

    @property
    def threads(self) -> list[threading.Thread]:
        """The threads of the pool."""
        return [member.thread for member in self._threads]

    @property
    def queue_depth(self) -> int:
        """Ready connections that no thread has taken yet."""
        return len(self._ready) + len(self._later)

    @property
    def busy(self) -> int:
        """How many threads are in a handler or about to be."""
        with self._lock:
            polling = sum(member.polling for member in self._threads)
            return max(0, len(self._threads) - len(self._parked) - polling)

    def check(self) -> bool:
        """Relieve a leader that is stuck; return whether anything goes on here.

        Called by the monitor at every tick. A leader that began no turn since the last tick and
        does not poll has been in the same handler since, or has only just been woken.
        """
        turns, at_work = self._turns, self._leader_at_work()
        moved = turns != self._turns_seen
        self._turns_seen = turns
        if at_work and not moved:
            self._relieve()
        return at_work or moved

    def stop(self) -> None:
        """Have every thread end after the turn it is in."""
        self._stopping = True
        self._waker.wake()
        for member in self._threads:
            member.wakeup.release()

    def close(self) -> None:
        """Close the descriptors, after ``stop``; the poller stays for threads that did not end."""
        self._waker.close()
        if not any(thread.is_alive() for thread in self.threads):
            self._poller.close()

    # -- the threads of the pool ---------------------------------------------------------------

    def _run(self, me: HandlerThread) -> None:
        ready, find = self._ready, self._entries.get
        take = ready.popleft
        while self._take_the_lead(me):
            while me.leading and not self._stopping:
                if not ready:
                    self._poll(me)
                    continue
                try:
                    fd, mask = take()
                except IndexError:  # one that was relieved and helps was quicker
                    continue
                self._turns += 1
                entry = find(fd)
                if entry is not None:
                    entry.on_ready(mask)
                else:
                    self._wake_up(fd)
            self._help()

    def _take_the_lead(self, me: HandlerThread) -> bool:
        """Wait until ``me`` leads; False when the worker stops."""
        while not self._stopping:
            with self._lock:
                if not me.leading and self._vacant():
                    self._appoint(me)
                if me.leading:
                    return True
                self._parked.append(me)
            # Whoever wakes us has taken us off that list. On a busy machine we may have lost the
            # lead again before we run, so it is not enough to wait for it here.
            me.wakeup.acquire()
        return False

    def _vacant(self) -> bool:
        leader = self._leader
        return leader is None or (not leader.polling and time.monotonic() < self._slow_until)

    def _appoint(self, member: HandlerThread) -> None:
        if self._leader is not None:
            self._leader.leading = False
        self._leader = member
        member.leading = True

    def _relieve(self) -> None:
        self._slow_until = time.monotonic() + _SLOW_SPELL
        with self._lock:
            if self._parked and self._leader_at_work():
                member = self._parked.pop()
                self._appoint(member)
                member.wakeup.release()

    def _help(self) -> None:
        """No longer leading: take what is ready all the same, before parking."""
        while not self._stopping:
            try:
                fd, mask = self._ready.popleft()
            except IndexError:
                if not self._admit_later():
                    return
                continue
            entry = self._entries.get(fd)
            if entry is not None:
                entry.on_ready(mask)
            else:
                self._wake_up(fd)

    def _wake_up(self, fd: int) -> None:
        """Take note of a descriptor without a connection: the waker's, or one that is gone."""
        if fd == self._waker.fileno():
            self._waker.drain()
            if self._stopping:  # one that was relieved may still poll: it has to see this too
                self._waker.wake()

    def _leader_at_work(self) -> bool:
        leader = self._leader
        return leader is not None and not leader.polling and not self._stopping

    def _admit_later(self) -> bool:
        """Let those have their turn who asked for another; return whether there were any."""
        admitted = False
        while self._later:
            try:
                self._ready.append(self._later.popleft())
            except IndexError:  # another thread was quicker
                break
            admitted = True
        return admitted

    def _poll(self, me: HandlerThread) -> None:
        me.polling = True
        # What was posted before the flag was set is in _ready; what comes later wakes the poller.
        try:
            events = self._poller.poll(0 if self._ready or self._later else None, self._most)
        except OSError:
            log.exception("poll failed")
            events = []
            time.sleep(0.01)
        me.polling = False
        if self._hub.monitor.dozing:
            self._hub.monitor.awaken()
        self._ready.extend(events)
        if self._later:
            self._admit_later()
