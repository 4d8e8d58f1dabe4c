"""ws_wsgi: the real werkzeug, what escapes the app, and nothing left behind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

import pytest
from flask import Flask
from flask_sock import Sock

from tests.deadlines import scaled, wait_for
from wskit.testing import LiveWSGIApp, ws_client, ws_wsgi
from wskit.testing.wsgi import Environ, StartResponse


class SimpleServer(Protocol):
    """What flask-sock gives to a view."""

    def receive(self) -> str | bytes: ...

    def send(self, data: str | bytes) -> None: ...

    def close(self, reason: int, message: str) -> None: ...


def echo(ws: SimpleServer) -> None:
    while True:
        ws.send(ws.receive())


def leave(ws: SimpleServer) -> None:
    ws.receive()
    ws.close(4000, "bye")


def fail(ws: SimpleServer) -> None:
    raise KeyError(ws.receive())


def flask_app(*, testing: bool = False) -> Flask:
    app = Flask(__name__)
    app.testing = testing
    sock = Sock(app)
    for handler in (echo, leave, fail):
        sock.route(f"/{handler.__name__}")(handler)
    return app


def test_messages_are_those_of_the_app() -> None:
    with ws_wsgi(flask_app()) as app, app.connect("/echo") as peer:
        peer.send("hello")
        peer.expect_text("hello")
        peer.send(b"\x00\xff")
        peer.expect_binary(b"\x00\xff")


def test_a_close_of_the_app_is_told_from_a_rejection() -> None:
    with ws_wsgi(flask_app()) as app:
        leaving = app.connect("/leave")
        leaving.send("go")
        leaving.expect_close(4000, "bye", initiated_by="server")
        app.connect("/nowhere").expect_rejected(404)


def test_tls() -> None:
    with ws_wsgi(flask_app(), tls=True) as app:
        assert app.url.startswith("wss://localhost:")
        peer = app.connect("/echo")
        peer.send("hello")
        peer.expect_text("hello")


def test_the_port_is_free_again_and_the_end_may_be_called_again() -> None:
    with ws_wsgi(flask_app()) as app:
        url = app.url
        assert url == f"ws://127.0.0.1:{app.port}"
        app.end()
    app.end()
    with pytest.raises(OSError, match="refused"):
        ws_client(url)


def test_what_escapes_the_app_is_raised_at_the_end() -> None:
    def visit() -> None:
        with ws_wsgi(flask_app(testing=True)) as app:
            app.connect("/fail").send("room")
            wait_for(app._failures.unknown)

    with pytest.raises(KeyError, match="room"):
        visit()


def test_what_escapes_the_app_can_be_expected() -> None:
    with ws_wsgi(flask_app(testing=True)) as app:
        peer = app.connect("/fail")
        peer.send("room")
        peer.expect_error(KeyError, matches="room", timeout=scaled(5))


def test_a_lost_client_is_no_failure_of_the_app() -> None:
    with ws_wsgi(flask_app(testing=True)) as app:
        peer = app.connect("/echo")
        peer.send("hello")
        peer.expect_text("hello")
        peer.abort()


def test_any_wsgi_application_will_do(ws_wsgi: Callable[..., LiveWSGIApp]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("402 Payment Required", [("X-Price", "1")])
        return [b"pay first"]

    peer = ws_wsgi(app).connect("/x")
    peer.expect_rejected(402, {"X-Price": "1"}, "pay first")


def test_an_app_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.testing.wsgi._STOP", 0.05)
    app = Flask(__name__)
    goes_on: list[bool] = []

    def stuck(ws: SimpleServer) -> None:
        ws.send("here")
        wait_for(lambda: goes_on)

    Sock(app).route("/stuck")(stuck)
    live = ws_wsgi(app)
    live.connect("/stuck").expect_text("here")
    with pytest.raises(TimeoutError, match=r"1 requests have not ended within 0\.05 s"):
        live.end()
    goes_on.append(True)
    live.end()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match=r"^app: must be a WSGI application, not int"):
        ws_wsgi(1)
    with pytest.raises(TypeError, match=r"^tls: "):
        ws_wsgi(flask_app(), tls=1)  # type: ignore[arg-type]


def test_without_werkzeug_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "werkzeug.serving", None)
    with pytest.raises(RuntimeError, match=r"pip install 'wskit\[wsgi\]'"):
        ws_wsgi(flask_app())
