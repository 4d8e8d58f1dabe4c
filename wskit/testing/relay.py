"""A relay: it carries bytes between two connected sockets, through faults.

The law of this file: a direction is only read when all it has read is sent. So a fault that holds
bytes back makes the sender wait, as on a real network, and nothing piles up here.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..wakers import Waker
from .faults.stages import Ending, Fault, Gate, Item, Stage, Wait, check_faults, through
from .sockets import socket_pair

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Relay", "interpose", "needs_tcp"]

_READ = 65536  # bytes at once
_BURST = 64  # pieces of one direction before the other has its turn
_SETTLING = 1.0  # seconds
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send RST


class Relay:
    """Carries bytes both ways in one thread, until both directions have ended.

    FIN goes through as FIN, RST as RST (over TCP). Every method may be called from any thread.
    """

    def __init__(
        self,
        client: socket.socket | TLSSocket,
        server: socket.socket | TLSSocket,
        faults: Sequence[Fault] = (),
    ) -> None:
        """Take over two non-blocking transports; ``start`` or ``run`` begins."""
        check_faults(faults)
        to_server: list[Stage] = []
        to_client: list[Stage] = []
        for fault in faults:  # first of all: one that the test has written may raise
            one, other = fault.stages()
            to_server += [one] if one is not None else []
            to_client += [other] if other is not None else []
        self._ends = client, server
        self._waker = Waker()
        self._hurried = self._ended = False
        wake = self._waker.wake
        self._lanes = _Lane(client, server, to_server, wake), _Lane(server, client, to_client, wake)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._waker.fileno(), selectors.EVENT_READ)
        self._watched: dict[int, int] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in a new thread."""
        self._thread = threading.Thread(target=self.run, name="wskit-relay", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Run in this thread until both directions have ended, or ``end``; closes both ends."""
        try:
            while not self._ended and not all(lane.done for lane in self._lanes):
                self._step()
        finally:
            self._close()

    def hurry(self) -> None:
        """Wait for nothing any more: no delay, no stall, no slow reader."""
        self._hurried = True
        self._waker.wake()

    def finish(self) -> None:
        """Let both ends have what is under way, for up to a second, then ``end``."""
        self.hurry()
        if self._thread is not None:
            self._thread.join(_SETTLING)
        self.end()

    def end(self) -> None:
        """Close both ends at once and join the thread; may be called again."""
        self._ended = True
        self._waker.wake()
        if self._thread is not None:
            self._thread.join()

    # -- in the relay's thread -----------------------------------------------------------------

    def _step(self) -> None:
        for lane in self._lanes:
            ending = lane.step(self._hurried)
            if ending is Ending.RESET:
                self._reset()
            elif ending is Ending.CUT:
                for each in self._lanes:
                    each.end_target()
            if ending is not None:
                return
        one, other = self._lanes
        if (one.refused and other.done) or (other.refused and one.done):
            # The target is gone and has said all it had to: nobody else would tell the source.
            self._reset()
        elif not (one.done and other.done):
            self._wait()

    def _wait(self) -> None:
        wanted: dict[int, int] = {}
        for lane in self._lanes:
            if lane.wants_read:
                fd = lane.source.fileno()
                wanted[fd] = wanted.get(fd, 0) | selectors.EVENT_READ
            if lane.wants_write:
                fd = lane.target.fileno()
                wanted[fd] = wanted.get(fd, 0) | selectors.EVENT_WRITE
        self._watch(wanted)
        untils = [lane.until for lane in self._lanes if lane.until is not None]
        left = max(0.0, min(untils) - time.monotonic()) if untils else None
        for key, _ in self._selector.select(left):
            if key.fd == self._waker.fileno():
                self._waker.drain()

    def _watch(self, wanted: dict[int, int]) -> None:
        # A descriptor that is only waited for "nothing" would still report its end, again and
        # again: so it is not registered at all.
        for fd in self._watched.keys() - wanted.keys():
            self._selector.unregister(fd)
        for fd, events in wanted.items():
            if fd not in self._watched:
                self._selector.register(fd, events)
            elif self._watched[fd] != events:
                self._selector.modify(fd, events)
        self._watched = wanted

    def _reset(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._ended = True

    def _close(self) -> None:
        self._selector.close()
        for lane in self._lanes:
            lane.leave()
        for end in self._ends:
            end.close()
        self._waker.close()


class _Lane:
    """One direction. After ``step`` the other attributes say what it waits for."""

    def __init__(
        self,
        source: socket.socket | TLSSocket,
        target: socket.socket | TLSSocket,
        stages: list[Stage],
        wake: Callable[[], None],
    ) -> None:
        self.source = source
        self.target = target
        self._stages = stages
        self._wake = wake
        self._queue: deque[Item] = deque()
        self._gates: set[Gate] = set()  # that were reached
        self.reading = True  # the source has not ended
        self._writing = True  # nor has what goes to the target
        self.refused = False  # the target takes nothing any more
        self.wants_read = self.wants_write = False
        self.until: float | None = None  # look again then, on the monotonic clock
        self._due: float | None = None  # when the wait that is under way ends

    @property
    def done(self) -> bool:
        """Whether everything has been carried."""
        return not self.reading and not self._queue

    def step(self, hurried: bool) -> Ending | None:
        """Go on as far as possible; return CUT or RESET if that is to be done to both."""
        self.wants_read = self.wants_write = False
        self.until = None
        for _ in range(_BURST):
            if self._queue:
                if not self._go_on(self._queue[0], hurried):
                    return None
            elif self.reading:
                try:
                    self._read()
                except BlockingIOError:
                    self.wants_read = True
                    return None
                except OSError:
                    return Ending.RESET
            else:
                return None
            if self._queue and self._queue[0] in (Ending.CUT, Ending.RESET):
                ending = self._queue.popleft()
                assert isinstance(ending, Ending)
                return ending
        self.until = 0.0
        return None

    def end_target(self) -> None:
        """Send the end of the stream; what is read from now on is dropped."""
        self._queue.clear()
        if self._writing:
            self._writing = False
            with contextlib.suppress(OSError):
                self.target.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        """Wait at no gate any more."""
        for gate in self._gates:
            gate.leave(self._wake)

    def _read(self) -> None:
        data = self.source.recv(_READ)
        if not data:
            self.reading = False
            self._queue.append(Ending.END)
        elif self._writing:
            self._queue.extend(through(self._stages, data))

    def _go_on(self, item: Item, hurried: bool) -> bool:
        """Do ``item``, the first of the queue; False if that takes longer."""
        if isinstance(item, bytes):
            return self._send(item)
        if isinstance(item, Wait) and not hurried and not self._waited(item):
            self.until = self._due
            return False
        if isinstance(item, Gate) and not hurried and not self._passes(item):
            return False
        self._due = None
        if item is Ending.END:
            self.end_target()
        else:
            self._queue.popleft()
        return True

    def _send(self, data: bytes) -> bool:
        try:
            sent = self.target.send(data)
        except BlockingIOError:
            self.wants_write = True
            return False
        except OSError:
            self._queue.clear()
            self._writing, self.refused = False, True
            return True
        if sent == len(data):
            self._queue.popleft()
        else:
            self._queue[0] = data[sent:]
        return True

    def _waited(self, item: Wait) -> bool:
        now = time.monotonic()
        if self._due is None:
            self._due = now + item.seconds
        return now >= self._due

    def _passes(self, gate: Gate) -> bool:
        self._gates.add(gate)
        return gate.reach(self._wake)


def needs_tcp(faults: Sequence[Fault]) -> bool:
    """Whether one of ``faults`` does nothing special on a socket pair; TypeError for no faults."""
    check_faults(faults)
    return any(fault.needs_tcp for fault in faults)


def interpose(
    transport: socket.socket | TLSSocket, faults: Sequence[Fault], *, tcp: bool
) -> tuple[socket.socket, Relay]:
    """Return a client's end of a connection that leads through ``faults`` to ``transport``.

    The relay runs and owns ``transport``; the end that is returned is not blocking.
    """
    ours, theirs = socket_pair(tcp=tcp)
    try:
        relay = Relay(theirs, transport, faults)
        relay.start()
    except BaseException:
        for end in (ours, theirs, transport):
            end.close()
        raise
    return ours, relay
