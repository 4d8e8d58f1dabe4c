"""Opening handshakes that fail on live sockets: what the peer is told, and how it ends."""

from __future__ import annotations

import re
import select
import threading

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.opening import Echo, answer, request
from tests.server.peer import Peer
from wskit import HandshakeConfig, ThreadPoolConfig

PLAIN = {"Connection": "close", "Content-Type": "text/plain; charset=utf-8"}
UPGRADE = {
    **PLAIN,
    "Connection": "close, Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
}

REFUSALS = {
    "no method": (b"\x16\x03\x01\x02\x00", "400 Bad Request", {"Error": "invalid requestline"}),
    "no target": (request("GET HTTP/1.1"), "400 Bad Request", {"Error": "invalid requestline"}),
    "no colon": (
        request("GET / HTTP/1.1", "nonsense"),
        "400 Bad Request",
        {"Error": "invalid header"},
    ),
    "no key": (
        request(without="Sec-WebSocket-Key"),
        "400 Bad Request",
        {"Error": "missingheaders"},
    ),
    "bad key": (
        request("GET / HTTP/1.1", "Sec-WebSocket-Key: short", without="Sec-WebSocket-Key"),
        "400 Bad Request",
        {"Error": "invalid key"},
    ),
    "wrong upgrade": (
        request("GET / HTTP/1.1", "Upgrade: h2c", without="Upgrade"),
        "400 Bad Request",
        {"Error": "invalid upgrade"},
    ),
    "wrong connection": (
        request("GET / HTTP/1.1", "Connection: notupgradex", without="Connection"),
        "400 Bad Request",
        {"Error": "invalid connection"},
    ),
    "bad extensions": (
        request("GET / HTTP/1.1", "Sec-WebSocket-Extensions: a;;"),
        "400 Bad Request",
        {"Error": "invalid extensions"},
    ),
    "post": (
        request("POST / HTTP/1.1"),
        "405 Method Not Allowed",
        {"Allow": "GET", "Error": "invalid method"},
    ),
    "a page is wanted": (
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "426 Upgrade Required",
        {**UPGRADE, "Error": "missingheaders"},
    ),
    "version 8": (
        request("GET / HTTP/1.1", "Sec-WebSocket-Version: 8", without="Sec-WebSocket-Version"),
        "426 Upgrade Required",
        {**UPGRADE, "Error": "invalid version"},
    ),
    "http 1.0": (
        request("GET / HTTP/1.0"),
        "505 HTTP Version Not Supported",
        {"Error": "invalid protocol"},
    ),
    "too many headers": (
        request("GET / HTTP/1.1", *[f"X-{n}: 1" for n in range(60)]),
        "431 Request Header Fields Too Large",
        {"Error": "too large"},
    ),
    "too large": (
        request("GET / HTTP/1.1", "X: " + "x" * 9000),
        "431 Request Header Fields Too Large",
        {"Error": "too large"},
    ),
    "far too large": (
        request("GET / HTTP/1.1", "X: " + "x" * 300_000),
        "431 Request Header Fields Too Large",
        {"Error": "too large"},
    ),
}


class TestRefusals:
    @pytest.mark.parametrize(("data", "status", "headers"), REFUSALS.values(), ids=REFUSALS)
    def test_a_bad_request_is_told_why_and_the_stream_ends_in_order(
        self, serve: Serve, connect: Connect, data: bytes, status: str, headers: dict[str, str]
    ) -> None:
        server = serve(Echo)
        peer = connect(server, opened=False)
        peer.send(data)
        first, sent, body = answer(peer)  # which fails if the end is a reset
        assert first == f"HTTP/1.1 {status}"
        expected = {**PLAIN, **headers, "Content-Length": str(len(body))}
        if status.startswith("405"):
            del expected["Content-Type"]  # it may answer HEAD, so it has no body
            assert not body
        else:
            assert body.endswith(b"\n")
        assert sent == expected
        assert server.stats().handshake_failures == {int(status[:3]): 1}

    def test_unread_input_does_not_reset_the_answer_away(
        self, serve: Serve, connect: Connect
    ) -> None:
        peer = connect(serve(Echo), opened=False)
        peer.send(request("POST / HTTP/1.1") + bytes(100_000))
        assert answer(peer)[0] == "HTTP/1.1 405 Method Not Allowed"

    def test_who_sends_on_and_on_after_a_refusal_is_cut_off_and_holds_no_thread(
        self, serve: Serve, connect: Connect
    ) -> None:
        server = serve(Echo, thread_pool=ThreadPoolConfig(count=1))
        peer = connect(server, opened=False)
        peer.send(request("POST / HTTP/1.1"))
        flooding = threading.Thread(target=flood, args=(peer,))
        flooding.start()
        other = connect(server)
        other.text("still here")
        assert other.read_text() == "still here"
        flooding.join(scaled(5))
        assert not flooding.is_alive()
        wait_for(lambda: server.stats().handshakes_pending == 0)

    @pytest.mark.parametrize(
        ("origins", "origin", "status"),
        [
            (["https://a"], "https://a", 101),
            (["https://a"], "https://a.evil", 403),
            (["https://a"], None, 403),
            ([None], None, 101),
            ([re.compile(r"https://\w+\.example")], "https://x.example", 101),
            ([re.compile(r"https://\w+\.example")], "https://x.example.evil", 403),
        ],
    )
    def test_an_origin_must_be_allowed(
        self,
        serve: Serve,
        connect: Connect,
        origins: list[str | re.Pattern[str] | None],
        origin: str | None,
        status: int,
    ) -> None:
        peer = connect(serve(Echo, origins=origins), opened=False)
        lines = [] if origin is None else [f"Origin: {origin}"]
        peer.send(request("GET / HTTP/1.1", *lines))
        head = peer.read_head()
        assert head.startswith(f"HTTP/1.1 {status} ")
        if status == 403:
            assert "Error: invalid origin" in head

    def test_at_max_conn_the_answer_is_503(self, serve: Serve, connect: Connect) -> None:
        server = serve(Echo, max_conn=1)
        first = connect(server)
        second = connect(server, opened=False)
        second.send(request())
        status, headers, body = answer(second)
        assert status == "HTTP/1.1 503 Service Unavailable"
        assert headers["Connection"] == "close"
        assert body == b"too many connections\n"
        first.close_frame()
        first.ended()
        wait_for(lambda: server.stats().connections == 0)
        connect(server)

    def test_who_says_nothing_gets_408(self, serve: Serve, connect: Connect) -> None:
        server = serve(Echo, handshake=HandshakeConfig(timeout=0.05))
        status, headers, body = answer(connect(server, opened=False))
        assert status == "HTTP/1.1 408 Request Timeout"
        assert headers["Connection"] == "close"
        assert body == b"the handshake took too long\n"
        assert server.stats().handshake_failures == {408: 1}

    def test_who_dribbles_does_not_evade_the_timeout(self, serve: Serve, connect: Connect) -> None:
        peer = connect(serve(Echo, handshake=HandshakeConfig(timeout=0.2)), opened=False)
        for byte in request("GET / HTTP/1.1", "X: " + "x" * 2000):
            peer.send(bytes([byte]))
            if select.select([peer.sock], [], [], 0.01)[0]:
                break
        assert answer(peer)[0] == "HTTP/1.1 408 Request Timeout"

    def test_the_timeout_ends_with_the_handshake(self, serve: Serve, connect: Connect) -> None:
        peer = connect(serve(Echo, handshake=HandshakeConfig(timeout=0.1)))
        assert peer.nothing_arrives(0.2)
        peer.text("still open")
        assert peer.read_text() == "still open"

    def test_a_peer_that_goes_away_is_counted_and_forgotten(
        self, serve: Serve, connect: Connect
    ) -> None:
        server = serve(Echo)
        connect(server, opened=False).hang_up()
        half = connect(server, opened=False)
        half.send(request()[:50])
        half.reset()
        wait_for(lambda: server.stats().handshake_failures.get(0, 0) == 2)
        wait_for(lambda: server.stats().handshakes_pending == 0)


def flood(peer: Peer) -> None:
    try:
        while True:
            peer.send(bytes(1 << 16))
    except OSError:
        pass
