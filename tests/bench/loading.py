"""Servers for the load generator to load, and the shape of its answer."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.deadlines import wait_for

__all__ = ["Counter", "Handler", "Load", "Result", "altered", "serving"]

Result = dict[str, int | float | str]
Load = Callable[..., tuple[int, Result]]
Handler = Callable[[ServerConnection], None]


@contextmanager
def serving(
    handler: Handler,
    refusal: Callable[[ServerConnection, Request], Response] | None = None,
    *,
    compression: str | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Serve ``handler`` on a port of the kernel's choice, and wait for its threads at the end."""
    before = set(threading.enumerate())
    with serve(
        handler,
        "127.0.0.1",
        0,
        compression=compression,
        max_size=None,
        process_request=refusal,
        ssl=context,
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()
            wait_for(lambda: set(threading.enumerate()) <= before, what="the end of the threads")


class Counter:
    """An echo that counts what it sent back, and who is connected."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.echoed = 0
        self.connected = 0
        self.lives = 0

    def __call__(self, connection: ServerConnection) -> None:
        self.note(connected=1)
        try:
            for message in connection:
                self.note(echoed=1)
                connection.send(message)
        except ConnectionClosed:
            pass  # the generator leaves without a close frame
        finally:
            self.note(connected=-1, lives=1)

    def note(self, echoed: int = 0, connected: int = 0, lives: int = 0) -> None:
        with self.lock:
            self.echoed += echoed
            self.connected += connected
            self.lives += lives


def altered(change: Callable[[str], str | bytes]) -> Handler:
    def answer(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(change(str(message)))

    return answer
