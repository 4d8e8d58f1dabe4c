"""Real servers in both modes, over socket pairs: they echo whatever the stream says."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import replace
from typing import Literal

from ...conn import Conn
from ...protocol.extensions import Compression
from ...protocol.handshake import Handshake
from ...protocol.opcodes import Side
from ...server import Server, ServerConfig, ThreadPoolConfig
from ..checks import ACCEPTED, ENDS, ERRORS, FAITHFUL, LIVE, ONCE, ONE_CLOSE, Violation
from ..reference import read
from ..upgrades import problem_of_response
from .answers import check_answer
from .complaints import Complaints
from .settings import Settings, cuts, read_settings
from .target import Watch
from .wires import PATIENCE, converse, pair

__all__ = ["ServerTarget", "target"]

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_REQUEST = (
    "GET /{number} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n{{offer}}\r\n"
)
_SIZE = 70_000
_FRAGMENTS = 64


class _Record:
    """What one handler was told."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.closes = 0
        self.late = 0  # callbacks after close


class _Echo:
    """The handler; ``app`` holds a record for each path."""

    def __init__(self, handshake: Handshake, conn: Conn, app: dict[str, _Record]) -> None:
        self._conn = conn
        self._record = app[handshake.path]

    def client_message(self, data: str | bytes) -> None:
        self._record.late += self._record.closes
        self._conn.write(data)

    def close(self) -> None:
        self._record.closes += 1
        self._record.closed.set()


class ServerTarget:
    """The second byte of the settings chooses the mode by its lowest bit."""

    name = "server"
    checks = (ERRORS, ENDS, FAITHFUL, ONE_CLOSE, ACCEPTED, LIVE, ONCE)
    files = (
        *("server/session.py", "server/worker.py", "server/engine.py", "server/linger.py"),
        *("server/turns.py", "server/threads.py", "server/pending.py", "conn.py", "outbound.py"),
    )
    structure: Literal["frames"] = "frames"

    def __init__(self) -> None:
        """Servers start with the first run, so that what guides it sees their threads."""
        self._servers: list[Server] = []
        self._records: dict[str, _Record] = {}
        self._count = 0
        self._complaints = Complaints()

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Hold one connection with the stream and compare what came back with the reference."""
        settings, stream = read_settings(data)
        settings = replace(settings, side=Side.SERVER, max_size=_SIZE, max_fragments=_FRAGMENTS)
        self._count += 1
        path, record = f"/{self._count}", _Record()
        self._records[path] = record
        try:
            with watch():
                answer = self._held(settings, stream)
                if not record.closed.wait(PATIENCE):
                    raise Violation(ONCE, f"close was not called within {PATIENCE:g} s", "never")
        finally:
            del self._records[path]
        self._complaints.raise_any()
        if record.closes != 1 or record.late:
            raise Violation(ONCE, f"close was called {record.closes} times", "close")
        return self._compare(settings, stream, answer)

    def close(self) -> None:
        """Stop the servers."""
        for server in self._servers:
            server.stop(timeout=1.0)
        self._servers.clear()
        self._complaints.end()

    def _held(self, settings: Settings, stream: bytes) -> bytes:
        if not self._servers:
            self._servers = [_started(self._records, blocking) for blocking in (False, True)]
        offer = "Sec-WebSocket-Extensions: permessage-deflate"
        if settings.fresh:
            offer += "; client_no_context_takeover; server_no_context_takeover"
        request = _REQUEST.format(
            number=self._count, offer=f"{offer}\r\n" if settings.deflate else ""
        ).encode()
        pieces = cuts(stream, settings.seed)[-1 if len(stream) < 40 else min(1, len(stream))]
        ours, theirs = pair()
        with ours:
            self._servers[settings.seed & 1].adopt(theirs)
            return converse(ours, [request, *pieces])

    def _compare(self, settings: Settings, stream: bytes, answer: bytes) -> Hashable:
        head, blank, sent = answer.partition(b"\r\n\r\n")
        if problem := problem_of_response(head + blank, _KEY):
            raise Violation(ACCEPTED, problem, problem)
        reading = read(stream, settings.rules)
        check_answer(sent, settings, reading, every_pong=False)
        kinds = tuple(opcode for opcode, _ in reading.events[:4])
        return settings.seed & 1, settings.deflate, reading.why, kinds, reading.message_open


def _started(records: dict[str, _Record], blocking: bool) -> Server:
    config = ServerConfig(
        port=None,
        blocking=blocking,
        max_message_size=_SIZE,
        max_fragments=_FRAGMENTS,
        compression=Compression(write_threshold=100),
        ping_interval=None,
        close_timeout=5.0,
        thread_pool=ThreadPoolConfig(count=2),
    )
    server = Server(_Echo, config)
    server.listen_in_new_thread(records)
    return server


def target() -> ServerTarget:
    """Return the target."""
    return ServerTarget()
