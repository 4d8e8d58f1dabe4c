"""What a test leaves behind: servers, client connections and threads, each by its name.

The law of this file: only what came into being in the test counts. What was there before, what
fixtures of wider scope hold, and what belongs to either, does not.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import watching

if TYPE_CHECKING:
    from ..conn import Conn
    from ..protocol.handshake import Handshake
    from ..protocol.opcodes import Side
    from ..protocol.response import ClientHandshakeResult

__all__ = ["Holdings", "Inventory"]

_MOMENT = 1.0  # seconds that what is ending is given
_PAUSE = 0.005  # seconds between two looks


Inventory = tuple[frozenset[weakref.ref[object]], frozenset[threading.Thread]]
"""What is there at one moment: running servers and open client connections, and threads."""


class Holdings(watching.Watcher):
    """Keeps the books of servers, client connections and threads of the process."""

    def __init__(self) -> None:
        """Nothing is there, as far as is known."""
        self._lock = threading.Lock()  # guards _things and _lasting
        # Running servers and open client connections, by their names. Nothing is kept alive: who
        # forgets a connection without closing it may be testing just that.
        self._things: dict[weakref.ref[object], str] = {}
        self._lasting: set[weakref.ref[object]] = set()  # those that may outlive the test
        self._threads: set[threading.Thread] = set()  # those that may

    def begin(self) -> None:
        """A test begins: what is there may outlive it."""
        if self._things or self._lasting:
            with self._lock:
                self._things = {
                    ref: name for ref, name in self._things.items() if ref() is not None
                }
                self._lasting = set(self._things)
        self._threads = set(threading.enumerate())

    def inventory(self) -> Inventory:
        """Return what is there now."""
        with self._lock:
            return frozenset(self._things), frozenset(threading.enumerate())

    def excuse(self, before: Inventory) -> None:
        """All that came since ``before`` may outlive the test."""
        things, threads = before
        with self._lock:
            self._lasting |= self._things.keys() - things
        self._threads |= set(threading.enumerate()) - threads

    def left(self, more: Callable[[], list[str]], *, all_threads: bool = False) -> list[str]:
        """Name what is left behind, and ``more``, after a moment if there is anything.

        Threads count if their names begin with "wskit-", or all of them with ``all_threads``.
        """
        deadline = time.monotonic() + _MOMENT
        while (names := [*self._names(all_threads), *more()]) and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        return names

    def _names(self, all_threads: bool) -> list[str]:
        threads = [
            thread
            for thread in threading.enumerate()
            if thread not in self._threads and (all_threads or thread.name.startswith("wskit-"))
        ]
        with self._lock:
            things = dict(self._things)
            new = [ref for ref in things if ref not in self._lasting]
        if not threads and not new:
            return []
        owned = _owned([*(ref() for ref in things), *watching.all_hidden()])
        names = sorted(things[ref] + ("" if ref() is not None else ", forgotten") for ref in new)
        return names + sorted(f"thread {thread.name}" for thread in threads if not owned(thread))

    # -- what is watched -----------------------------------------------------------------------

    def started(self, server: object) -> None:
        """Note it."""
        with self._lock:
            self._things[weakref.ref(server)] = _name(server)

    def stopped(self, server: object) -> None:
        """Note it."""
        with self._lock:
            self._things.pop(weakref.ref(server), None)

    def opened(self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult) -> None:
        """Note a client's end; a server's connections are the server's affair."""
        if side.value == "client":
            with self._lock:
                self._things[weakref.ref(conn)] = _name(conn)

    def ended(self, conn: Conn) -> None:
        """Note it."""
        with self._lock:
            self._things.pop(weakref.ref(conn), None)


def _name(thing: object) -> str:
    from ..conn import Conn, format_address
    from ..server import Server

    if isinstance(thing, Conn):
        return f"client connection to {format_address(thing.address)}"
    address = thing.address if isinstance(thing, Server) else None
    return "server" if address is None else f"server on {format_address(address)}"


def _owned(things: list[object]) -> Callable[[threading.Thread], bool]:
    """Return what tells whether a thread belongs to one of ``things``, and will end with it."""
    from ..client import Client
    from ..server import Server

    clients = [thing for thing in things if isinstance(thing, Client)]
    servers = [thing._engine for thing in things if isinstance(thing, Server)]
    # The idents of threads that have ended are given to others.
    engines = [engine for engine in servers if engine is not None and not engine.done.is_set()]
    idents: set[int | None] = {client._loop_thread for client in clients}
    for engine in engines:
        idents.update((engine._thread, *(thread.ident for thread in engine._threads())))

    def owned(thread: threading.Thread) -> bool:
        # One thread pings for all clients; whoever inspects this process is no business of a test.
        shared = {"wskit-inspector"} | ({"wskit-pings"} if clients else set())
        return thread.ident in idents or thread.name in shared

    return owned
