"""An ASGI app under test: Starlette, FastAPI, Litestar, Channels, under a real uvicorn.

The law of this file: what the test sees is what uvicorn put on the wire. The listening socket is
bound before the server starts, so there is never a port that somebody else could take.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from .. import fields
from ..trace import printable
from .failures import Failures
from .live import Live
from .timeouts import Patience

if TYPE_CHECKING:
    import ssl

    import uvicorn

__all__ = ["LiveApp", "ws_asgi"]

Event = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Event, Receive, Send], Awaitable[None]]

_GRACE = 1  # second for connections and tasks that do not end by themselves
_STOP = 10.0  # seconds for all of the shutdown
# How frameworks tell a handler that its client has gone; a handler may just let it pass.
_GONE = {"WebSocketDisconnect", "ClientDisconnected"}
# Without any handler, what uvicorn logs as an error would go to stderr.
_SILENT = logging.NullHandler()


def ws_asgi(
    app: object,
    *,
    lifespan: bool = True,
    tls: bool = False,
    ws: str = "auto",
    startup_timeout: float = 10.0,
) -> LiveApp:
    """Run the ASGI 3 application ``app`` under uvicorn, in a thread; return it, a context manager.

    ``ws`` is uvicorn's: "websockets-sansio", "wsproto"; "auto" the first that is installed. Needs
    the extra ``asgi``, with ``tls`` ``testing``, too (RuntimeError). Raises RuntimeError from the
    app's own error if its startup fails, TimeoutError if that takes ``startup_timeout`` seconds.
    """
    if not callable(app):
        raise TypeError(f"app: must be an ASGI application, not {type(app).__name__}")
    fields.seconds("startup_timeout", startup_timeout)
    contexts = None
    if tls:
        from .certificates import contexts as tls_contexts

        contexts = tls_contexts()
    return LiveApp(cast(App, app), lifespan, contexts, ws, startup_timeout)


class LiveApp(Live):
    """A running app; an exception that escapes it counts as one of a handler."""

    def __init__(
        self,
        app: App,
        lifespan: bool,
        contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None,
        ws: str,
        startup_timeout: float,
    ) -> None:
        """Live apps are made by ``ws_asgi``."""
        super().__init__(contexts[1] if contexts is not None else None)
        with contextlib.ExitStack() as stack:
            stack.push(self._stack)
            observed = Observed(app, self._failures)
            server = _uvicorn(observed, lifespan, ws)
            if contexts is not None:
                server.config.ssl = contexts[0]
            listener = socket.create_server(("127.0.0.1", 0))
            self._port: int = listener.getsockname()[1]
            running = Running(server, observed, listener)
            stack.callback(running.stop)
            running.start(startup_timeout)
            self._stack = stack.pop_all()

    @property
    def port(self) -> int:
        """The port of loopback that it listens on."""
        return self._port


class Observed:
    """The app, with an eye on what escapes it."""

    def __init__(self, app: App, failures: Failures) -> None:
        """Add to ``failures`` what ``app`` raises."""
        self._app = app
        self._failures = failures
        self.startup_error: BaseException | None = None
        self.refusal = ""  # what the app itself said about its failed startup

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Be the app."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if _GONE.isdisjoint(kind.__name__ for kind in type(error).__mro__):
                where = f"{scope['type']} {printable(str(scope.get('path', '')))}"
                self._failures.add(where, error)
            raise

    async def _live(self, scope: Event, receive: Receive, send: Send) -> None:
        """Run the lifespan: an error is the startup's until that is complete."""
        asked = started = False

        async def asking() -> Event:
            nonlocal asked
            asked = True
            return await receive()

        async def sending(event: Event) -> None:
            nonlocal started
            started = started or event["type"] == "lifespan.startup.complete"
            if event["type"] == "lifespan.startup.failed":
                self.refusal = str(event.get("message", ""))
            await send(event)

        try:
            await self._app(scope, asking, sending)
        except Exception as error:
            if started:
                self._failures.add("lifespan", error)
            elif asked:
                # ASGI takes any error for "knows no lifespan"; one that has asked for the first
                # event does know it, and has failed.
                self.startup_error = error
                await send({"type": "lifespan.startup.failed", "message": ""})
            raise


class Running:
    """uvicorn on a thread of its own."""

    def __init__(self, server: uvicorn.Server, app: Observed, listener: socket.socket) -> None:
        """Serve on ``listener``, which is closed when the thread ends."""
        self._server = server
        self._app = app
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="wskit asgi", daemon=True)
        self._settled = threading.Event()  # started, or failed with _error
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self, timeout: float) -> None:
        """Return when connections are accepted."""
        self._thread.start()
        if not _wait(self._settled, timeout):
            raise TimeoutError(f"startup_timeout: the app has not started within {timeout:g} s")
        if self._error is not None:
            raise RuntimeError(f"the app has not started: {self._error!r}") from self._error

    def stop(self) -> None:
        """Shut the app down and wait for the thread; may be called again."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._stopping.set)
        patience = Patience(_STOP)
        while self._thread.is_alive() and patience.left:
            self._thread.join(patience.left)
        if self._thread.is_alive():
            raise TimeoutError(f"the app has not ended within {patience}")

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._settled.is_set():
                self._app._failures.add("uvicorn", error)
            self._error = error
        finally:
            self._listener.close()
            self._settled.set()

    async def _serve(self) -> None:
        """Do as ``Server.serve`` does, without its signal handlers and its polling."""
        server, self._loop = self._server, asyncio.get_running_loop()
        self._loop.set_exception_handler(self._failed)
        stopping = self._stopping = asyncio.Event()
        starting = asyncio.create_task(self._start())
        ending = asyncio.create_task(stopping.wait())
        await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return  # given up, while the app still starts: the runner cancels it
        starting.result()
        self._settled.set()
        await stopping.wait()
        await self._let_go()
        await server.shutdown(sockets=[self._listener])

    async def _let_go(self) -> None:
        """Let connections go that are about to: uvicorn would close them a second time and fail."""
        connections = self._server.server_state.connections
        patience = Patience(_GRACE)
        while any(each.transport.is_closing() for each in connections) and patience.left:
            await asyncio.sleep(0.001)

    async def _start(self) -> None:
        server = self._server
        server.lifespan = server.config.lifespan_class(server.config)
        with contextlib.suppress(SystemExit):  # says newer uvicorn; older sets should_exit
            await server.startup(sockets=[self._listener])
        if not server.started:
            raise self._app.startup_error or RuntimeError(self._app.refusal or "startup failed")
        await server.on_tick(0)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Bring errors of the app's own tasks to the test; an OSError is a lost connection."""
        error = context.get("exception")
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._app._failures.add(str(context.get("message", "asyncio")), error)
        else:
            loop.default_exception_handler(context)


def _uvicorn(app: Observed, lifespan: bool, ws: str) -> uvicorn.Server:
    try:
        import uvicorn
        from uvicorn.config import WS_PROTOCOLS
    except ImportError:
        raise RuntimeError("ws_asgi: needs uvicorn; pip install 'wskit[asgi]'") from None
    known = sorted({*WS_PROTOCOLS, "auto"} - {"none"})
    if ws not in known:
        raise ValueError(f"ws: must be one of {', '.join(known)}, not {ws!r}")
    if ws == "auto":
        # As uvicorn does now; before, its own "auto" took what websockets has deprecated.
        modern = "websockets-sansio" in known and find_spec("websockets") is not None
        ws = "websockets-sansio" if modern else "wsproto"
    logging.getLogger("uvicorn").addHandler(_SILENT)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws=ws,
        lifespan="auto" if lifespan else "off",
        interface="asgi3",
        log_config=None,
        timeout_graceful_shutdown=_GRACE,
    )
    try:
        config.load()
    except ImportError as error:
        raise RuntimeError(f"ws: uvicorn cannot use {ws}; pip install 'wskit[asgi]'") from error
    return uvicorn.Server(config)


def _wait(event: threading.Event, seconds: float) -> bool:
    patience = Patience(seconds)
    while not event.wait(patience.left):
        if not patience.left:
            return False
    return True
