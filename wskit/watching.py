"""What tools in the same process may watch: servers, connections, and failures of user code.

The law of this file: with nobody watching it costs one look at an empty tuple for each connection
and nothing for each frame; a watcher that raises is logged and never asked again.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from .logs import logger

if TYPE_CHECKING:  # the pytest plugin imports this in every run, so it has to be light
    from .conn import Address, Conn
    from .errors import HandshakeError
    from .protocol.frames import Tap
    from .protocol.handshake import Handshake
    from .protocol.opcodes import Side
    from .protocol.response import ClientHandshake, ClientHandshakeResult

__all__ = [
    "Watcher",
    "all_hidden",
    "begun",
    "declined",
    "ended",
    "failed",
    "hidden",
    "hide",
    "offer",
    "opened",
    "refused",
    "started",
    "stopped",
    "unwatch",
    "watch",
    "withdraw",
]

log = logger("watching")

_lock = threading.Lock()  # guards changes of _watchers; who only reads it takes what is there
_watchers: tuple[Watcher, ...] = ()
_hidden: weakref.WeakSet[object] = weakref.WeakSet()  # changed and asked with _lock


class Watcher:
    """Is told what happens; override what you need.

    Each method runs on the thread where it happens, so it must be quick, use no connection, and
    be ready for several threads at once.
    """

    def wants(self, owner: object) -> bool:
        """Whether connections and refusals of ``owner`` are to be told: a server or client."""
        return True

    def started(self, server: object) -> None:
        """``server`` listens, or is ready to adopt."""

    def stopped(self, server: object) -> None:
        """All threads of ``server`` have ended."""

    def opened(
        self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult
    ) -> Tap | None:
        """``conn`` was made; return a tap for its frames, or None.

        On a server the handler does not exist yet, and may still refuse: then ``refused`` follows,
        and no ``ended``.
        """

    def begun(self, conn: Conn) -> None:
        """The handler of a server's ``conn`` exists; its response is about to be sent."""

    def refused(self, address: Address, error: HandshakeError) -> None:
        """A server answers the peer at ``address`` with ``error``."""

    def declined(self, conn: Conn, opening: ClientHandshake, error: Exception) -> None:
        """The handshake of a client failed: by HandshakeError for a response, else OSError."""

    def ended(self, conn: Conn) -> None:
        """``conn`` is over, its socket closed or about to be; a client may not have opened."""

    def failed(self, conn: Conn | None, where: str, error: BaseException) -> None:
        """The application's callback ``where`` raised ``error``, which nobody else will see."""


def watch(watcher: Watcher) -> None:
    """Tell ``watcher`` from now on, once each time; from any thread."""
    global _watchers
    with _lock:
        if all(other is not watcher for other in _watchers):
            _watchers = (*_watchers, watcher)


def unwatch(watcher: Watcher) -> None:
    """Tell ``watcher`` no more; nothing happens if it does not watch."""
    _drop(watcher)


def all_hidden() -> list[object]:
    """Return the servers and clients that nobody is told of."""
    with _lock:
        return list(_hidden)


def hide(owner: object) -> None:
    """Tell nobody of ``owner``, a server or client that is part of a tool itself."""
    with _lock:
        _hidden.add(owner)


def hidden(owner: object) -> bool:
    """Whether nobody is told of ``owner``."""
    with _lock:
        return owner in _hidden


def offer(owner: object, wish: bool | Literal["tcp"]) -> None:
    """Have ``owner``, a server or client that is about to begin, inspected if that is wished.

    By ``wish`` or by WSKIT_INSPECT; raises OSError and ValueError where it cannot be.
    """
    if (wish or "WSKIT_INSPECT" in os.environ) and not hidden(owner):
        from .inspection.process import attend  # it is made of servers itself

        attend(owner, wish)


def withdraw(owner: object, wish: bool | Literal["tcp"]) -> None:
    """Say that an ``owner`` that was offered did not begin."""
    if wish or "WSKIT_INSPECT" in os.environ:
        from .inspection.process import leave

        leave(owner)


# -- for servers and clients -------------------------------------------------------------------


def started(server: object) -> None:
    """Say that ``server`` runs."""
    _tell(lambda watcher: watcher.started(server), server)


def stopped(server: object) -> None:
    """Say that ``server`` has ended."""
    _tell(lambda watcher: watcher.stopped(server), server)


def opened(
    side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult, owner: object = None
) -> None:
    """Say that ``conn`` of ``owner`` was made, and install the taps that watchers want."""
    if not _watchers:
        return
    taps: list[Tap | None] = []
    _tell(lambda watcher: taps.append(watcher.opened(side, conn, opening)), owner)
    for tap in taps:
        if tap is not None:
            conn._watch(tap)


def begun(conn: Conn, owner: object = None) -> None:
    """Say that the handler of ``conn`` exists."""
    if _watchers:
        _tell(lambda watcher: watcher.begun(conn), owner)


def refused(address: Address, error: HandshakeError, owner: object = None) -> None:
    """Say that a handshake is refused."""
    _tell(lambda watcher: watcher.refused(address, error), owner)


def declined(conn: Conn, opening: ClientHandshake, error: Exception) -> None:
    """Say that the handshake of the client ``conn`` failed."""
    _tell(lambda watcher: watcher.declined(conn, opening, error), conn)


def ended(conn: Conn) -> None:
    """Say that ``conn`` is over."""
    _tell(lambda watcher: watcher.ended(conn))


def failed(conn: Conn | None, where: str, error: BaseException) -> None:
    """Say that user code failed, after logging it."""
    _tell(lambda watcher: watcher.failed(conn, where, error))


def _tell(call: Callable[[Watcher], None], owner: object = None) -> None:
    """Call it for each watcher who wants to know of ``owner``, None for whoever it is."""
    watchers = _watchers
    if not watchers or (owner is not None and hidden(owner)):
        return
    for watcher in watchers:
        try:
            if owner is None or watcher.wants(owner):
                call(watcher)
        except Exception:
            if _drop(watcher):  # else another thread has said it
                log.exception("watcher %r raised and was dropped", watcher)


def _drop(watcher: Watcher) -> bool:
    """Take ``watcher`` out; whether it was there."""
    global _watchers
    with _lock:
        before = _watchers
        _watchers = tuple(other for other in before if other is not watcher)
        return len(_watchers) < len(before)
