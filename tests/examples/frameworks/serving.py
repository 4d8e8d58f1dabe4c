"""How the servers of other frameworks run here: on a socket that is bound first, ended by handle.

Every server knows the same paths: /echo, which speaks the subprotocol "chat"; /close, which closes
with 4000 "enough" at once; /refuse, which refuses the handshake with 401; /lost, an echo that puts
a word into ``lost`` when the connection is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.deadlines import scaled

__all__ = ["LIMIT", "Lost", "Served", "listening", "serve_in_loop"]

LIMIT = 1 << 16  # bytes of a message, where a server can be told

Lost = queue.SimpleQueue[str]


@dataclass
class Served:
    """A server that runs: where, and what its handler at /lost has seen."""

    url: str
    lost: Lost = field(default_factory=queue.SimpleQueue)
    limit: int = LIMIT


@contextlib.contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """Give a listening socket on a port of the kernel's choice, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, f"ws://127.0.0.1:{listener.getsockname()[1]}"


Start = Callable[[socket.socket, Lost], contextlib.AbstractAsyncContextManager[None]]


@contextlib.contextmanager
def serve_in_loop(start: Start) -> Iterator[Served]:
    """Run an asyncio server in a thread of its own; ``start`` gets the listening socket."""
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    errors: list[BaseException] = []
    with listening() as (listener, url):
        served = Served(url)

        async def main() -> None:
            loops.append(asyncio.get_running_loop())
            async with start(listener, served.lost):
                ready.set()
                await stop.wait()

        def run() -> None:
            try:
                with asyncio.Runner() as runner:
                    runner.run(main())
            except BaseException as error:
                errors.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=run, name=start.__name__)
        thread.start()
        try:
            assert ready.wait(scaled(10))
            assert not errors, errors
            yield served
        finally:
            with contextlib.suppress(RuntimeError, IndexError):
                loops[0].call_soon_threadsafe(stop.set)
            thread.join(scaled(10))
        assert not errors, errors
