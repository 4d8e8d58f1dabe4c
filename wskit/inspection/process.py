"""The one endpoint of this process: who has asked for it, and how long it is there.

The law of this file: it listens only while somebody here has asked for it, and what it leaves in
the file system goes with it, at the end of the process too.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from typing import Literal

from ..conn import Conn
from ..logs import logger
from .endpoint import Endpoint, default_kind
from .places import Kind
from .roll import Roll

__all__ = ["Wish", "attend", "leave"]

Wish = bool | Literal["tcp"]

log = logger("inspection")


class _Register(Roll):
    """The roll of the endpoint, which ends with the last of those that asked."""

    def started(self, server: object) -> None:
        super().started(server)
        _announce()

    def stopped(self, server: object) -> None:
        super().stopped(server)
        _announce()
        leave(server)

    def ended(self, conn: Conn) -> None:
        super().ended(conn)
        leave(conn)


class _State:
    """What there is in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # guards everything here; held while an endpoint comes or goes
        self.endpoint: Endpoint | None = None
        self.everything = False  # by the environment, until the process ends
        self.asked: weakref.WeakSet[object] = weakref.WeakSet()

    def wants(self, owner: object) -> bool:
        return self.everything or owner in self.asked


_state = _State()


def attend(owner: object, wish: Wish) -> None:
    """Have ``owner``, a server or client that is about to begin, inspected if that is wished.

    By it or by the user's WSKIT_INSPECT. The first who asks says what the endpoint is. Raises
    OSError where there can be none, ValueError for a WSKIT_INSPECT that means nothing.
    """
    by_user = _environment()
    if not wish and not by_user:
        return
    kind: Kind = "tcp" if "tcp" in (wish, by_user) else default_kind()
    with _state.lock:
        if _state.endpoint is None:
            _begin(kind)
        _state.everything = _state.everything or bool(by_user)
        _state.asked.add(owner)


def leave(owner: object) -> None:
    """Say that ``owner`` is over; the endpoint ends with the last."""
    if owner not in _state.asked:
        return  # asked without the lock: connections of the endpoint itself end under it
    with _state.lock:
        _state.asked.discard(owner)
        if not _state.asked and not _state.everything:
            _end()


def _environment() -> Wish:
    value = os.environ.get("WSKIT_INSPECT", "")
    if value in ("", "0"):
        return False
    if value == "tcp":
        return "tcp"
    if value != "1":
        raise ValueError(f"WSKIT_INSPECT: must be 1, tcp or 0, not {value!r}")
    return True


def _begin(kind: Kind) -> None:
    _state.endpoint = Endpoint(kind, _Register(_state.wants))
    _state.endpoint.roll.begin()


def _end() -> None:
    endpoint, _state.endpoint = _state.endpoint, None
    if endpoint is not None:
        endpoint.roll.end()
        endpoint.end()


def _announce() -> None:
    endpoint = _state.endpoint
    if endpoint is None:
        return
    try:
        endpoint.announce()
    except OSError as error:
        log.warning("the servers of this process cannot be announced: %s", error)


@atexit.register
def _at_exit() -> None:
    with _state.lock:
        _end()


def _in_child() -> None:
    """Forget what is the parent's: its threads are not here, its files are not ours to remove."""
    global _state
    parents, _state = _state, _State()
    # Its roll goes on to watch, and wants nothing. To take it off needs a lock, which a thread of
    # the parent's may have had at the fork.
    parents.everything = False
    parents.asked = weakref.WeakSet()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
