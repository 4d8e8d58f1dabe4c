"""The endpoint of this process: where its inspectors attach."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

from .. import __version__, watching
from ..conn import Conn, format_address
from ..protocol.handshake import Handshake
from ..server import HandshakeConfig, Server, ServerConfig
from ..trace import json_line
from . import admission, places
from .inspectors import Inspector
from .places import Kind, Running
from .roll import Roll

__all__ = ["Endpoint", "default_kind"]

_GOODBYE = 0.25  # seconds that inspectors have to answer the close
_MOST = 16  # inspectors at once


class Endpoint:
    """A server of its own that nobody watches, on a Unix socket or on loopback with a token."""

    def __init__(self, kind: Kind, roll: Roll) -> None:
        """Listen at once; raises OSError."""
        self.roll = roll
        self._inspectors: set[Inspector] = set()  # each adds and removes itself; atomic
        self.token = secrets.token_hex(32) if kind == "tcp" else ""
        places.folder()
        places.withdraw(os.getpid())  # of a process that had this number before
        self._path = str(places.socket_path(os.getpid())) if kind == "unix" else None
        self.hello = json_line("hello", version=__version__, pid=os.getpid(), program=_program())
        self._server = Server(_Handler, _config(self._path))
        watching.hide(self._server)
        self._server.listen_in_new_thread(self)
        try:
            self._introduce(kind)
        except BaseException:
            self._server.stop()
            raise

    def _introduce(self, kind: Kind) -> None:
        address, pid = self._server.address, os.getpid()
        where = self._path or format_address(address if address is not None else "")
        self.described = Running(pid, kind, where, _program(), time.time(), (), self.token)
        self.announce()

    @property
    def port(self) -> int | None:
        """The TCP port; None with a Unix socket."""
        return self._server.port

    def announce(self) -> None:
        """Say which servers there are, to whoever looks for processes; raises OSError."""
        names = tuple(name for name, _ in self.roll.servers)
        self.described = replace(self.described, servers=names)
        places.announce(self.described)

    def enter(self, conn: Conn) -> Inspector:
        """Begin to send to an inspector."""
        inspector = Inspector(conn, self.roll, self.hello)
        self._inspectors.add(inspector)
        inspector.start()
        return inspector

    def leave(self, inspector: Inspector) -> None:
        """Stop."""
        self._inspectors.discard(inspector)
        inspector.end()

    def end(self) -> None:
        """Tell the inspectors what is left to tell, and be gone with all files."""
        places.withdraw(self.described.pid)
        for inspector in list(self._inspectors):
            inspector.end()
        with contextlib.suppress(RuntimeError):  # no new threads at the end of the interpreter
            self._server.stop(1001, "the process ends", timeout=_GOODBYE)


class _Handler:
    """One inspector; it only listens, so whatever it says is too much."""

    def __init__(self, handshake: Handshake, conn: Conn, app: Endpoint) -> None:
        admission.check(handshake, conn, app.port, app.token)
        self._conn = conn
        self._endpoint = app
        self._inspector: Inspector | None = None

    def after_init(self) -> None:
        self._inspector = self._endpoint.enter(self._conn)

    def client_message(self, data: str | bytes) -> None:
        self._conn.close(1008, "an inspector only looks")

    def close(self) -> None:
        if self._inspector is not None:
            self._endpoint.leave(self._inspector)


def _config(path: str | None) -> ServerConfig:
    return ServerConfig(
        port=0,
        unix_path=path,
        unix_mode=0o600 if path is not None else None,
        blocking=True,  # a thread for each inspector, none besides
        max_conn=_MOST,
        max_message_size=1024,
        # Each takes a thread, and on TCP anybody on this machine may try.
        handshake=HandshakeConfig(timeout=5.0, count=1),
        ping_interval=None,  # one that is stopped for a while may go on later
        close_timeout=1.0,
    )


def _program() -> str:
    """Return what a person calls this process."""
    path = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path("python")
    return path.parent.name if path.name == "__main__.py" else path.name  # python -m package


def default_kind() -> Kind:
    """Return what an endpoint is here if nobody says."""
    return "unix" if hasattr(socket, "AF_UNIX") else "tcp"
