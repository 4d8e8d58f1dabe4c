"""TLS on a socket that never blocks: the handshake, both directions at once, the end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from tests.certificates import client_context, server_context
from tests.deadlines import scaled, wait_for
from wskit.tls import TLSSocket

Ends = tuple[TLSSocket, TLSSocket]


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return ssl.TLSVersion(request.param)


@pytest.fixture
def raw() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def shaking(raw: tuple[socket.socket, socket.socket], version: ssl.TLSVersion) -> Iterator[Ends]:
    """Give both ends, server first, with the TLS handshake still to be done."""
    server = TLSSocket(raw[0], server_context(), server_side=True)
    context = client_context(version)
    client = TLSSocket(raw[1], context, server_side=False, server_hostname="localhost")
    yield server, client
    server.close()
    client.close()


@pytest.fixture
def ends(shaking: Ends) -> Ends:
    """Give both ends after the handshake."""
    waiting = list(shaking)
    while waiting:
        for end in waiting[:]:
            try:
                end.do_handshake()
            except BlockingIOError:
                assert not end.wants_write
            else:
                waiting.remove(end)
    return shaking


def receive(end: TLSSocket, size: int) -> bytes:
    data = b""

    def more() -> bool:
        nonlocal data
        try:
            data += end.recv(size - len(data))
        except BlockingIOError:
            return False
        return len(data) >= size

    wait_for(more)
    return data


def test_the_handshake_goes_on_where_it_would_have_blocked(shaking: Ends) -> None:
    server, client = shaking
    with pytest.raises(BlockingIOError):
        server.do_handshake()
    with pytest.raises(BlockingIOError):
        client.do_handshake()
    with pytest.raises(BlockingIOError):
        server.do_handshake()


def test_both_ends_agree_on_a_version(ends: Ends, version: ssl.TLSVersion) -> None:
    expected = version.name.replace("_", ".")
    assert ends[0].version() == ends[1].version() == expected


def test_what_one_end_sends_the_other_receives(ends: Ends) -> None:
    server, client = ends
    assert client.send(b"to the server") == 13
    assert receive(server, 13) == b"to the server"
    assert server.send(memoryview(b"to the client")) == 13
    target = bytearray(20)

    def read() -> int:
        try:
            return client.recv_into(target)
        except BlockingIOError:
            return 0

    assert wait_for(read) == 13
    assert target[:13] == b"to the client"


def test_with_nothing_to_read_it_would_block(ends: Ends) -> None:
    with pytest.raises(BlockingIOError):
        ends[0].recv_into(bytearray(10))
    assert not ends[0].wants_write


def test_a_send_that_finds_no_room_is_made_again_with_more_behind_it(ends: Ends) -> None:
    server, client = ends
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    data = bytes(range(256)) * 4096  # 1 MiB
    sent = 0

    def send() -> None:
        nonlocal sent, data
        try:
            while sent < len(data):
                sent += server.send(data[sent:])
        except BlockingIOError:
            pass

    send()
    assert sent < len(data)
    data += b"more, queued meanwhile"
    received = bytearray()
    deadline = time.monotonic() + scaled(10)
    while len(received) < len(data):
        assert time.monotonic() < deadline
        try:
            received += client.recv(1 << 16)
        except BlockingIOError:
            send()
    assert received == data


@pytest.mark.parametrize("early", [b"", b"on its way"])
def test_a_shutdown_is_the_end_for_the_peer_whose_rest_is_read_to_its_end(
    early: bytes, ends: Ends
) -> None:
    server, client = ends
    client.send(early)
    server.shutdown(socket.SHUT_WR)
    assert client.recv(10) == b""
    with contextlib.suppress(BlockingIOError):
        while True:  # which ends with there being nothing, not with the end
            assert server.recv(1000)
    client.send(b"later")
    assert server.recv(1000)
    client.close()
    assert wait_for(lambda: not server.recv(1000))


def test_a_peer_that_hangs_up_without_a_word_has_ended(
    ends: Ends, raw: tuple[socket.socket, socket.socket]
) -> None:
    server, client = ends
    with pytest.raises(BlockingIOError):
        client.recv(10)  # the tickets of TLS 1.3: unread, they would make a reset of the end
    client.close()
    assert server.recv(10) == b""


def test_after_close_there_is_no_descriptor_and_nothing_crashes(ends: Ends) -> None:
    server, _ = ends
    server.close()
    assert server.fileno() == -1
    with pytest.raises(OSError, match=r"."):
        server.send(b"x")
    with pytest.raises(OSError, match=r"."):
        server.recv_into(bytearray(1))
    server.close()


def test_two_threads_may_read_and_write_at_once(ends: Ends) -> None:
    server, client = ends
    total = 1 << 20
    received = {server: 0, client: 0}

    def write(end: TLSSocket) -> None:
        sent = 0
        while sent < total:
            try:
                sent += end.send(bytes(min(5000, total - sent)))
            except BlockingIOError:
                threading.Event().wait(0.0001)

    def read(end: TLSSocket) -> None:
        while received[end] < total:
            try:
                received[end] += len(end.recv(5000))
            except BlockingIOError:
                threading.Event().wait(0.0001)

    threads = [threading.Thread(target=job, args=(end,)) for job in (write, read) for end in ends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(20))
    assert received == {server: total, client: total}
