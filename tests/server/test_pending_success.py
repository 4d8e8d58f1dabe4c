"""Opening handshakes that succeed: what handlers see, the first frames, what is agreed on."""

from __future__ import annotations

import threading

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as websockets_connect
from websockets.typing import Subprotocol

from tests.deadlines import scaled
from tests.server.conftest import Connect, Serve
from tests.server.opening import Echo, answer, handler, request
from tests.server.peer import ACCEPT, CLOSE, TEXT, frame
from wskit import Compression, Conn, Handshake, HandshakeConfig


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
