"""The screen of ``wskit inspect`` in a browser on this machine: textual-serve, behind a guard.

The law of this file: a page of another origin, a name that was pointed at this machine, and whoever
does not know the token get nothing but 403.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence

from .exits import Failure
from .streams import standard_output

try:
    from aiohttp import web
    from textual_serve import server
    from textual_serve.app_service import AppService
except ImportError:
    raise Failure("--web needs textual-serve; pip install 'wskit[web]'") from None

__all__ = ["arguments", "serve_screen"]

_COOKIE = "wskit-token"
_HOST = "127.0.0.1"
_PATIENCE = 5.0  # seconds that a screen has to end
_POLICY = (
    "default-src 'self' 'unsafe-inline' data: blob:; connect-src 'self' ws://{}; "
    "frame-ancestors 'none'"
)
"""Nothing is fetched from elsewhere, fonts included, and no other page may hold this one."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve_screen(port: int) -> None:
    """Serve until Ctrl-C or SIGTERM, on ``port`` of the loopback address (0: any free one).

    The URL goes to stdout; each browser that opens it has a screen of its own. Raises Failure.
    """
    try:
        listener = socket.create_server((_HOST, port))
    except OSError as error:
        raise Failure(f"cannot listen on {_HOST}:{port}: {error.strerror or error}") from None
    command = [sys.executable, "-m", "wskit", *arguments(sys.argv[1:])]
    _Screens(shlex.join(command), listener).serve()


def arguments(argv: Sequence[str]) -> list[str]:
    """Return the arguments of a command that shows in a terminal what ``argv`` does in browsers."""
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--web-port":
            next(words, None)
        elif word != "--web" and not word.startswith("--web-port="):
            kept.append(word)
    return kept


class _Service(AppService):
    """The process of one browser's screen, of which nothing is left when it has stopped."""

    async def stop(self) -> None:
        """Stop, and wait for the end of the process."""
        await super().stop()
        if self._process is None:
            return
        try:
            # Else its pipes outlive the event loop, and complain.
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


# The class has no place where another one could be handed in.
server.AppService = _Service  # type: ignore[attr-defined]


class _Screens(server.Server):
    """Runs ``command`` for each browser."""

    def __init__(self, command: str, listener: socket.socket) -> None:
        self._listener = listener
        self._token = secrets.token_urlsafe(32)
        self._here = f"{_HOST}:{listener.getsockname()[1]}"
        self._open: set[asyncio.Task[object]] = set()  # one for each browser
        super().__init__(command, _HOST, listener.getsockname()[1], "wskit inspect")

    def serve(self, debug: bool = False) -> None:
        """Serve until a signal comes."""
        web.run_app(self._make_app(), sock=self._listener, print=None, access_log=None)

    async def on_startup(self, app: web.Application) -> None:
        """Say where."""
        standard_output().line(f"http://{self._here}/?token={self._token}")

    async def on_shutdown(self, app: web.Application) -> None:
        """End every screen; aiohttp would wait a minute for browsers to leave."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a screen for as long as its browser looks."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._open.discard(task)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Browsers send the name they looked up as Host, and the page's origin as Origin.
        origin = request.headers.get("Origin", f"http://{self._here}")
        if request.host != self._here or origin != f"http://{self._here}":
            raise web.HTTPForbidden(text="not from here\n")
        if self._knows(request.query.get("token", "")):
            welcome = web.HTTPSeeOther("/")  # the token is not left in the address line
            welcome.set_cookie(_COOKIE, self._token, httponly=True, samesite="Strict")
            raise welcome
        if not self._knows(request.cookies.get(_COOKIE, "")):
            raise web.HTTPForbidden(text="the address that wskit printed has a token\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = _POLICY.format(self._here)
        return response

    def _knows(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self._token.encode())
