"""A real client over a socket pair, in both ways of reading: it echoes what the stream says."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
from collections.abc import Hashable
from dataclasses import replace
from typing import Literal

from ...client import Client, ClientConfig
from ...errors import ConnectionClosed, ProtocolError, WebSocketError
from ...protocol.extensions import Compression
from ...protocol.opcodes import MessageType, Side
from ..checks import ACCEPTED, ENDS, ERRORS, FAITHFUL, LIVE, ONCE, ONE_CLOSE, Violation, documented
from ..reference import read
from ..upgrades import problem_of_request
from .answers import check_answer
from .complaints import Complaints
from .settings import Settings, cuts, read_settings
from .target import Watch
from .wires import PATIENCE, converse, pair, read_head

__all__ = ["ClientTarget", "target"]

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"sec-websocket-key: *([^\r]*)\r\n", re.IGNORECASE)
_SIZE = 70_000
_FRAGMENTS = 64


class _Echo:
    """The handler of a read loop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.closes = 0

    def server_message(self, data: str | bytes) -> None:
        self._client.write(data)

    def close(self) -> None:
        self.closes += 1


class ClientTarget:
    """The second byte of the settings chooses ``read`` or ``read_loop`` by its lowest bit."""

    name = "client"
    checks = (ERRORS, ENDS, FAITHFUL, ONE_CLOSE, ACCEPTED, LIVE, ONCE)
    files = (
        *("client/client.py", "client/reader.py", "client/read_loop.py", "client/opening.py"),
        *("client/engine.py", "conn.py", "outbound.py"),
    )
    structure: Literal["frames"] = "frames"

    def __init__(self) -> None:
        """Each run has its own client and thread."""
        self._complaints = Complaints()

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Hold one connection with the stream and compare what came back with the reference."""
        settings, stream = read_settings(data)
        settings = replace(settings, side=Side.CLIENT, max_size=_SIZE, max_fragments=_FRAGMENTS)
        with watch():
            sent = self._held(settings, stream)
        self._complaints.raise_any()
        reading = read(stream, settings.rules)
        check_answer(sent, settings, reading, every_pong=False)
        kinds = tuple(opcode for opcode, _ in reading.events[:4])
        return settings.seed & 1, settings.deflate, reading.why, kinds, reading.message_open

    def close(self) -> None:
        """Nothing runs between runs."""
        self._complaints.end()

    def _held(self, settings: Settings, stream: bytes) -> bytes:
        ours, theirs = pair()
        failures: list[Violation] = []
        thread = threading.Thread(target=_reported, args=(theirs, settings, failures), daemon=True)
        thread.start()
        with ours:
            request = read_head(ours)
            if problem := problem_of_request(request):
                raise Violation(ACCEPTED, problem, problem)
            pieces = cuts(stream, settings.seed)[-1 if len(stream) < 40 else min(1, len(stream))]
            sent = converse(ours, [_response(request, settings), *pieces])
        thread.join(PATIENCE)
        if thread.is_alive():
            raise Violation(LIVE, f"the client did not return within {PATIENCE:g} s", "client")
        if failures:
            raise failures[0]
        return sent


def _response(request: bytes, settings: Settings) -> bytes:
    found = _KEY.search(request)
    assert found is not None
    digest = hashlib.sha1(found[1] + _GUID.encode(), usedforsecurity=False).digest()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}")
    if settings.deflate:
        fresh = "; server_no_context_takeover; client_no_context_takeover" * settings.fresh
        lines.append(f"Sec-WebSocket-Extensions: permessage-deflate{fresh}")
    return "\r\n".join((*lines, "", "")).encode()


def _reported(sock: socket.socket, settings: Settings, failures: list[Violation]) -> None:
    try:
        with documented():
            _lived(sock, settings)
    except Violation as violation:
        failures.append(violation)


def _lived(sock: socket.socket, settings: Settings) -> None:
    """Be a client from its handshake to its end; what it may raise is caught here."""
    config = ClientConfig(
        host="localhost",
        port=9,
        proxy=None,
        max_size=_SIZE,
        max_fragments=_FRAGMENTS,
        compression=Compression(write_threshold=100) if settings.deflate else None,
        ping_interval=None,
        close_timeout=5.0,
    )
    client = Client(config, sock)
    try:
        client.handshake()
        if settings.seed & 1:
            _looped(client)
        else:
            _read(client)
    except (ConnectionClosed, ProtocolError):
        pass
    finally:
        with contextlib.suppress(WebSocketError):
            client.close()


def _read(client: Client) -> None:
    while (message := client.read()) is not None:
        if message.type in (MessageType.TEXT, MessageType.BINARY):
            client.write(message.data)
        client.done(message)


def _looped(client: Client) -> None:
    handler = _Echo(client)
    try:
        client.read_loop(handler)
    finally:
        if handler.closes != 1:
            raise Violation(ONCE, f"close was called {handler.closes} times", "close")


def target() -> ClientTarget:
    """Return the target."""
    return ClientTarget()
