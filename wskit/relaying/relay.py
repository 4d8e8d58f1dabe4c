"""A relay: it carries bytes between two connected sockets, through stages.

The law of this file: a direction is only read when all it has read is sent. So a stage that
holds bytes back makes the sender wait, as on a real network, and nothing piles up here.
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

from ..protocol.opcodes import Side
from ..wakers import Waker
from .stages import Ending, Gate, Item, Stage, Wait, through

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Relay"]

_READ = 65536  # bytes at once
_BURST = 64  # pieces of one direction before the other has its turn
_SETTLING = 1.0  # seconds
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send RST


class Relay:
    """Carries bytes both ways in one thread, until both directions have ended.

    FIN goes through as FIN, RST as RST (over TCP); after a FIN to an end that has TLS nothing that
    it sends is carried any more. Every method may be called from any thread.
    ``endings`` is how either end has ended what it sends, END or RESET, in the order of time.
    """

    def __init__(
        self,
        client: socket.socket | TLSSocket,
        server: socket.socket | TLSSocket,
        to_server: Sequence[Stage] = (),
        to_client: Sequence[Stage] = (),
    ) -> None:
        """Take over two non-blocking transports; ``start`` or ``run`` begins."""
        self.endings: list[tuple[Side, Ending]] = []
        self._ends = client, server
        self._waker = Waker()
        self._hurried = self._ended = self._nudged = False
        wake = self._waker.wake
        self._lanes = (
            _Lane(client, server, to_server, wake, self._log(Side.CLIENT)),
            _Lane(server, client, to_client, wake, self._log(Side.SERVER)),
        )
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

    def nudge(self) -> None:
        """Have every stage asked, by b"", what it has to send without having been given a byte."""
        self._nudged = True
        self._waker.wake()

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

    def _log(self, source: Side) -> Callable[[bool, Ending], None]:
        """Return what the lane from ``source`` calls when its source, or target, has ended."""
        return lambda own, ending: self.endings.append((source if own else source.peer, ending))

    # -- in the relay's thread -----------------------------------------------------------------

    def _step(self) -> None:
        nudged, self._nudged = self._nudged, False
        for lane, back in (self._lanes, self._lanes[::-1]):
            if nudged:
                lane.nudge()
            ending = lane.step(self._hurried)
            back.deaf = back.deaf or lane.has_ended_tls
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
        stages: Sequence[Stage],
        wake: Callable[[], None],
        log: Callable[[bool, Ending], None],
    ) -> None:
        self.source = source
        self.target = target
        self._stages = stages
        self._wake = wake
        self._log = log
        self._queue: deque[Item] = deque()
        self._gates: set[Gate] = set()  # that were reached
        self.reading = True  # the source has not ended
        self._writing = True  # nor has what goes to the target
        self.refused = False  # the target takes nothing any more
        self.deaf = False  # what is read is dropped, as it is no plaintext any more
        self.wants_read = self.wants_write = False
        self.until: float | None = None  # look again then, on the monotonic clock
        self._due: float | None = None  # when the wait that is under way ends

    @property
    def done(self) -> bool:
        """Whether everything has been carried."""
        return not self.reading and not self._queue

    @property
    def has_ended_tls(self) -> bool:
        """Whether the target was TLS, which ends in both directions at once (see TLSSocket)."""
        return not self._writing and not isinstance(self.target, socket.socket)

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
                    self._log(True, Ending.RESET)
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

    def nudge(self) -> None:
        """Take what the stages have to send by themselves."""
        if self.reading and self._writing:
            self._queue.extend(through(self._stages, b""))

    def leave(self) -> None:
        """Wait at no gate any more."""
        for gate in self._gates:
            gate.leave(self._wake)

    def _read(self) -> None:
        data = self.source.recv(_READ)
        if not data:
            self.reading = False
            self._log(True, Ending.END)
            self._queue.append(Ending.END)
        elif self._writing and not self.deaf:
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
            self._log(False, Ending.RESET)
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
