"""The scenes of ``wskit inspect --demo``: a server, its clients, what they say to each other.

The law of this file: a scene returns when the last of its frames has passed the server's tap, so
what is shown after it is complete, and the same each time.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator

from ..client import Client, connect
from ..conn import Conn
from ..errors import HandshakeError, HandshakeRejected
from ..feeds import Feed
from ..protocol.extensions import Compression
from ..protocol.frames import FIN, encode
from ..protocol.handshake import Handshake
from ..protocol.opcodes import Opcode
from ..server import BufferConfig, Server, ServerConfig
from ..taps import Capture
from .exits import Failure

__all__ = ["Scene", "Stage"]

_PATIENCE = 10.0  # seconds; nothing here takes a tenth of one

Scene = tuple[str, Callable[[], str | None]]
"""A title, and what happens: it may return something to say about it."""


class _Guest:
    """Echoes; whom it does not know it turns away. One for each connection."""

    def __init__(self, handshake: Handshake, conn: Conn, stage: Stage) -> None:
        name = handshake.path.lstrip("/")
        if name == "mallory":
            raise HandshakeRejected(403, body="not on the list\n")
        self._conn = conn
        conn.set_tap(stage.feed.tap(name))
        stage.conns[name] = conn

    def client_message(self, data: str | bytes) -> None:
        self._conn.write(data)


class Stage:
    """A server and four clients, all in this process, over real sockets.

    ``feed`` gets the frames as the server sees them, ``conns`` holds its ends of the connections.
    """

    def __init__(self) -> None:
        """Nothing listens yet."""
        self.feed = Feed()
        self.conns: dict[str, Conn] = {}
        self.server = Server(_Guest, _config())
        self._clients: dict[str, Client] = {}

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"ws://127.0.0.1:{self.server.port}/"

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Serve, with everybody connected."""
        self.server.listen_in_new_thread(self)
        try:
            for name in ("alice", "bob", "carol", "dave"):
                offer = Compression(write_threshold=256) if name == "carol" else None
                self._clients[name] = connect(self.url + name, proxy=False, compression=offer)
            yield
        finally:
            # Nobody reads these clients, so nobody would answer the close frames of a stop.
            for client in self._clients.values():
                client.close()
            self.server.stop()

    def frames(self) -> list[Capture]:
        """Return the frames that nobody has taken yet."""
        return [event for event in self.feed.take(0) if isinstance(event, Capture)]

    def scenes(self) -> list[Scene]:
        """Return everything that happens, in order."""
        return [
            ("A text message and its echo", self._text),
            ("A binary message, too large for the read buffer: it borrows one", self._binary),
            ("A message in three fragments, with a ping in between", self._fragments),
            ("Compression: less on the wire than in the message", self._compressed),
            ("The server tells everybody, having framed it once", self._broadcast),
            ("A handshake is refused", self._refused),
            ("A frame breaks the protocol: code 1005 must not be sent", self._violation),
            ("Closing: with a code, with a reason, with neither", self._closes),
            ("The server stops: whoever is left is told 1001", self._stop),
        ]

    def _text(self) -> None:
        alice = self._clients["alice"]
        alice.write("Hello, wörld!")
        _reply(alice)

    def _binary(self) -> None:
        bob = self._clients["bob"]
        for size in (20_000, 40_000):
            bob.write(bytes(range(256)) * (size // 256))
            _reply(bob)

    def _fragments(self) -> None:
        alice = self._clients["alice"]
        alice.write_frame(Opcode.TEXT, "one, ", fin=False)
        alice.write_ping(b"still there?")
        alice.write_frame(Opcode.CONTINUATION, "two, ", fin=False)
        alice.write_frame(Opcode.CONTINUATION, "three")
        _reply(alice)

    def _compressed(self) -> None:
        carol = self._clients["carol"]
        carol.write(json.dumps([{"id": number, "state": "ready"} for number in range(100)]))
        _reply(carol)
        carol.write("short ones are not worth it")
        _reply(carol)

    def _broadcast(self) -> None:
        self.server.broadcast("lunch is ready")
        for client in self._clients.values():
            _reply(client)

    def _refused(self) -> str:
        try:
            connect(f"{self.url}mallory", proxy=False).close()
        except HandshakeError as error:
            return f"mallory got {error.status}: {error.body.decode().strip()}"
        raise Failure("demo: mallory was let in")

    def _violation(self) -> None:
        # A client of wskit cannot be made to send this, so here is one that can.
        assert self.server.port is not None
        with socket.create_connection(("127.0.0.1", self.server.port), _PATIENCE) as eve:
            eve.sendall(_REQUEST)
            while not eve.recv(4096).endswith(b"\r\n\r\n"):
                pass
            eve.sendall(encode(FIN | Opcode.CLOSE, (1005).to_bytes(2), 0x1A2B3C4D))
            while eve.recv(4096):
                pass

    def _closes(self) -> None:
        self._clients["alice"].close(1000)
        self._clients["bob"].close(4001, "gone fishing")
        self._clients["carol"].close(None)

    def _stop(self) -> None:
        # The stop waits for dave's half of the closing handshake, and a client answers in read().
        reader = self._clients["dave"].read_loop_in_new_thread(_Listener())
        self.server.stop(reason="closing time")
        reader.join(_PATIENCE)


class _Listener:
    def server_message(self, data: str | bytes) -> None:
        """Nothing is said to it any more."""


_REQUEST = (
    b"GET /eve HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: ZXZlIGlzIGxpc3RlbmluZw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def _config() -> ServerConfig:
    return ServerConfig(
        port=0,
        compression=Compression(write_threshold=256),
        buffers=BufferConfig(small_pool=4, large_size=32_768, large_pool=2),
    )


def _reply(client: Client) -> None:
    if client.read(timeout=_PATIENCE) is None:
        raise Failure("demo: the server does not answer")
