"""A WSGI app under test: Flask with flask-sock, or another that takes the socket, under werkzeug.

The law of this file: what the test sees is what the app put on the wire. The listening socket is
bound before the server starts, so there is never a port that somebody else could take.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from .. import fields
from ..trace import printable
from .failures import Failures
from .live import Live

if TYPE_CHECKING:
    import ssl

    from werkzeug.serving import BaseWSGIServer

__all__ = ["LiveWSGIApp", "ws_wsgi"]

Environ = dict[str, object]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

_STOP = 10.0  # seconds for all of the shutdown


def ws_wsgi(app: object, *, tls: bool = False) -> LiveWSGIApp:
    """Run the WSGI application ``app`` under werkzeug, a thread for each request; return it.

    It is a context manager, and the app is given its socket in ``environ["werkzeug.socket"]``.
    Needs the extra ``wsgi``, with ``tls`` ``testing``, too (RuntimeError). A Flask app that should
    fail its test when a view raises needs ``app.testing = True``: else it answers with 500 itself.
    """
    if not callable(app):
        raise TypeError(f"app: must be a WSGI application, not {type(app).__name__}")
    fields.boolean("tls", tls)
    contexts = None
    if tls:
        from .certificates import contexts as tls_contexts

        contexts = tls_contexts()
    return LiveWSGIApp(cast(App, app), contexts)


class LiveWSGIApp(Live):
    """A running app; an exception that escapes it counts as one of a handler."""

    def __init__(self, app: App, contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> None:
        """Live apps are made by ``ws_wsgi``."""
        super().__init__(contexts[1] if contexts is not None else None)
        try:
            observed = _Observed(app, self._failures)
            self._server = _werkzeug(observed, contexts[0] if contexts is not None else None)
        except BaseException:
            self._stack.close()
            raise
        # werkzeug waits for the threads of requests only where they are no daemons.
        self._stack.callback(observed.join, _STOP)
        self._stack.callback(self._server.server_close)
        thread = threading.Thread(target=self._serve, name="wskit wsgi", daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._server.shutdown)

    @property
    def port(self) -> int:
        """The port of loopback that it listens on."""
        return self._server.port

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.01)


class _Observed:
    """The app, with an eye on what escapes it and on the threads that run it."""

    def __init__(self, app: App, failures: Failures) -> None:
        self._app = app
        self._failures = failures
        self._changed = threading.Condition()  # its lock guards _running
        self._running = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Be the app."""
        with self._changed:
            self._running += 1
        try:
            # All of it here, where what it raises is seen.
            return list(self._app(environ, start_response))
        except Exception as error:
            # An OSError is a lost connection; StopIteration is how flask-sock ends a request.
            if not isinstance(error, OSError | StopIteration):
                self._failures.add(f"wsgi {printable(str(environ.get('PATH_INFO', '')))}", error)
            raise
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def join(self, timeout: float) -> None:
        """Wait until no request runs any more; TimeoutError after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._running, timeout):
                raise TimeoutError(f"{self._running} requests have not ended within {timeout:g} s")


def _werkzeug(app: _Observed, context: ssl.SSLContext | None) -> BaseWSGIServer:
    try:
        from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
    except ImportError:
        raise RuntimeError("ws_wsgi: needs werkzeug; pip install 'wskit[wsgi]'") from None

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: object) -> None:
            """Say nothing: what escapes the app is an error of its test."""

    class Server(ThreadedWSGIServer):
        def log(self, type: str, message: str, *args: object) -> None:
            """Say nothing, either."""

    return Server("127.0.0.1", 0, app, Quiet, ssl_context=context)
