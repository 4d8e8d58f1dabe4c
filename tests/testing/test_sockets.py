"""Connected sockets: of the kernel, or of TCP over loopback, never somebody else's."""

from __future__ import annotations

import contextlib
import socket
from typing import cast

import pytest

from wskit.testing.sockets import socket_pair


@pytest.mark.parametrize("tcp", [False, True])
def test_both_ends_are_connected_and_do_not_block(tcp: bool) -> None:
    one, other = socket_pair(tcp=tcp)
    with one, other:
        assert one.gettimeout() == other.gettimeout() == 0
        one.send(b"a")
        other.send(b"b")
        one.setblocking(True)
        other.setblocking(True)
        assert (one.recv(1), other.recv(1)) == (b"b", b"a")
        assert (one.family == socket.AF_INET) is tcp
        if tcp:
            assert one.getsockname() == other.getpeername()
            for sock in (one, other):
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_stranger_who_was_quicker_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    real, strangers = socket.create_connection, []

    def late(address: tuple[str, int]) -> socket.socket:
        strangers.append(real(address))
        return real(address)

    real_server = socket.create_server
    monkeypatch.setattr(socket, "create_connection", late)
    monkeypatch.setattr(
        socket, "create_server", lambda address, backlog: real_server(address, backlog=5)
    )
    one, other = socket_pair(tcp=True)
    with one, other, strangers[0] as stranger:
        assert one.getsockname() == other.getpeername()
        assert stranger.recv(1) == b""


def test_an_error_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.create_server

    class Broken:
        def __init__(self, sock: socket.socket) -> None:
            self.sock = sock

        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *args: object) -> None:
            self.sock.close()

        def getsockname(self) -> tuple[str, int]:
            return cast(tuple[str, int], self.sock.getsockname())

        def accept(self) -> None:
            raise OSError("no")

    monkeypatch.setattr(
        socket, "create_server", lambda address, backlog: Broken(real(address, backlog=backlog))
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(OSError, match="no"))
        socket_pair(tcp=True)
