"""A server that listens in the main thread: whatever comes up there ends it in good order."""

from __future__ import annotations

import threading

import pytest

from tests.server.recording import Book, Recorded
from wskit import Server, ServerConfig
from wskit.server.engine import Engine


@pytest.fixture
def server(blocking: bool) -> Server:
    return Server(Recorded, ServerConfig(port=0, blocking=blocking))


def test_ctrl_c_before_its_thread_has_started(
    server: Server, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if thread.name == "wskit-server":
            raise KeyboardInterrupt
        start(thread)

    with monkeypatch.context() as fault:
        fault.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            server.listen(book)
    server.listen_in_new_thread(book)  # all that it had is free again
    server.stop()


def test_what_ends_the_server_is_raised_here(
    server: Server, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(engine: Engine) -> None:
        raise OSError("planted")

    monkeypatch.setattr(Engine, "_listen", broken)
    with pytest.raises(OSError, match="planted"):
        server.listen(book)


def test_a_stop_that_the_waiting_thread_asks_for_only_begins(
    server: Server, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one in a signal handler, which runs there."""
    wait, returned = threading.Event.wait, list[bool]()

    def stopping(event: threading.Event, timeout: float | None = None) -> bool:
        engine = server._engine
        if engine is not None and event is engine.done and not returned:
            server.stop()
            returned.append(engine.done.is_set())
        return wait(event, timeout)

    monkeypatch.setattr(threading.Event, "wait", stopping)
    server.listen(book)
    assert returned
