"""ws_asgi: the real uvicorn, what escapes the app, and nothing left behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from tests.deadlines import scaled, wait_for
from wskit.testing import LiveApp, ws_asgi, ws_client
from wskit.testing.asgi import App, Event, Receive, Send


async def echo(ws: WebSocket) -> None:
    await ws.accept(subprotocol=next(iter(ws.scope["subprotocols"]), None))
    while True:
        await ws.send_text(await ws.receive_text())  # ends with WebSocketDisconnect


async def fail(ws: WebSocket) -> None:
    await ws.accept()
    await ws.receive_text()
    raise KeyError("no such room")


async def fail_at_once(ws: WebSocket) -> None:
    raise KeyError("not even accepted")


async def fail_in_a_task(ws: WebSocket) -> None:
    await ws.accept()
    asyncio.get_running_loop().call_soon(int, "x")
    await ws.receive_text()


async def linger(ws: WebSocket) -> None:
    await ws.accept()
    await ws.send_text("here")
    await asyncio.Event().wait()  # never hears that its client has gone


ROUTES = [
    WebSocketRoute("/echo", echo),
    WebSocketRoute("/fail", fail),
    WebSocketRoute("/fail-at-once", fail_at_once),
    WebSocketRoute("/fail-in-a-task", fail_in_a_task),
    WebSocketRoute("/linger", linger),
]
APP = Starlette(routes=ROUTES)


def with_lifespan(before: Callable[[], None], after: Callable[[], None]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        before()
        yield
        after()

    return Starlette(routes=ROUTES, lifespan=lifespan)


def accept() -> None:
    """There is nothing to do."""


def refuse() -> None:
    raise KeyError("no database")


class TestWorking:
    @pytest.mark.parametrize("ws", ["auto", "websockets-sansio", "wsproto"])
    def test_a_message_goes_there_and_back(self, ws: str) -> None:
        with ws_asgi(APP, ws=ws) as live, live.connect("/echo", subprotocols=["chat"]) as client:
            client.send("hello")
            client.expect_text("hello")
            assert client.subprotocol == "chat"
            client.close(1000)
            client.expect_close(1000, initiated_by="client")

    def test_over_tls(self) -> None:
        with ws_asgi(APP, tls=True) as live, live.connect("/echo") as client:
            assert live.url.startswith("wss://localhost:")
            client.send("hello")
            client.expect_text("hello")

    def test_anybody_can_connect_to_its_url(self) -> None:
        with ws_asgi(APP) as live, ws_client(f"{live.url}/echo") as client:
            client.send("hello")
            client.expect_text("hello")

    def test_end_closes_connections_that_others_left_open(self) -> None:
        with ws_asgi(APP) as live:
            client = ws_client(f"{live.url}/echo")
        with client:
            client.expect_close(1012, initiated_by="server")

    def test_end_ends_peers_and_may_be_called_again(self) -> None:
        live = ws_asgi(APP)
        client = live.connect("/echo")
        live.end()
        live.end()
        assert "dropped" not in repr(client)
        assert "closed by the client" in repr(client)

    def test_a_handler_that_does_not_end_is_cancelled(self) -> None:
        # It takes the second that uvicorn grants.
        with ws_asgi(APP) as live, live.connect("/linger") as client:
            client.expect_text("here")

    def test_a_fixture_ends_it_with_the_test(self, ws_asgi: Callable[..., LiveApp]) -> None:
        client = ws_asgi(APP).connect("/echo")
        client.send("hello")
        client.expect_text("hello")

    def test_it_says_nothing_on_its_own(self) -> None:
        program = """if True:
            from wskit.testing import ws_asgi

            async def app(scope, receive, send):
                raise KeyError("for nobody")

            with ws_asgi(app) as live:
                client = live.connect()
                client.expect_rejected(500)
                client.expect_error(KeyError)
        """
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            timeout=scaled(20),
        )
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


class TestLifespan:
    def test_it_starts_before_and_ends_after_all_connections(self) -> None:
        log: list[str] = []
        app = with_lifespan(lambda: log.append("up"), lambda: log.append("down"))
        with ws_asgi(app) as live:
            assert log == ["up"]
            live.connect("/echo")
        assert log == ["up", "down"]

    def test_without_lifespan_it_is_not_run(self) -> None:
        with ws_asgi(with_lifespan(refuse, refuse), lifespan=False) as live:
            live.connect("/echo")

    def test_a_failed_startup_raises_from_the_error_of_the_app(self) -> None:
        with pytest.raises(RuntimeError, match=r"has not started: KeyError.*database") as caught:
            ws_asgi(with_lifespan(refuse, refuse))
        assert isinstance(caught.value.__cause__, KeyError)

    def test_a_refused_startup_raises_what_the_app_says(self) -> None:
        async def app(scope: Event, receive: Receive, send: Send) -> None:
            await send({"type": "lifespan.startup.failed", "message": "no disk"})

        with pytest.raises(RuntimeError, match="no disk"):
            ws_asgi(app)

    def test_an_app_that_fails_after_asking_has_failed(self) -> None:
        async def app(scope: Event, receive: Receive, send: Send) -> None:
            await receive()
            raise KeyError("no cache")

        with pytest.raises(RuntimeError, match="no cache"):
            ws_asgi(app)

    def test_an_app_that_knows_no_lifespan_runs(self) -> None:
        async def app(scope: Event, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                raise ValueError("unknown scope")
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": "hello"})

        with ws_asgi(app) as live:
            live.connect().expect_text("hello")

    def test_a_failed_shutdown_is_raised_at_the_end(self) -> None:
        with pytest.raises(KeyError, match="database"), ws_asgi(with_lifespan(accept, refuse)):
            pass

    def test_a_startup_that_hangs_is_given_up(self) -> None:
        async def app(scope: Event, receive: Receive, send: Send) -> None:
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError, match=r"not started within 0\.05 s"):
            ws_asgi(app, startup_timeout=0.05)


class TestErrors:
    def test_what_escapes_the_app_is_raised_at_the_end(self) -> None:
        live = ws_asgi(APP)
        client = live.connect("/fail")
        client.send("hello")
        client.expect_close(1006)
        with pytest.raises(KeyError, match="no such room"), live:
            pass

    def test_it_is_the_cause_of_a_missed_expectation(self) -> None:
        with ws_asgi(APP) as live, live.connect("/fail") as client:
            client.send("hello")
            with pytest.raises(AssertionError) as caught:
                client.expect_text("hello")
        assert isinstance(caught.value.__cause__, KeyError)

    def test_a_test_can_expect_it(self) -> None:
        with ws_asgi(APP) as live:
            client = live.connect("/fail")
            client.send("hello")
            client.expect_error(KeyError, matches="no such room")

    def test_before_accept_it_is_a_rejection_and_an_error(self) -> None:
        with ws_asgi(APP) as live:
            client = live.connect("/fail-at-once")
            client.expect_rejected(500)
            client.expect_error(KeyError)

    def test_errors_of_the_apps_own_callbacks_count_too(self) -> None:
        with ws_asgi(APP) as live:
            live.connect("/fail-in-a-task").expect_error(ValueError)

    def test_a_client_that_goes_is_no_error(self) -> None:
        with ws_asgi(APP) as live:
            live.connect("/echo").abort()
            live.connect("/echo").close(1001)


class TestArguments:
    def test_the_app_is_callable(self) -> None:
        with pytest.raises(TypeError, match="app: must be an ASGI application, not str"):
            ws_asgi("module:app")

    def test_the_implementation_is_one_of_uvicorns(self) -> None:
        with pytest.raises(ValueError, match=r"ws: must be one of auto, .*, not 'none'"):
            ws_asgi(APP, ws="none")

    def test_the_timeout_is_positive(self) -> None:
        with pytest.raises(ValueError, match="startup_timeout: "):
            ws_asgi(APP, startup_timeout=0)

    @pytest.mark.parametrize(
        ("missing", "ws", "words"),
        [
            ("uvicorn", "auto", r"needs uvicorn; pip install 'wskit\[asgi\]'"),
            ("wsproto", "wsproto", r"ws: uvicorn cannot use wsproto; pip install 'wskit\[asgi\]'"),
        ],
    )
    def test_what_is_missing_is_named(
        self, monkeypatch: pytest.MonkeyPatch, missing: str, ws: str, words: str
    ) -> None:
        # Modules that are loaded already would not be imported again.
        hidden = [name for name in sys.modules if name.split(".")[0] == missing]
        for name in [*hidden, "uvicorn.protocols.websockets.wsproto_impl"]:
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, missing, None)
        with pytest.raises(RuntimeError, match=words):
            ws_asgi(APP, ws=ws)

    def test_an_app_that_blocks_its_loop_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wskit.testing.asgi._STOP", 0.05)
        release = threading.Event()
        live = ws_asgi(blocking(release))
        client = live.connect()
        client.expect_text("blocking")
        client.abort()
        with pytest.raises(TimeoutError, match=r"not ended within 0\.05 s"):
            live.end()
        release.set()
        wait_for(lambda: "wskit asgi" not in {t.name for t in threading.enumerate()}, timeout=10)


def blocking(release: threading.Event) -> App:
    async def app(scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise ValueError("unknown scope")
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "blocking"})
        release.wait(scaled(10))

    return app
