"""The relay: bytes both ways, back-pressure, and an end that is prompt in every situation."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.certificates import client_context, server_context
from tests.deadlines import scaled, wait_for
from wskit.protocol.opcodes import Side
from wskit.relaying.relay import Relay
from wskit.relaying.stages import Ending, Item
from wskit.testing.faults import (
    Corrupt,
    Cut,
    Delay,
    Dribble,
    DropPongs,
    Duplicate,
    Fault,
    HalfClose,
    Reset,
    SlowReader,
    Stall,
    SwallowClose,
    Throttle,
)
from wskit.testing.faults.fault import stages_of
from wskit.testing.sockets import socket_pair
from wskit.tls import TLSSocket

EVERY: list[Fault] = [
    Corrupt(3),
    Cut(3),
    Delay(30),
    Dribble(pause=30),
    DropPongs(),
    Duplicate(),
    HalfClose(3),
    Reset(3),
    SlowReader(direction="both"),
    Stall(direction="both"),
    SwallowClose(silent=True),
    Throttle(1),
]
TRAFFIC = b"HTTP/1.1 101 x\r\n\r\n" + b"\x81\x02hi" + b"\x88\x00" * 20


def big(client: socket.socket) -> int:
    """Send until nothing more goes; return how much that was."""
    total = 0
    try:
        while total < 1 << 26:
            total += client.send(bytes(65536))
    except BlockingIOError:
        pass
    return total


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("tcp", [False, True])
def test_an_end_in_the_middle_is_prompt(fault: Fault, tcp: bool) -> None:
    client, one = socket_pair(tcp=tcp)
    other, server = socket_pair(tcp=tcp)
    relay = Relay(one, other, *stages_of([fault]))
    relay.start()
    client.send(TRAFFIC)
    with contextlib.suppress(ConnectionError):  # the fault may be quicker
        server.send(TRAFFIC)
    began = time.monotonic()
    relay.end()
    relay.end()
    assert time.monotonic() - began < scaled(1)
    for sock in (client, server):
        sock.settimeout(scaled(2))
        try:
            while sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        sock.close()


def test_two_directions_at_once() -> None:
    client, one = socket_pair()
    other, server = socket_pair()
    relay = Relay(one, other)
    relay.start()
    with client, server:
        sent = {client: 0, server: 0}
        got = {client: 0, server: 0}
        total = 1 << 22

        def go_on() -> bool:
            for sock in (client, server):
                with contextlib.suppress(BlockingIOError):
                    if sent[sock] < total:
                        sent[sock] += sock.send(bytes(min(65536, total - sent[sock])))
                with contextlib.suppress(BlockingIOError):
                    got[sock] += len(sock.recv(65536))
            return min(got.values()) == total

        deadline = time.monotonic() + scaled(10)
        while not go_on():
            assert time.monotonic() < deadline
    relay.end()


def test_what_is_held_back_is_not_read() -> None:
    client, one = socket_pair()
    other, server = socket_pair()
    stall = SlowReader(direction="to_server")
    relay = Relay(one, other, *stages_of([stall]))
    relay.start()
    with client, server:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        client.send(b"x")
        stall.wait()
        assert big(client) < 1 << 24
    relay.end()


def test_a_sender_hears_that_the_other_end_is_gone() -> None:
    client, one = socket_pair(tcp=True)
    other, server = socket_pair(tcp=True)
    relay = Relay(one, other)
    relay.start()
    with client:
        server.close()
        client.settimeout(scaled(2))
        assert client.recv(1) == b""

        def is_told() -> bool:
            try:
                client.send(b"?")
            except OSError:
                return True
            return False

        wait_for(is_told)
    relay.end()


def test_how_either_end_ended_and_what_a_nudge_sends() -> None:
    class Asked:
        """Sends a byte whenever it is asked."""

        def pass_on(self, data: bytes) -> Iterator[Item]:
            yield data or b"?"

    client, one = socket_pair(tcp=True)
    other, server = socket_pair(tcp=True)
    relay = Relay(one, other, [Asked()])
    relay.start()
    with client, server:
        for sock in (client, server):
            sock.settimeout(scaled(5))
        client.send(b"x")
        assert server.recv(10) == b"x"
        relay.nudge()
        assert server.recv(10) == b"?"
        client.shutdown(socket.SHUT_WR)
        assert server.recv(10) == b""
        relay.nudge()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    relay.end()
    assert relay.endings == [(Side.CLIENT, Ending.END), (Side.SERVER, Ending.RESET)]


def test_after_the_end_of_tls_no_ciphertext_is_carried() -> None:
    client, one = socket_pair(tcp=True)
    other, server = socket_pair(tcp=True)
    theirs = TLSSocket(server, server_context(), server_side=True)
    ours = TLSSocket(other, client_context(), server_side=False, server_hostname="localhost")
    for each in (ours, theirs, ours, theirs):
        with contextlib.suppress(BlockingIOError):
            each.do_handshake()
    relay = Relay(one, ours)
    relay.start()
    with client:
        client.settimeout(scaled(5))
        theirs.send(b"before")
        assert client.recv(10) == b"before"
        client.shutdown(socket.SHUT_WR)

        def has_ended() -> bool:
            with contextlib.suppress(BlockingIOError):
                return theirs.recv(10) == b""
            return False

        wait_for(has_ended)
        theirs.send(b"after")
        theirs.close()
        assert client.recv(10) == b""
    relay.end()
