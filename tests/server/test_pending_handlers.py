"""Handlers that refuse or fail in ``__init__``: what the peer is told, and what is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tests.deadlines import wait_for
from tests.server.conftest import Connect, Serve
from tests.server.opening import Echo, answer, handler, request
from tests.server.peer import TEXT, frame
from wskit import Conn, ConnectionClosed, Handshake, HandshakeRejected, Server


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
