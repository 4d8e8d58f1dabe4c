"""The traffic of ``wskit inspect --demo`` on a screen: a server and clients that never tire.

The law of this file: whatever a frame, a message, an end or a refusal can be comes by within a
minute, slowly enough to be read.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import random
import threading
from collections.abc import Callable, Iterator

from ..client import Client, connect
from ..conn import Conn
from ..errors import HandshakeError, HandshakeRejected, WebSocketError
from ..protocol.extensions import Compression
from ..protocol.frames import FIN
from ..protocol.handshake import Handshake
from ..protocol.opcodes import Opcode
from ..server import BufferConfig, Server, ServerConfig

__all__ = ["Traffic"]

_BEAT = 0.15  # seconds between two acts, about
_WAVE = 40  # acts from calm to lively and back
_STOCKS = ("ACME", "GLOBEX", "INITECH", "UMBRELLA")
_REGULARS = {"alice": "jsonrpc", "bob": None, "carol": None, "dave": "chat"}


class _Guest:
    """Answers JSON-RPC, echoes the rest; whom it does not know it turns away."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        if handshake.path == "/mallory":
            raise HandshakeRejected(403, body="not on the list\n")
        self._conn = conn

    def client_message(self, data: str | bytes) -> None:
        self._conn.write(_answer(data) if isinstance(data, str) else data)


def _answer(text: str) -> str:
    try:
        request = json.loads(text)
    except ValueError:
        return text
    if not isinstance(request, dict) or "id" not in request:
        return text
    price = round(random.uniform(10, 500), 2)
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"price": price}})


class _Listener:
    """Somebody who only listens: the reading answers pings and closes."""

    def server_message(self, data: str | bytes) -> None:
        pass


class Traffic:
    """``server`` with its clients; what they do is done by a thread of its own from ``start`` on.

    ``server`` listens when ``start`` returns; everything is over when ``end`` does.
    """

    def __init__(self) -> None:
        """Nothing listens yet."""
        self.server = Server(_Guest, _config())
        self._clients: dict[str, Client] = {}
        self._you: Client | None = None
        self._numbers = itertools.count(1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wskit-demo", daemon=True)

    def start(self) -> None:
        """Begin; raises OSError."""
        self.server.listen_in_new_thread()
        self._thread.start()

    def you(self) -> Client:
        """Return an open client for whoever looks on, one at a time; raises OSError."""
        if self._you is None or self._you.is_closed:
            self._you = self._connected("you")
        return self._you

    def end(self) -> None:
        """Stop; may be called again, and before ``start``."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.server.stop(reason="closing time", timeout=1.0)

    # -- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        for number, act in enumerate(self._acts()):
            try:
                act()
            except (OSError, WebSocketError):
                self._clients.clear()  # those that are open are closed by the end of the server
            # Traffic comes in waves, so that there is something to see of it.
            if self._over.wait(_BEAT * (1.2 + math.sin(number * math.tau / _WAVE))):
                return

    def _acts(self) -> Iterator[Callable[[], None]]:
        often = (self._ask, self._tick, self._ask, self._echo, self._tick, self._compressed)
        now_and_then = (
            *(self._fragments, self._large, self._ping, self._visit),
            *(self._refused, self._leave, self._violate),
        )
        for rare in itertools.cycle(now_and_then):
            yield from often
            yield rare

    def _client(self, name: str) -> Client:
        client = self._clients.get(name)
        if client is None or client.is_closed:
            client = self._clients[name] = self._connected(name, _REGULARS.get(name))
        return client

    def _connected(self, name: str, subprotocol: str | None = None) -> Client:
        offer = Compression(write_threshold=256) if name == "carol" else None
        client = connect(
            f"ws://127.0.0.1:{self.server.port}/{name}",
            proxy=False,
            compression=offer,
            subprotocols=(subprotocol,) if subprotocol else (),
            close_timeout=1.0,
        )
        client.read_loop_in_new_thread(_Listener())
        return client

    # -- acts ----------------------------------------------------------------------------------

    def _ask(self) -> None:
        request = {"jsonrpc": "2.0", "id": next(self._numbers), "method": "quote"}
        self._client("alice").write(json.dumps(request | {"params": [random.choice(_STOCKS)]}))

    def _tick(self) -> None:
        self._client("dave")
        price = round(random.uniform(10, 500), 2)
        trade = {"type": "trade", "stock": random.choice(_STOCKS), "price": price}
        self.server.broadcast(json.dumps(trade))

    def _echo(self) -> None:
        self._client("dave").write(f"Hello, wörld! ({next(self._numbers)})")

    def _compressed(self) -> None:
        rows = [{"id": number, "state": "ready"} for number in range(random.randint(10, 100))]
        self._client("carol").write(json.dumps(rows))

    def _fragments(self) -> None:
        dave = self._client("dave")
        dave.write_frame(Opcode.TEXT, "one, ", fin=False)
        dave.write_ping(b"still there?")
        dave.write_frame(Opcode.CONTINUATION, "two, ", fin=False)
        dave.write_frame(Opcode.CONTINUATION, "three")

    def _large(self) -> None:
        for size in (5_000, 20_000, 40_000):
            self._client("bob").write(random.randbytes(size))

    def _ping(self) -> None:
        for name in _REGULARS:
            self._client(name).write_ping(name.encode())

    def _visit(self) -> None:
        visitor = self._connected("visitor")
        visitor.write("just passing by")
        visitor.close(4001, "gone fishing")

    def _refused(self) -> None:
        with contextlib.suppress(HandshakeError):
            self._connected("mallory").close()

    def _leave(self) -> None:
        self._client("bob").close(None)

    def _violate(self) -> None:
        eve = self._connected("eve")
        with contextlib.suppress(WebSocketError):
            eve._send_unchecked(FIN | Opcode.CLOSE, (1005).to_bytes(2), masked=True)


def _config() -> ServerConfig:
    return ServerConfig(
        port=0,
        ping_interval=5.0,
        compression=Compression(write_threshold=256),
        subprotocols=("jsonrpc", "chat"),
        buffers=BufferConfig(small_pool=4, large_size=32_768, large_pool=2),
    )
