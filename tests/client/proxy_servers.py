"""Small real proxies in threads: HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928)."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial

from tests.client.raw import listener
from tests.deadlines import scaled

__all__ = ["Seen", "connect_proxy", "socks5_proxy"]

Seen = list[str]
"""What the clients of a proxy asked for."""


@contextlib.contextmanager
def connect_proxy(answer: bytes | None = b"", *, extra: bytes = b"") -> Iterator[tuple[str, Seen]]:
    """Run an HTTP proxy for one client; give its host and port, and the heads of its requests.

    With ``answer`` it refuses with these bytes, with None it says nothing; ``extra`` is sent
    behind the 200.
    """
    seen: Seen = []

    def serve(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data:
                return
            head += data
        seen.append(head.decode())
        if answer != b"":
            if answer is not None:
                client.sendall(answer)
            client.recv(1)
            return
        method, target, _ = seen[0].split(" ", 2)
        assert method == "CONNECT"
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), scaled(5)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n" + extra)
            relay(client, server)

    with running(serve) as address:
        yield address, seen


@contextlib.contextmanager
def socks5_proxy(
    credentials: tuple[str, str] | None = None, *, reply: int | None = 0
) -> Iterator[tuple[str, Seen]]:
    """Run a SOCKS5 proxy for one client; it answers CONNECT with ``reply``, None: not at all.

    A host name is taken for this machine's own.
    """
    seen: Seen = []

    def serve(client: socket.socket) -> None:
        exactly = partial(read_exactly, client)
        _, count = exactly(2)
        methods = exactly(count)
        method = 2 if credentials else 0
        client.sendall(bytes([5, method if method in methods else 255]))
        if method not in methods:
            return
        if credentials is not None:
            pair = []
            exactly(1)
            for _ in range(2):
                pair.append(exactly(exactly(1)[0]).decode())
            good = tuple(pair) == credentials
            client.sendall(bytes([1, 0 if good else 1]))
            if not good:
                return
        _, _, _, kind = exactly(4)
        name = exactly(exactly(1)[0]).decode() if kind == 3 else socket.inet_ntoa(exactly(4))
        port = int.from_bytes(exactly(2), "big")
        seen.append(f"{name}:{port}")
        if reply is None:
            client.recv(1)
            return
        client.sendall(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if reply == 0:
            with socket.create_connection(("127.0.0.1", port), scaled(5)) as server:
                relay(client, server)

    with running(serve) as address:
        yield address, seen


@contextlib.contextmanager
def running(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run ``serve`` in a thread for the first client, if there is one; give host:port."""
    with listener() as sock:

        def run() -> None:
            client, _ = sock.accept()
            with client, contextlib.suppress(ConnectionError):
                client.settimeout(scaled(10))
                serve(client)

        thread = threading.Thread(target=run)
        thread.start()
        host, port = sock.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            with contextlib.suppress(OSError):
                socket.create_connection((host, port), scaled(1)).close()  # if nobody came
            thread.join(scaled(10))
            assert not thread.is_alive(), "the proxy does not end"


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one end closes."""
    ways = {one: other, other: one}
    while ways:
        readable, _, _ = select.select(list(ways), [], [], scaled(10))
        for source in readable:
            data = source.recv(65536)
            if not data:
                return
            ways[source].sendall(data)


def read_exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("the client ended")
        data += more
    return data
