"""The head of a request: in pieces, too long, too late, or something else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.certificates import client_context, server_context
from tests.deadlines import scaled
from tests.proxy.ends import REQUEST
from wskit.deadlines import Deadline
from wskit.proxy import opening
from wskit.proxy.opening import Refusal, read_request, refuse, secured
from wskit.testing.sockets import socket_pair


@contextmanager
def client_and_proxy() -> Iterator[tuple[socket.socket, socket.socket]]:
    client, proxy = socket_pair(tcp=True)
    client.settimeout(scaled(5))
    with client, proxy:
        yield client, proxy


def refused(data: bytes, *, seconds: float = 5) -> Refusal:
    with client_and_proxy() as (client, proxy):
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        with pytest.raises(Refusal) as caught:
            read_request(proxy, Deadline(seconds))
        while True:  # so that the sender ends
            try:
                if not proxy.recv(65536):
                    break
            except BlockingIOError:
                if not sender.is_alive():
                    break
        sender.join()
    return caught.value


def test_a_head_in_pieces_and_what_is_behind_it() -> None:
    with client_and_proxy() as (client, proxy):

        def send() -> None:
            for byte in REQUEST:
                client.send(bytes([byte]))

        sender = threading.Thread(target=send)
        sender.start()
        request, rest = read_request(proxy, Deadline(scaled(5)))
        sender.join()
        assert (request.raw, rest) == (REQUEST, b"")
        client.sendall(REQUEST + b"\x81")
        assert read_request(proxy, Deadline(scaled(5)))[1] == b"\x81"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01" * 30, 400),
        (b"hello\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 12_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 12_000 + b"\r\n", 431),
    ],
)
def test_what_is_refused(data: bytes, status: int) -> None:
    assert refused(data).status == status


def test_a_head_that_is_late() -> None:
    assert refused(b"GET / HTTP/1.1\r\n", seconds=0.02).status == 408


def test_a_client_that_says_nothing_or_leaves() -> None:
    with client_and_proxy() as (client, proxy):
        with pytest.raises(TimeoutError):
            read_request(proxy, Deadline(0.01))
        client.send(b"GET ")
        client.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionAbortedError):
            read_request(proxy, Deadline(scaled(5)))


def test_a_refusal_arrives_though_the_client_still_sends() -> None:
    with client_and_proxy() as (client, proxy):
        sender = threading.Thread(target=client.sendall, args=(bytes(1 << 20),))
        sender.start()
        refuser = threading.Thread(target=refuse, args=(proxy, Refusal(502, "no connection")))
        refuser.start()
        sender.join()
        answer = b""
        while received := client.recv(1000):
            answer += received
        client.close()
        refuser.join()
        assert proxy.fileno() == -1
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain")
    assert answer.endswith(b"Connection: close\r\n\r\nno connection\n")


def test_a_client_that_does_not_leave_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_LINGER", 0.01)
    with client_and_proxy() as (_, proxy):
        refuse(proxy, Refusal(400, "no"))
        assert proxy.fileno() == -1


def test_a_client_that_does_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_LINGER", 0.01)
    with client_and_proxy() as (_, proxy):
        with contextlib.suppress(BlockingIOError):
            while True:
                proxy.send(bytes(1 << 20))
        refuse(proxy, Refusal(400, "no"))


def test_over_tls() -> None:
    client, proxy = socket_pair(tcp=True)
    client.settimeout(scaled(5))
    tls = secured(proxy, server_context())

    def ask() -> None:
        with client_context().wrap_socket(client, server_hostname="localhost") as theirs:
            theirs.sendall(REQUEST)
            assert theirs.recv(100).startswith(b"HTTP/1.1 403 Forbidden")

    asking = threading.Thread(target=ask)
    asking.start()
    assert read_request(tls, Deadline(scaled(5)))[0].raw == REQUEST
    refuse(tls, Refusal(403, "no"))
    asking.join()
