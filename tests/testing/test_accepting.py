"""The server's end of a connection, against clients that speak and clients that do not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from wskit import Client, ClientConfig, Compression, ConnectionClosed, HandshakeError
from wskit.protocol.headers import Headers
from wskit.testing import ServerPeer
from wskit.testing.certificates import contexts
from wskit.testing.sockets import socket_pair
from wskit.testing.timeouts import defaults
from wskit.tls import TLSSocket

REQUEST = (
    b"GET /chat?x=1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
HELLO = b"\x81\x82\0\0\0\0hi"

Ends = tuple[ServerPeer, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Give the server's end and a bare socket at the other."""
    ours, theirs = socket_pair(tcp=True)
    theirs.settimeout(1.0)
    with ServerPeer(ours, address=("127.0.0.1", 7)) as peer, theirs:
        yield peer, theirs


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for next to nothing."""
    monkeypatch.setattr(defaults, "timeout", 0.01)


def test_the_request_is_read_when_asked_for(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST)
    assert peer.request.path == "/chat"
    assert peer.request.remote_address == ("127.0.0.1", 7)
    assert peer.drain() == []
    assert peer.subprotocol is None


def test_the_first_verb_accepts(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST + HELLO)
    peer.expect_text("hi")
    assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
    exchange = peer._stream.wire.exchange
    assert exchange is not None
    assert (exchange.url, exchange.status) == ("ws://h/chat?x=1", 101)


def test_accepting_agrees_on_what_is_said(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST)
    assert peer.request.subprotocols == ("a", "b")
    client.sendall(HELLO)  # before it may
    assert peer.drain() == []
    peer.accept("b", headers={"X-Own": "1"}, compression=Compression(write_threshold=0))
    response = client.recv(4096)
    assert b"X-Own: 1\r\n" in response
    assert b"Sec-WebSocket-Protocol: b\r\n" in response
    assert b"permessage-deflate" in response
    assert peer.subprotocol == "b"
    peer.expect_text("hi")
    peer.send("x" * 100)
    assert client.recv(100)[0] == 0xC1
    with pytest.raises(RuntimeError, match="accept: the handshake was answered before"):
        peer.accept()


def test_what_cannot_be_accepted_leaves_the_handshake_open(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST)
    with pytest.raises(ValueError, match="subprotocol: 'c' was not offered"):
        peer.accept("c")
    with pytest.raises(ValueError, match="headers: name: Upgrade is the handshake's own"):
        peer.accept(headers=[("X", "1"), ("Upgrade", "h2c")])
    peer.accept()
    assert b"X: 1" not in client.recv(4096)


def test_a_refusal_is_an_http_response(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST)
    peer.reject(401, headers={"X-Why": "token"}, body="who are you?")
    response = b"".join(iter(lambda: client.recv(4096), b""))
    assert response.startswith(b"HTTP/1.1 401 ")
    assert response.endswith(b"\r\n\r\nwho are you?")
    peer.expect_rejected(401, {"X-Why": "token"}, "who are you?")
    with pytest.raises(AssertionError, match="got a rejected handshake with HTTP status 401"):
        peer.expect_text()
    with pytest.raises(ConnectionClosed):
        peer.send("x")
    with pytest.raises(RuntimeError, match="reject: the handshake was answered before"):
        peer.reject()


def test_an_invalid_request_is_answered_and_reported(ends: Ends) -> None:
    peer, client = ends
    client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    for _ in range(2):
        with pytest.raises(AssertionError, match=r"got a request that is none: .*status 426"):
            peer.request.path  # noqa: B018
    assert client.recv(4096).startswith(b"HTTP/1.1 426 ")


def test_a_malformed_extension_is_an_invalid_request(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST.replace(b"permessage-deflate", b"=;="))
    with pytest.raises(AssertionError, match="Sec-WebSocket-Extensions: malformed"):
        peer.send("x")
    assert client.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("hasty")
def test_a_request_that_does_not_come_is_missed_and_may_still_come(ends: Ends) -> None:
    peer, client = ends
    with pytest.raises(AssertionError, match=r"opening handshake within 0.01 s, got nothing"):
        peer.expect_text()
    client.sendall(REQUEST[:20])
    with pytest.raises(AssertionError, match="got only b'GET /chat"):
        peer.expect_text()
    client.sendall(REQUEST[20:] + HELLO)
    peer.expect_text("hi")


def test_a_client_that_leaves_without_a_request_is_reported(ends: Ends) -> None:
    peer, client = ends
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(AssertionError, match=r"got the end of the connection .*end of stream"):
        peer.accept()


def test_raw_bytes_answer_the_handshake(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST + HELLO)
    peer.send_raw(b"HTTP/1.1 418 Teapot\r\n\r\n")
    peer.expect_text("hi")
    assert client.recv(4096) == b"HTTP/1.1 418 Teapot\r\n\r\n"
    peer.end()
    assert client.recv(4096) == b""


def test_a_half_close_answers_the_handshake_with_nothing(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST)
    peer.half_close()
    assert client.recv(4096) == b""
    client.close()
    peer.expect_close(1006)


def test_an_abort_resets_in_the_middle_of_the_handshake(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST[:10])
    peer.abort()
    with pytest.raises(ConnectionResetError):
        client.recv(4096)


def test_after_both_closes_the_server_ends_tcp(ends: Ends) -> None:
    peer, client = ends
    client.sendall(REQUEST + b"\x88\x82\0\0\0\0\x03\xe8")
    peer.expect_close(1000, initiated_by="client")
    assert b"".join(iter(lambda: client.recv(4096), b"")).endswith(b"\x88\x02\x03\xe8")


@contextlib.contextmanager
def under_tls() -> Iterator[Ends]:
    ours, theirs = socket_pair()
    server, _ = contexts()
    with ServerPeer(TLSSocket(ours, server, server_side=True)) as peer, theirs:
        yield peer, theirs


def test_a_failed_tls_handshake_is_reported() -> None:
    with under_tls() as (peer, client):
        client.sendall(REQUEST)
        with pytest.raises(AssertionError, match="the TLS handshake failed"):
            peer.request.path  # noqa: B018
    with under_tls() as (peer, client):
        client.sendall(REQUEST)
        with pytest.raises(ConnectionClosed, match="the TLS handshake failed"):
            peer.send_raw(b"x")


@pytest.mark.usefixtures("hasty")
def test_raw_bytes_wait_for_tls() -> None:
    with under_tls() as (peer, _), pytest.raises(TimeoutError, match="no TLS handshake within"):
        peer.send_raw(b"x")


def test_a_client_under_tls_can_be_answered_with_garbage() -> None:
    with under_tls() as (peer, sock):
        errors: list[BaseException] = []

        def run() -> None:
            config = ClientConfig(host="localhost", port=443, tls=True, ssl_context=contexts()[1])
            try:
                Client(config, sock).handshake("/")
            except HandshakeError as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        peer.send_raw(b"garbage\r\n\r\n")
        thread.join()
        assert errors
        assert isinstance(peer.request.headers, Headers)
