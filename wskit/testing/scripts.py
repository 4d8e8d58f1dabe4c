"""A fake server for testing clients: scripts say what it does, connection by connection.

The law of this file: what a script expects and does not get, and what comes and no script expects,
fails the test and says which connection it was.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .. import fields
from ..conn import format_address
from ..errors import ConnectionClosed
from ..waiting import wait_readable
from ..wakers import Waker
from .accepting import ServerPeer
from .script_runs import Run, Script, script_name
from .timeouts import Patience, defaults

if TYPE_CHECKING:
    import ssl

    from ..tls import TLSSocket

__all__ = ["Port", "ScriptedServer", "ws_script"]

_JOIN = 5.0  # seconds for threads whose connections are cut
# Two sockets may be bound to one address as long as one of them listens at most.
_SHARES = sys.platform == "linux"


def ws_script(*scripts: Script, tls: bool = False, timeout: float | None = None) -> ScriptedServer:
    """Start a server on a free port of loopback that does what ``scripts`` say; return it.

    The n-th connection is given to the n-th of them, a function of a ServerPeer, on a thread of
    its own; without scripts the test takes connections by ``accept``. ``timeout`` is how long it
    waits for connections, scripts and closes, in seconds, None the default of the test; ``tls``
    needs trustme (the extra ``testing``).
    """
    for script in scripts:
        if not callable(script):
            raise TypeError(f"scripts: must be functions of a ServerPeer, not {script!r}")
    fields.boolean("tls", tls)
    fields.seconds("timeout", timeout, optional=True)
    return ScriptedServer(scripts, tls=tls, timeout=timeout)


class ScriptedServer:
    """A server that follows scripts; its methods are for one thread at a time, but ``accept``.

    At its end (``end``, or leaving its ``with`` block) it raises what went wrong: the
    AssertionError of a script, with its traceback; a script that still waits; a connection that
    never came, or one too many, which was answered with 503; a message after its script's end.
    After a script has returned its client may close, else it is closed with 1000.
    """

    def __init__(self, scripts: tuple[Script, ...], *, tls: bool, timeout: float | None) -> None:
        """Scripted servers are made by ``ws_script``."""
        self.ssl_context: ssl.SSLContext | None = None
        self._server_context: ssl.SSLContext | None = None
        if tls:
            from .certificates import contexts

            self._server_context, self.ssl_context = contexts()
        self._scripts = scripts
        self._timeout = timeout
        self._changed = threading.Condition()  # its lock guards _came and _runs, and Run.played
        self._came = 0
        self._runs: list[Run] = []
        self._peers: list[ServerPeer] = []  # of accept()
        self._told: set[str] = set()  # problems that were raised
        self._ended = False
        self._doorbell = Waker()
        self._port = Port()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._listen()

    @property
    def url(self) -> str:
        """Where clients connect, such as "ws://127.0.0.1:40123"; without a path."""
        host, port = self._port.address
        if self.ssl_context is None:
            return f"ws://{format_address((host, port))}"
        return f"wss://localhost:{port}"

    @property
    def ca_pem(self) -> bytes:
        """The certificate that clients have to trust, in PEM; RuntimeError without ``tls=True``."""
        from .certificates import authority_pem

        return authority_pem(self.ssl_context)

    @property
    def connections(self) -> int:
        """How many connections have come."""
        with self._changed:
            return self._came

    def accept(self, timeout: float | None = None) -> ServerPeer:
        """Return the server's end of the next connection, where there are no scripts.

        The peer is for the thread that calls, so the client under test needs one of its own.
        AssertionError when none comes in ``timeout`` seconds, RuntimeError while stopped.
        """
        __tracebackhide__ = True
        if self._scripts:
            raise RuntimeError("accept: the connections are given to scripts")
        if self._listener is None:
            raise RuntimeError("accept: the server is stopped")
        patience = Patience(self._timeout if timeout is None else timeout)
        while (peer := self._accept(self._listener)) is None:
            if not patience.left:
                number = self.connections + 1
                raise AssertionError(f"expected connection {number} within {patience}, none came")
            wait_readable([self._listener.fileno()], patience.left)
        self._peers.append(peer)
        return peer

    def stop(self, code: int | None = None) -> None:
        """Have nobody listen any more, so that clients are refused, and end the connections.

        Scripts that run may return first. ``code`` is for close frames, None cuts the connections
        as a crash does. The port stays bound, so no other process is given it.
        """
        self._await_scripts()
        self._shut(code)

    def restart(self, code: int | None = None) -> None:
        """Stop as ``stop`` does and listen again on the same address; go on with the next script.

        Raises RuntimeError after the end.
        """
        if self._ended:
            raise RuntimeError("restart: the server has ended")
        self.stop(code)
        self._listen()

    def verify(self) -> None:
        """Wait until every script had its connection and returned; raise what went wrong.

        The server goes on; ``end`` does not raise the same again.
        """
        __tracebackhide__ = True
        self._await_connections()
        self._await_scripts()
        self._tell(self._problems())

    def end(self) -> None:
        """Wait as ``verify`` does, end everything, raise what went wrong; may be called again."""
        __tracebackhide__ = True
        self._tell(self._finish(wait=True))

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; where the block has failed, add to its error what went wrong here."""
        __tracebackhide__ = True
        problems = self._finish(wait=error is None)
        if error is None:
            self._tell(problems)
            return
        for problem in problems.values():
            error.add_note(_words(problem))

    # -- taking connections --------------------------------------------------------------------

    def _listen(self) -> None:
        self._listener = self._port.listen()
        if not self._scripts:
            return
        self._thread = threading.Thread(
            target=self._serve, args=(self._listener,), name="wskit-script-listener", daemon=True
        )
        self._thread.start()

    def _serve(self, listener: socket.socket) -> None:
        bell = self._doorbell.fileno()
        while bell not in wait_readable([listener.fileno(), bell], None):
            self._admit_all(listener)

    def _admit_all(self, listener: socket.socket) -> None:
        while (peer := self._accept(listener)) is not None:
            number = self._came
            script = self._scripts[number - 1] if number <= len(self._scripts) else _refuse
            run = Run(number, script, peer, self._changed, self._timeout)
            with self._changed:
                self._runs.append(run)
                self._changed.notify_all()
            run.start()

    def _accept(self, listener: socket.socket) -> ServerPeer | None:
        try:
            sock, address = listener.accept()
        except OSError:  # there is none, or it is gone already
            return None
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = self._transport(sock)
        except OSError:  # reset before anything came
            sock.close()
            return None
        with self._changed:
            self._came += 1
        return ServerPeer(transport, address=address, name="script")

    def _transport(self, sock: socket.socket) -> socket.socket | TLSSocket:
        if self._server_context is None:
            return sock
        from ..tls import TLSSocket

        return TLSSocket(sock, self._server_context, server_side=True)

    # -- waiting and ending --------------------------------------------------------------------

    def _await_connections(self) -> None:
        """Wait until there is a connection for each script, or a script has failed."""
        patience = Patience(self._timeout)
        with self._changed:
            while (
                len(self._runs) < len(self._scripts)
                and all(run.error is None for run in self._runs)
                and (left := patience.left)
            ):
                self._changed.wait(left)

    def _await_scripts(self) -> None:
        # Each expectation has a time of its own; with twice as much here it is the one to fail.
        patience = Patience(2 * (defaults.timeout if self._timeout is None else self._timeout))
        with self._changed:
            while any(_is_playing(run) for run in self._runs) and (left := patience.left):
                self._changed.wait(left)

    def _finish(self, *, wait: bool) -> dict[str, BaseException]:
        """End everything; return what is wrong and was not told."""
        if self._ended:
            return {}
        self._ended = True
        try:
            if wait:
                self._await_connections()
                self._await_scripts()
        finally:
            self._shut(1000)
            self._port.close()
            self._doorbell.close()
        return self._problems()

    def _shut(self, code: int | None) -> None:
        """Stop listening, then end the connections, so that nobody can come back in between."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        if self._thread is not None:
            self._doorbell.wake()
            self._thread.join()
            self._doorbell.drain()
            self._thread = None
        self._admit_all(listener)  # who came in the last moment, came
        listener.close()
        self._port.hold()
        with self._changed:
            runs = [run for run in self._runs if not run.join(0)]
        for run in runs:
            run.release(code)
        for run in runs:
            run.join(_JOIN)
        for peer in self._peers:
            _end_peer(peer, code)

    # -- saying what is wrong ------------------------------------------------------------------

    def _problems(self) -> dict[str, BaseException]:
        """Return what is wrong and was not told, by what tells it from others."""
        found: dict[str, BaseException] = {}
        with self._changed:
            runs, came = list(self._runs), self._came
        for run in runs:
            error = run.stuck or run.error or _still_waiting(run)
            if error is not None and run.script is not _refuse:
                found[run.name] = error
        for number, script in enumerate(self._scripts[came:], came + 1):
            name = f"connection {number} (script {script_name(script)!r})"
            found[name] = AssertionError(f"{name} never came")
        extra = [run.number for run in runs if run.script is _refuse]
        if extra:
            words = f"connection {extra[0]} was"
            if len(extra) > 1:
                words = f"connections {extra[0]} to {extra[-1]} were"
            found[words] = AssertionError(f"{words} not expected")
        return {name: error for name, error in found.items() if name not in self._told}

    def _tell(self, problems: dict[str, BaseException]) -> None:
        """Raise the first, with notes about the others."""
        __tracebackhide__ = True
        self._told.update(problems)
        if problems:
            first, *others = problems.values()
            for other in others:
                first.add_note(f"also: {_words(other)}")
            raise first


class Port:
    """A port of loopback, kept from other processes also while nobody listens there."""

    def __init__(self) -> None:
        """Bind a free one."""
        self._holder = _bound(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._holder.getsockname()

    def listen(self) -> socket.socket:
        """Return a new listening socket, non-blocking."""
        if not _SHARES:
            self._holder.close()
        listener = _bound(self.address)
        listener.listen(128)
        listener.setblocking(False)
        return listener

    def hold(self) -> None:
        """Keep the port; the listening socket is closed."""
        if not _SHARES:
            self._holder = _bound(self.address)

    def close(self) -> None:
        """Give the port back."""
        self._holder.close()


def _bound(address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Connections that were here before may still be in TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse(peer: ServerPeer) -> None:
    """Be the script of a connection that none was given for."""
    peer.reject(503, body="no script is left for this connection\n")


def _is_playing(run: Run) -> bool:
    return not run.played and run.script is not _refuse


def _still_waiting(run: Run) -> BaseException | None:
    return None if run.played else AssertionError(f"{run.name} still waits{run.where()}")


def _end_peer(peer: ServerPeer, code: int | None) -> None:
    if code is None:
        peer._stream.finish()
    elif code != 1000 and peer._stream.opened:
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            peer.close(code)
    peer.end()


def _words(error: BaseException) -> str:
    """Return the first line about ``error``, with the connection that it is about."""
    line = (str(error) or type(error).__name__).partition("\n")[0]
    return ": ".join([*getattr(error, "__notes__", ())[:1], line])
