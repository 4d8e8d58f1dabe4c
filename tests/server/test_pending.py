"""Opening handshakes on live sockets: what a handler sees, what a peer is told, and how it ends."""

from __future__ import annotations

import logging
import re
import select
import threading
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as websockets_connect
from websockets.typing import Subprotocol

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import ACCEPT, CLOSE, TEXT, Peer, frame
from wskit import (
    Compression,
    Conn,
    ConnectionClosed,
    Handshake,
    HandshakeConfig,
    HandshakeRejected,
    Server,
    ThreadPoolConfig,
)


class Echo:
    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


def handler(init: Callable[[Handshake, Conn], None]) -> type[Echo]:
    """Make an Echo whose ``__init__`` does this first."""

    class Made(Echo):
        def __init__(self, handshake: Handshake, conn: Conn) -> None:
            init(handshake, conn)
            super().__init__(handshake, conn)

    return Made


def request(line: str = "GET / HTTP/1.1", *more: str, without: str = "") -> bytes:
    """Write a request with other lines, and without those that begin with ``without``."""
    lines = [
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    kept = [each for each in lines if not (without and each.startswith(without))]
    return "\r\n".join((line, *kept, *more, "", "")).encode()


def answer(peer: Peer) -> tuple[str, dict[str, str], bytes]:
    """Read a refusal up to the end of the stream: status line, headers, body."""
    first, *lines = peer.read_head().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    body = bytes(peer._take(int(headers["Content-Length"]), peer._deadline(None)))
    peer.read_end()
    return first, headers, body


PLAIN = {"Connection": "close", "Content-Type": "text/plain; charset=utf-8"}
UPGRADE = {**PLAIN, "Connection": "close, Upgrade", "Upgrade": "websocket"}

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
        {},
    ),
    "post": (
        request("POST / HTTP/1.1"),
        "405 Method Not Allowed",
        {"Allow": "GET", "Error": "invalid method"},
    ),
    "a page is wanted": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426 Upgrade Required", UPGRADE),
    "version 8": (
        request("GET / HTTP/1.1", "Sec-WebSocket-Version: 8", without="Sec-WebSocket-Version"),
        "426 Upgrade Required",
        {**UPGRADE, "Sec-WebSocket-Version": "13", "Error": "invalid version"},
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
        expected = {**PLAIN, **headers}
        if status.startswith("405"):
            del expected["Content-Type"]  # it may answer HEAD, so it has no body
            assert not body
        else:
            assert body.endswith(b"\n")
        assert expected.items() <= sent.items()
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
        assert server.stats().handshakes_pending == 0


def flood(peer: Peer) -> None:
    try:
        while True:
            peer.send(bytes(1 << 16))
    except OSError:
        pass


class TestRejections:
    def test_status_headers_and_body_reach_the_peer(self, serve: Serve, connect: Connect) -> None:
        def refuse(handshake: Handshake, conn: Conn) -> None:
            raise HandshakeRejected(401, [("WWW-Authenticate", "Basic"), ("X-A", "1")], "é?")

        peer = connect(serve(handler(refuse)), opened=False)
        peer.send(request())
        status, headers, body = answer(peer)
        assert status == "HTTP/1.1 401 Unauthorized"
        assert headers == {
            "WWW-Authenticate": "Basic",
            "X-A": "1",
            "Connection": "close",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": "3",
        }
        assert body == "é?".encode()

    def test_a_rejection_is_no_fault_to_log(
        self, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(handshake: Handshake, conn: Conn) -> None:
            raise HandshakeRejected

        with caplog.at_level(logging.INFO, "wskit"):
            peer = connect(serve(handler(refuse)), opened=False)
            peer.send(request())
            assert answer(peer)[0] == "HTTP/1.1 403 Forbidden"
        assert not [entry for entry in caplog.records if entry.levelno > logging.INFO]

    @pytest.mark.parametrize("error", [KeyError("secret"), SystemExit(3)])
    def test_any_other_exception_is_500_and_a_logged_traceback(
        self,
        serve: Serve,
        connect: Connect,
        caplog: pytest.LogCaptureFixture,
        error: BaseException,
    ) -> None:
        def fail(handshake: Handshake, conn: Conn) -> None:
            if handshake.path == "/fail":
                raise error

        server = serve(handler(fail))
        for _ in range(5):  # more than there are threads, so that none may have died
            peer = connect(server, opened=False)
            peer.send(request("GET /fail HTTP/1.1"))
            status, _, body = answer(peer)
            assert status == "HTTP/1.1 500 Internal Server Error"
            assert b"secret" not in body
        assert caplog.text.count(": __init__ raised") == 5
        assert repr(error).split("(")[0] in caplog.text
        assert "Traceback" in caplog.text
        connect(server)

    def test_the_conn_of_a_failed_handshake_cannot_be_written_to(
        self, serve: Serve, connect: Connect
    ) -> None:
        kept: list[Conn] = []

        def refuse(handshake: Handshake, conn: Conn) -> None:
            conn.write("too early")
            kept.append(conn)
            raise HandshakeRejected

        server = serve(handler(refuse))
        peer = connect(server, opened=False)
        peer.send(request())
        answer(peer)
        assert kept[0].is_closed
        with pytest.raises(ConnectionClosed):
            kept[0].write("too late")
        assert server.connections == []

    @pytest.mark.parametrize(
        "rejection",
        [
            HandshakeRejected(403, {"X": "a\r\nSet-Cookie: b"}),
            HandshakeRejected(403, {"bad name": "a"}),
        ],
    )
    def test_headers_that_cannot_be_sent_are_a_logged_500(
        self,
        serve: Serve,
        connect: Connect,
        caplog: pytest.LogCaptureFixture,
        rejection: HandshakeRejected,
    ) -> None:
        def refuse(handshake: Handshake, conn: Conn) -> None:
            raise rejection

        peer = connect(serve(handler(refuse)), opened=False)
        peer.send(request())
        status, headers, _ = answer(peer)
        assert status == "HTTP/1.1 500 Internal Server Error"
        assert "Set-Cookie" not in headers
        assert "the refusal cannot be sent" in caplog.text

    def test_a_refusal_calls_no_other_method_of_the_handler(
        self, serve: Serve, connect: Connect
    ) -> None:
        called: list[str] = []

        class Refuses(Echo):
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                raise HandshakeRejected

            def after_init(self) -> None:
                called.append("after_init")

            def close(self) -> None:
                called.append("close")

        server = serve(Refuses)
        peer = connect(server, opened=False)
        peer.send(request() + frame(TEXT, b"hi"))
        answer(peer)
        peer.hang_up()
        wait_for(lambda: server.stats().handshakes_pending == 0)
        assert not called


class TestErrorHook:
    def served(self, serve: Serve, hook: Callable[[Exception], object]) -> Server:
        class Hooked(Echo):
            handshake_error_response = staticmethod(hook)

            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                raise KeyError("secret")

        return serve(Hooked)

    def test_chooses_the_answer(
        self, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        def hook(error: Exception) -> HandshakeRejected:
            return HandshakeRejected(402, body=type(error).__name__)

        peer = connect(self.served(serve, hook), opened=False)
        peer.send(request())
        status, _, body = answer(peer)
        assert (status, body) == ("HTTP/1.1 402 Payment Required", b"KeyError")
        assert "Traceback" not in caplog.text

    def test_may_leave_it_to_the_server(
        self, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        peer = connect(self.served(serve, lambda error: None), opened=False)
        peer.send(request())
        assert answer(peer)[0] == "HTTP/1.1 500 Internal Server Error"
        assert ": __init__ raised" in caplog.text

    @pytest.mark.parametrize("hook", [lambda error: b"bytes", lambda error: 1 // 0])
    def test_that_fails_itself_is_a_logged_500(
        self,
        serve: Serve,
        connect: Connect,
        caplog: pytest.LogCaptureFixture,
        hook: Callable[[Exception], object],
    ) -> None:
        server = self.served(serve, hook)
        for _ in range(5):
            peer = connect(server, opened=False)
            peer.send(request())
            assert answer(peer)[0] == "HTTP/1.1 500 Internal Server Error"
        assert caplog.text.count("handshake_error_response raised") == 5
        assert "KeyError: 'secret'" in caplog.text, "what it was about"


class TestHandshakeObject:
    def seen(self, serve: Serve, connect: Connect, data: bytes) -> Handshake:
        kept: list[Handshake] = []
        peer = connect(serve(handler(lambda handshake, conn: kept.append(handshake))), opened=False)
        peer.send(data)
        peer.read_head()
        assert kept[0].remote_address == peer.sock.getsockname()
        return kept[0]

    def test_tells_all_about_the_request(self, serve: Serve, connect: Connect) -> None:
        handshake = self.seen(
            serve,
            connect,
            request(
                "GET /a%20b/c?x=1&x=%C3%A9&y= HTTP/1.1",
                "Origin: https://example.com",
                "Cookie: session=s3; theme=dark",
                "Sec-WebSocket-Protocol: a, b",
                "X-Twice: 1",
                "x-twice: 2",
            ),
        )
        assert handshake.method == "GET"
        assert handshake.url == "/a%20b/c?x=1&x=%C3%A9&y="
        assert handshake.path == "/a%20b/c"
        assert handshake.query == {"x": ["1", "é"], "y": [""]}
        assert handshake.cookies == {"session": "s3", "theme": "dark"}
        assert handshake.origin == "https://example.com"
        assert handshake.subprotocols == ("a", "b")
        assert handshake.key == "dGhlIHNhbXBsZSBub25jZQ=="
        assert handshake.headers.get("X-TWICE") == "1"
        assert handshake.headers.get_all("x-Twice") == ["1", "2"]
        assert ("host", "localhost") in list(handshake.headers)
        assert handshake.raw_headers.startswith("host: localhost\r\nupgrade: websocket\r\n")
        assert handshake.raw_headers.endswith("x-twice: 1\r\nx-twice: 2\r\n")

    def test_sees_every_header_of_a_browser(self, serve: Serve, connect: Connect) -> None:
        lines = [f"X-{n}: {n}" for n in range(50)]
        handshake = self.seen(serve, connect, request("GET / HTTP/1.1", *lines))
        assert handshake.headers.get("x-49") == "49"

    def test_its_response_headers_reach_the_peer(self, serve: Serve, connect: Connect) -> None:
        def add(handshake: Handshake, conn: Conn) -> None:
            handshake.res_headers.add("Set-Cookie", "a=1")
            handshake.res_headers.add("Set-Cookie", "b=2")

        peer = connect(serve(handler(add)), opened=False)
        peer.send(request())
        assert peer.read_head().split("\r\n") == [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {ACCEPT}",
            "Set-Cookie: a=1",
            "Set-Cookie: b=2",
        ]

    @pytest.mark.parametrize("size", [1910, 1911, 1914, 1915, 60_000])
    def test_response_headers_may_have_any_length(
        self, serve: Serve, connect: Connect, size: int
    ) -> None:
        def add(handshake: Handshake, conn: Conn) -> None:
            handshake.res_headers.add("X", "a" * size)

        peer = connect(serve(handler(add)), opened=False)
        peer.send(request())
        assert peer.read_head().endswith("\r\nX: " + "a" * size)

    def test_more_response_headers_than_allowed_are_an_error_of_the_handler(
        self, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        def add(handshake: Handshake, conn: Conn) -> None:
            handshake.res_headers.add("X-1", "1")
            handshake.res_headers.add("X-2", "2")

        server = serve(handler(add), handshake=HandshakeConfig(max_res_headers=1))
        peer = connect(server, opened=False)
        peer.send(request())
        assert answer(peer)[0] == "HTTP/1.1 500 Internal Server Error"
        assert "max_res_headers: " in caplog.text


class TestFirstFrames:
    def test_what_init_writes_goes_out_after_the_101(self, serve: Serve, connect: Connect) -> None:
        def greet(handshake: Handshake, conn: Conn) -> None:
            conn.write("one")
            conn.write("two")

        class Greets(handler(greet)):  # type: ignore[misc]
            def after_init(self) -> None:
                self.conn.write("three")

        peer = connect(serve(Greets))  # which checks that the 101 comes first
        assert [peer.read_text() for _ in range(3)] == ["one", "two", "three"]

    def test_what_init_writes_in_another_thread_goes_out_after_the_101(
        self, serve: Serve, connect: Connect
    ) -> None:
        def greet(handshake: Handshake, conn: Conn) -> None:
            thread = threading.Thread(target=conn.write, args=("from afar",))
            thread.start()
            thread.join()

        assert connect(serve(handler(greet))).read_text() == "from afar"

    def test_init_may_accept_and_close_at_once(self, serve: Serve, connect: Connect) -> None:
        peer = connect(serve(handler(lambda handshake, conn: conn.close(3000, "not now"))))
        got = peer.read()
        assert (got.opcode, got.code, got.payload[2:]) == (CLOSE, 3000, b"not now")

    @pytest.mark.parametrize("messages", [1, 30, 300])
    def test_frames_behind_the_request_in_one_segment_are_not_lost(
        self, serve: Serve, connect: Connect, messages: int
    ) -> None:
        texts = [f"message {n}" for n in range(messages)]
        frames = b"".join(frame(TEXT, text.encode()) for text in texts)
        peer = connect(serve(Echo), opened=False).open(after=frames)
        assert [peer.read_text() for _ in texts] == texts

    @pytest.mark.parametrize("size", [2048, 5000, 100_000])
    def test_a_frame_behind_the_request_may_be_larger_than_a_small_buffer(
        self, serve: Serve, connect: Connect, size: int
    ) -> None:
        frames = frame(TEXT, b"a" * size) + frame(TEXT, b"b")
        peer = connect(serve(Echo), opened=False).open(after=frames)
        assert peer.read_text() == "a" * size
        assert peer.read_text() == "b"

    def test_all_of_it_may_come_byte_by_byte(self, serve: Serve, connect: Connect) -> None:
        peer = connect(serve(Echo), opened=False)
        for byte in request() + frame(TEXT, b"hi") + frame(CLOSE, b"\x03\xe8"):
            peer.send(bytes([byte]))
        assert peer.read_head().startswith("HTTP/1.1 101 ")
        assert peer.read_text() == "hi"
        assert peer.read_close() == 1000
        peer.read_end()

    def test_a_violation_behind_the_request_is_found(self, serve: Serve, connect: Connect) -> None:
        peer = connect(serve(Echo), opened=False).open(after=frame(3))
        assert peer.read_close() == 1002

    def test_a_peer_that_stops_sending_right_after_gets_its_answers(
        self, serve: Serve, connect: Connect
    ) -> None:
        peer = connect(serve(Echo), opened=False)
        peer.send(request() + frame(TEXT, b"hi"))
        peer.finish_sending()
        peer.read_head()
        assert peer.read_text() == "hi"
        peer.ended()


class TestNegotiation:
    """With an independent client, of the package websockets."""

    @pytest.mark.parametrize(
        ("ours", "theirs", "agreed"),
        [
            (["a", "b"], ["b", "a"], "a"),
            (["a"], ["b"], None),
            ([], ["b"], None),
            (["a"], None, None),
        ],
    )
    def test_of_subprotocols(
        self, serve: Serve, ours: list[str], theirs: list[str] | None, agreed: str | None
    ) -> None:
        server = serve(Echo, subprotocols=ours)
        offer = None if theirs is None else [Subprotocol(name) for name in theirs]
        uri = f"ws://127.0.0.1:{server.port}/"
        with websockets_connect(uri, subprotocols=offer, proxy=None) as client:
            assert client.subprotocol == agreed
            assert [conn.subprotocol for conn in server.connections] == [agreed]

    def test_a_handler_may_choose_the_subprotocol(self, serve: Serve) -> None:
        def choose(handshake: Handshake, conn: Conn) -> None:
            handshake.subprotocol = handshake.subprotocols[-1]

        server = serve(handler(choose))
        offer = [Subprotocol("a"), Subprotocol("z")]
        uri = f"ws://127.0.0.1:{server.port}/"
        with websockets_connect(uri, subprotocols=offer, proxy=None) as client:
            assert client.subprotocol == "z"
            assert server.connections[0].subprotocol == "z"

    def test_a_subprotocol_that_was_not_offered_is_a_logged_500(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        def choose(handshake: Handshake, conn: Conn) -> None:
            handshake.subprotocol = "other"

        uri = f"ws://127.0.0.1:{serve(handler(choose)).port}/"
        with pytest.raises(InvalidStatus, match="500"):
            websockets_connect(uri, subprotocols=[Subprotocol("a")], proxy=None)
        assert "'other' was not offered" in caplog.text

    @pytest.mark.parametrize(
        "compression",
        [
            Compression(write_threshold=0),
            Compression(write_threshold=0, server_no_context_takeover=True),
            Compression(write_threshold=0, client_no_context_takeover=True),
            Compression(write_threshold=0, server_max_window_bits=15, client_max_window_bits=9),
            Compression(write_threshold=0, retain_write_buffer=False),
        ],
    )
    def test_of_compression(self, serve: Serve, compression: Compression) -> None:
        server = serve(Echo, compression=compression)
        uri = f"ws://127.0.0.1:{server.port}/"
        texts = ["hello " * 1000, "", "x", "hello " * 2000]
        with websockets_connect(uri, compression="deflate", proxy=None) as client:
            assert client.protocol.extensions
            for text in texts:
                client.send(text)
                assert client.recv(timeout=scaled(5)) == text
            assert server.connections[0].stats().bytes_out < 2000

    def test_compression_is_not_offered_by_default(self, serve: Serve) -> None:
        uri = f"ws://127.0.0.1:{serve(Echo).port}/"
        with websockets_connect(uri, compression="deflate", proxy=None) as client:
            assert not client.protocol.extensions
