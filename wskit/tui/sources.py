"""Where frames come from: a file, a pipe, or a connection of our own; all are taken alike."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO, Protocol

from ..client import Client
from ..conn import format_address
from ..taps import Capture, Ring
from ..trace import printable
from .reading import Wrong, captures

__all__ = ["ClientSource", "LineSource", "Source"]

_AHEAD = 4096  # frames that are read before somebody takes them


class Source(Protocol):
    """What frames are taken from; for one thread."""

    @property
    def lost(self) -> int:
        """How many frames could not be held until they were taken."""

    @property
    def problem(self) -> str:
        """Why the frames have ended, in one line; "" for no reason but the end."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come once ``take`` has nothing."""

    def take(self, timeout: float) -> list[Capture]:
        """Return what has come; wait up to ``timeout`` seconds for the first."""

    def end(self) -> None:
        """Stop and let go of everything; may be called again."""


class LineSource:
    """JSON lines from a file or a pipe, read ahead by a thread that waits while nobody takes.

    A file is not kept in memory and no frame of it is lost.
    """

    lost = 0

    def __init__(self, lines: BinaryIO, *, name: str) -> None:
        """Read ``lines``, which are closed at the end; ``name`` is for problems."""
        self._lines = lines
        self._name = name
        self._changed = threading.Condition()  # its lock guards what follows
        self._captures: deque[Capture] = deque()
        self._done = self._unwanted = False
        self.problem = ""
        # A daemon, as nothing can wake it from a pipe that says nothing.
        threading.Thread(target=self._read, name="wskit-lines", daemon=True).start()

    @classmethod
    def open(cls, path: str) -> LineSource:
        """Return the source of the file at ``path``; raises OSError."""
        return cls(Path(path).open("rb"), name=path)

    @property
    def ended(self) -> bool:
        """Whether the file is read, or is wrong."""
        with self._changed:
            return self._done and not self._captures

    def take(self, timeout: float) -> list[Capture]:
        """Return what was read."""
        with self._changed:
            self._changed.wait_for(lambda: self._captures or self._done, timeout)
            taken = list(self._captures)
            self._captures.clear()
            self._changed.notify_all()
            return taken

    def end(self) -> None:
        """Read no more."""
        with self._changed:
            self._unwanted = True
            self._changed.notify_all()

    def _read(self) -> None:
        try:
            with self._lines:
                for capture in captures(self._lines):
                    if not self._put(capture):
                        return
        except (OSError, Wrong) as error:
            self.problem = printable(f"{self._name}: {error}")
        finally:
            with self._changed:
                self._done = True
                self._changed.notify_all()

    def _put(self, capture: Capture) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._unwanted or len(self._captures) < _AHEAD)
            self._captures.append(capture)
            self._changed.notify_all()
            return not self._unwanted


class ClientSource:
    """The frames of a client of ours, which this object reads from then on."""

    problem = ""

    def __init__(self, client: Client) -> None:
        """Watch and read ``client``, an open one."""
        self.client = client
        self._ring = Ring()
        client.set_tap(self._ring.tap(format_address(client.address)))
        self._thread = client.read_loop_in_new_thread(_Silent())

    @property
    def lost(self) -> int:
        """Frames that nobody took in time."""
        return self._ring.dropped

    @property
    def ended(self) -> bool:
        """Whether the connection is over."""
        return not self._thread.is_alive()

    def take(self, timeout: float) -> list[Capture]:
        """Return what has passed."""
        return self._ring.take(timeout)

    def end(self) -> None:
        """Close the connection in order, with 1001."""
        self.client.close(1001)
        self._thread.join()


class _Silent:
    """A handler to which nothing is said; the tap sees it all."""

    def server_message(self, data: str | bytes) -> None:
        pass
