"""Threads that do what a test tells them, one thing after the other; handlers that do, too."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable

from tests.deadlines import scaled
from tests.server.recording import Book, Recorded
from wskit import Conn, ConnectionClosed, Handshake, Server

__all__ = ["Actor", "Obedient", "Stage", "Writer"]


class Writer:
    """Someone who writes numbered messages, and notes those that were taken, by connection."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.taken: dict[str, list[int]] = {}
        self.broadcasts: dict[int, int] = {}  # to how many connections
        self._number = 0

    def write(self, handler: Obedient, size: int) -> None:
        """Write to one; it may be closed."""
        self._number += 1
        handler.conn.write(f"{self.name}:{self._number}:{'x' * size}")
        self.taken.setdefault(handler.path, []).append(self._number)

    def broadcast(self, server: Server, size: int) -> None:
        """Write to all."""
        self._number += 1
        message = f"all-{self.name}:{self._number}:{'x' * size}"
        self.broadcasts[self._number] = server.broadcast(message)


class Actor(Writer):
    """A thread of the application."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.errors: list[BaseException] = []
        self._asked = self._done = 0
        self._tasks: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"actor {name}")
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether all was done that was asked."""
        return self._done == self._asked

    def ask(self, task: Callable[[], object]) -> None:
        """Have ``task`` done, soon; ConnectionClosed is nothing special."""
        self._asked += 1
        self._tasks.put(task)

    def end(self) -> None:
        """End the thread, after all that was asked."""
        self._tasks.put(None)
        self._thread.join(scaled(20))
        assert not self._thread.is_alive()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except ConnectionClosed:
                pass
            except BaseException as error:
                self.errors.append(error)
            self._done += 1


class Stage(Book):
    """The app: its handlers by the path of their request, and the server."""

    def __init__(self) -> None:
        super().__init__()
        self.by_path: dict[str, Obedient] = {}
        self.server: Server


class Obedient(Recorded):
    """Does what each message says: "order:number:filling"."""

    narrow = True

    def __init__(self, handshake: Handshake, conn: Conn, app: Stage) -> None:
        super().__init__(handshake, conn, app)
        self.path = handshake.path
        self.writer = Writer(f"handler{handshake.path[1:]}")
        self.server = app.server
        app.by_path[self.path] = self

    def on_message(self, data: str | bytes) -> None:
        assert isinstance(data, str)
        order, _, filling = data.split(":")
        orders: dict[str, Callable[[], object]] = {
            "echo": lambda: self.writer.write(self, len(filling)),
            "dawdle": lambda: threading.Event().wait(0.01),  # long enough to be relieved
            "flood": self.flood,
            "broadcast": lambda: self.writer.broadcast(self.server, len(filling)),
            "close": lambda: self.conn.close(4000),
            "raise": lambda: 1 // 0,
            "exit": sys.exit,
            "stop": self.server.stop,
        }
        orders[order]()

    def flood(self) -> None:
        """Write more than is gathered, so that a narrow way is blocked before the handler ends."""
        for _ in range(4):
            self.writer.write(self, 20_000)
