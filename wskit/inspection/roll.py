"""The roll of the connections of this process that are to be inspected: who they are, since when.

The law of this file: with nobody who looks on, a connection costs one entry here and no tap; the
roll keeps no connection alive, and calls nobody's code under its lock.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Collection
from typing import Protocol as Interface

from .. import watching
from ..conn import Address, Conn, format_address
from ..errors import HandshakeError
from ..events import Ended, Opened
from ..protocol.frames import Tap
from ..protocol.handshake import Handshake
from ..protocol.opcodes import Side
from ..protocol.response import ClientHandshake, ClientHandshakeResult
from ..server import Server
from .openings import declined, opened_client, opened_server, unknown

__all__ = ["Entry", "Onlooker", "Roll"]


class Entry:
    """One connection; ``name`` is no other connection's in this process."""

    __slots__ = ("address", "conn", "name", "opening", "side", "since", "told")

    def __init__(
        self,
        conn: Conn,
        name: str,
        side: Side,
        opening: Handshake | ClientHandshakeResult | None,
        forget: Callable[[weakref.ref[Conn]], None],
    ) -> None:
        """``opening`` is None where it is not known any more."""
        self.conn = weakref.ref(conn, forget)
        self.name = name
        self.side = side
        self.opening = opening
        self.address = conn.address
        self.since = time.time()
        self.told = False  # onlookers know of it: its handshake is done, or a frame came before

    def opened(self) -> Opened:
        """Return how it began."""
        opening, peer = self.opening, format_address(self.address)
        if isinstance(opening, Handshake):
            return opened_server(self.since, self.name, peer, opening)
        conn = self.conn()
        if opening is None or conn is None:
            return unknown(self.since, self.name, self.side, peer)
        return opened_client(self.since, self.name, conn, opening)


class Onlooker(Interface):
    """Whoever is told of connections; called with the lock of the roll, so it must be quick."""

    def meet(self, entry: Entry) -> None:
        """Tap the connection."""

    def hear(self, event: Opened | Ended) -> None:
        """Take what is no frame; ``Ended`` after the last frame."""

    def part(self, name: str) -> None:
        """The connection ``name`` sends and receives nothing more."""


_numbers = iter(range(1, 1 << 62))  # next() on it is atomic


class Roll(watching.Watcher):
    """Knows the connections of those owners that ``wants`` says; for any thread."""

    def __init__(self, wants: Callable[[object], bool]) -> None:
        """Nothing is watched before ``begin``."""
        self._wants = wants
        self._lock = threading.Lock()  # guards everything below but _gone and _fresh
        self._entries: dict[weakref.ref[Conn], Entry] = {}
        self._onlookers: tuple[Onlooker, ...] = ()
        self._servers: dict[str, Server] = {}  # that run, by their names
        # Filled by the garbage collector, which may come while this thread has the lock.
        self._gone: deque[weakref.ref[Conn]] = deque()
        self._fresh = threading.local()  # .entry: whose handler this thread is about to make

    def begin(self, servers: Collection[Server] = ()) -> None:
        """Watch from now on; those of ``servers`` that run already are taken with their past."""
        watching.watch(self)
        for server in servers:
            engine = server._engine
            if engine is not None and not engine.done.is_set():
                self.started(server)
            for conn in server.connections:
                self._enter(conn, Side.SERVER, None, told=True)

    def end(self) -> None:
        """Watch no more."""
        watching.unwatch(self)

    def attach(self, onlooker: Onlooker) -> None:
        """Tell ``onlooker`` of every connection there is, and of what comes."""
        self.sweep()
        with self._lock:
            self._onlookers = (*self._onlookers, onlooker)
            for entry in self._entries.values():
                if entry.told:
                    onlooker.hear(entry.opened())
                onlooker.meet(entry)

    def detach(self, onlooker: Onlooker) -> None:
        """Tell it nothing more; it has to take its taps off itself."""
        with self._lock:
            self._onlookers = tuple(each for each in self._onlookers if each is not onlooker)

    def __len__(self) -> int:
        """Return how many connections there are."""
        return len(self._entries)

    @property
    def servers(self) -> list[tuple[str, Server]]:
        """The servers that run, with their names: the addresses, where they have any."""
        with self._lock:
            return list(self._servers.items())

    def name(self, conn: Conn) -> str | None:
        """Return the name of a connection; None for one that is not here."""
        with self._lock:
            entry = self._entries.get(weakref.ref(conn))
            return None if entry is None else entry.name

    def tell(self, entry: Entry) -> None:
        """Say how ``entry`` began, if that was not said."""
        with self._lock:
            self._tell(entry)

    def sweep(self) -> None:
        """Say that those are over which the application has forgotten."""
        while self._gone:
            self._strike(self._gone.popleft())

    # -- what is watched -----------------------------------------------------------------------

    def wants(self, owner: object) -> bool:
        """Whether ``owner`` is to be inspected."""
        return self._wants(owner)

    def started(self, server: object) -> None:
        """Note it."""
        assert isinstance(server, Server)
        with self._lock:
            if server not in self._servers.values():
                address = server.address
                bare = f"server {next(_numbers)}"
                self._servers[bare if address is None else format_address(address)] = server

    def stopped(self, server: object) -> None:
        """Strike it off."""
        with self._lock:
            self._servers = {n: each for n, each in self._servers.items() if each is not server}

    def opened(
        self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult
    ) -> Tap | None:
        """Enter it; a server's is told of when its response is known."""
        self.sweep()
        entry = self._enter(conn, side, opening, told=side is Side.CLIENT)
        if side is Side.SERVER:
            self._fresh.entry = entry
        return None

    def begun(self, conn: Conn) -> None:
        """Tell of it."""
        self._fresh.entry = None
        with self._lock:
            entry = self._entries.get(weakref.ref(conn))
            if entry is not None:
                self._tell(entry)

    def refused(self, address: Address, error: HandshakeError) -> None:
        """Tell of it: of the connection that was made, or of one that never was."""
        # Whoever refuses does it on the thread that made the connection, in the same turn.
        entry: Entry | None = getattr(self._fresh, "entry", None)
        self._fresh.entry = None
        if entry is not None and entry.address == address and isinstance(entry.opening, Handshake):
            with self._lock:
                self._entries.pop(entry.conn, None)
            name, request = entry.name, entry.opening
        else:
            name, request = _name(address), None
        self._say_refused(declined(name, Side.SERVER, format_address(address), request, error))

    def declined(self, conn: Conn, opening: ClientHandshake, error: Exception) -> None:
        """Tell of it."""
        name = _name(conn.address)
        peer = format_address(conn.address)
        self._say_refused(declined(name, Side.CLIENT, peer, (conn, opening), error))

    def ended(self, conn: Conn) -> None:
        """Tell of it."""
        self._strike(weakref.ref(conn))

    # -- the books -----------------------------------------------------------------------------

    def _enter(
        self,
        conn: Conn,
        side: Side,
        opening: Handshake | ClientHandshakeResult | None,
        *,
        told: bool,
    ) -> Entry:
        entry = Entry(conn, _name(conn.address), side, opening, self._gone.append)
        with self._lock:
            if entry.conn in self._entries:
                return self._entries[entry.conn]  # it came while those before it were entered
            self._entries[entry.conn] = entry
            if told:
                self._tell(entry)
            for onlooker in self._onlookers:
                onlooker.meet(entry)
        return entry

    def _tell(self, entry: Entry) -> None:
        if entry.told:
            return
        entry.told = True
        if self._onlookers:
            opened = entry.opened()
            for onlooker in self._onlookers:
                onlooker.hear(opened)

    def _strike(self, ref: weakref.ref[Conn]) -> None:
        with self._lock:
            entry = self._entries.pop(ref, None)
            if entry is None:
                return
            conn = ref()
            how = "" if conn is None or conn.close_code != 1006 else "the connection was lost"
            ended = Ended(time.time(), entry.name, how)
            for onlooker in self._onlookers:
                onlooker.part(entry.name)
                if entry.told:
                    onlooker.hear(ended)

    def _say_refused(self, opened: Opened) -> None:
        with self._lock:
            for onlooker in self._onlookers:
                onlooker.part(opened.connection)
                onlooker.hear(opened)


def _name(address: Address) -> str:
    # Ports are used again, and peers on Unix sockets have no address at all.
    return f"{format_address(address)}#{next(_numbers)}"
