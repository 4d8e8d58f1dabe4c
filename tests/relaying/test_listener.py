"""A listener gives each connection a thread, and its end waits for all of them."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled, wait_for
from wskit.conn import Address
from wskit.relaying import listener as module
from wskit.relaying.listener import Listener


def test_each_connection_has_its_own_thread() -> None:
    seen: list[tuple[Address, threading.Thread]] = []

    def serve(client: socket.socket, address: Address) -> None:
        seen.append((address, threading.current_thread()))
        client.close()

    listener = Listener(serve)
    listener.start()
    clients = [socket.create_connection(listener.address) for _ in range(3)]
    addresses = {client.getsockname() for client in clients}
    wait_for(lambda: len(seen) == 3)
    for client in clients:
        client.close()
    listener.end()
    assert {address for address, _ in seen} == addresses
    assert len({thread for _, thread in seen}) == 3


def test_the_end_calls_what_was_said_last_and_waits() -> None:
    over, calls, waits = threading.Event(), list[str](), threading.Event()

    def second() -> None:
        calls.append("second")
        over.set()

    def serve(client: socket.socket, address: Address) -> None:
        listener.on_end(lambda: calls.append("first"))
        listener.on_end(second)
        waits.set()
        over.wait(scaled(5))
        listener.on_end(lambda: calls.append("at once"))
        client.close()

    listener = Listener(serve)
    listener.start()
    with socket.create_connection(listener.address):
        assert waits.wait(scaled(5))
        listener.end()
        listener.end()
    assert calls == ["second", "at once"]


def test_a_connection_that_ended_is_not_called() -> None:
    calls: list[str] = []

    def serve(client: socket.socket, address: Address) -> None:
        listener.on_end(lambda: calls.append("x"))
        client.close()

    listener = Listener(serve)
    listener.start()
    with socket.create_connection(listener.address) as client:
        assert client.recv(1) == b""
        wait_for(lambda: not listener._connections)
    listener.end()
    assert calls == []


def test_six_is_another_family() -> None:
    try:
        listener = Listener(lambda client, address: client.close(), host="::1")
    except OSError:
        pytest.skip("no IPv6 here")
    listener.start()
    assert listener.address[0] == "::1"
    listener.end()


def test_a_port_in_use_is_an_oserror() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        Listener(lambda client, address: None, port=other.getsockname()[1])


@contextlib.contextmanager
def broken_accept(listener: Listener, *errors: OSError) -> Iterator[None]:
    """Have the next calls of accept fail."""
    left, real = list(errors), listener._socket

    class Broken:
        def accept(self) -> tuple[socket.socket, object]:
            if left:
                raise left.pop(0)
            return real.accept()

        def fileno(self) -> int:
            return real.fileno()

        def close(self) -> None:
            real.close()

    listener._socket = Broken()  # type: ignore[assignment]
    yield
    assert left == []


def test_it_goes_on_after_running_out_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.001)
    listener = Listener(lambda client, address: client.close())
    errors = [OSError(errno.EMFILE, "too many"), BlockingIOError(), ConnectionAbortedError()]
    with broken_accept(listener, *errors):
        listener.start()
        with socket.create_connection(listener.address) as client:
            client.settimeout(scaled(5))
            assert client.recv(1) == b""
        listener.end()


def test_without_a_thread_the_connection_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(lambda client, address: client.close())
    listener.start()

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with socket.create_connection(listener.address) as client:
            client.settimeout(scaled(5))
            assert client.recv(1) == b""
    listener.end()
