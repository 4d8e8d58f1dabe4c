"""Where events come from: a file, a pipe, or a connection of our own; all are taken alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from ..client import Client
from ..conn import format_address
from ..errors import ConnectionClosed
from ..events import Ended, Event, Opened
from ..feeds import Feed
from ..protocol.opcodes import Side
from ..trace import printable
from ..urls import host_header
from .ahead import Ahead
from .outgoing import NotSent, Outgoing
from .reading import Wrong, events

__all__ = ["ClientSource", "LineSource", "Source", "ending"]

_AHEAD = 4096  # events that are read before somebody takes them


class Source(Protocol):
    """What events are taken from; for one thread."""

    @property
    def problem(self) -> str:
        """Why the events have ended, in one line; "" for no reason but the end."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come once ``take`` has nothing."""

    def take(self, timeout: float) -> list[Event]:
        """Return what has come; wait up to ``timeout`` seconds for the first."""

    def send(self, connection: str, frame: Outgoing) -> None:
        """Send ``frame`` on the connection of that name; raises NotSent with the reason."""

    def end(self) -> None:
        """Stop and let go of everything; may be called again."""


def ending(source: Source) -> str:
    """Return "ended" and why, if that is known; "" while more may come."""
    if not source.ended:
        return ""
    return f"ended: {source.problem}" if source.problem else "ended"


class LineSource:
    """JSON lines from a file or a pipe, read ahead by a thread that waits while nobody takes.

    A file is not kept in memory and no event of it is lost.
    """

    def __init__(self, lines: BinaryIO, *, name: str) -> None:
        """Read ``lines``, which are closed at the end; ``name`` is for problems."""
        self._lines = lines
        self._name = name
        self._ahead = Ahead(_AHEAD)
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
        return self._ahead.ended

    def take(self, timeout: float) -> list[Event]:
        """Return what was read."""
        return self._ahead.take(timeout)

    def send(self, connection: str, frame: Outgoing) -> None:
        """Refuse."""
        raise NotSent("there is nothing to send to: this is a recording")

    def end(self) -> None:
        """Read no more."""
        self._ahead.leave()

    def _read(self) -> None:
        try:
            with self._lines:
                for event in events(self._lines):
                    if not self._ahead.put([event]):
                        return
        except (OSError, Wrong) as error:
            self.problem = printable(f"{self._name}: {error}")
        finally:
            self._ahead.finish()


class ClientSource:
    """The events of a client of ours, which this object reads from then on."""

    problem = ""

    def __init__(self, client: Client) -> None:
        """Watch and read ``client``, an open one."""
        self.client = client
        self._feed = Feed()
        self._name = format_address(client.address)
        self._feed.add(_opening(client, self._name))
        client._protocol._preview = client._config.max_size  # a recording of it is to be whole
        client.set_tap(self._feed.tap(self._name))
        self._thread = client.read_loop_in_new_thread(_Silent(self._closed))

    @property
    def ended(self) -> bool:
        """Whether the connection is over."""
        return not self._thread.is_alive()

    def take(self, timeout: float) -> list[Event]:
        """Return what has passed."""
        return self._feed.take(timeout)

    def send(self, connection: str, frame: Outgoing) -> None:
        """Send it, whatever connection is named: there is one."""
        if frame.to is Side.CLIENT:
            raise NotSent("this is the client: it sends to the server")
        try:
            frame.through(self.client)
        except ConnectionClosed as closed:
            raise NotSent(f"the connection is closed: {closed}") from None
        except (OSError, ValueError) as error:
            raise NotSent(str(error)) from None

    def end(self) -> None:
        """Close the connection in order, with 1001."""
        self.client.close(1001)
        self._thread.join()

    def _closed(self) -> None:
        how = "the connection was lost" if self.client.close_code == 1006 else ""
        self._feed.add(Ended(time.time(), self._name, how))


def _opening(client: Client, name: str) -> Opened:
    config, response = client._config, client.response
    assert response is not None
    scheme = "wss" if config.tls else "ws"
    url = f"{scheme}://{host_header(config.host, config.port, secure=config.tls)}{response.target}"
    return Opened(
        time.time(),
        name,
        Side.CLIENT,
        url,
        name,
        tuple(response.request),
        status=response.status,
        response=tuple(response.headers),
    )


class _Silent:
    """A handler to which only the end is said; the tap sees everything else."""

    def __init__(self, closed: Callable[[], None]) -> None:
        self._closed = closed

    def server_message(self, data: str | bytes) -> None:
        pass

    def close(self) -> None:
        self._closed()
