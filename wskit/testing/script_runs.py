"""One connection of a scripted server: its script on a thread of its own, and the orderly end."""

from __future__ import annotations

import contextlib
import linecache
import socket
import sys
import threading
from collections.abc import Callable

from ..errors import ConnectionClosed
from ..protocol.opcodes import Side
from ..waiting import wait_readable
from ..wakers import Waker
from .accepting import ServerPeer
from .timeouts import Patience
from .wishes import arrival_words

__all__ = ["Run", "Script", "script_name"]

Script = Callable[[ServerPeer], object]
"""What a server does on one connection."""


class Run:
    """Plays ``script`` on ``peer``; the methods are for the thread of the test.

    ``error`` is what the script raised, or what is wrong after its end.
    """

    def __init__(
        self,
        number: int,
        script: Script,
        peer: ServerPeer,
        changed: threading.Condition,
        timeout: float | None,
    ) -> None:
        """Notify ``changed`` when the script is played; ``timeout`` is for the client's close."""
        self.number = number
        self.script = script
        self.name = f"connection {number} (script {script_name(script)!r})"
        self.played = False  # the script has returned or raised
        self.error: BaseException | None = None
        self.stuck: AssertionError | None = None  # why it was cut
        self._peer = peer
        self._changed = changed
        self._timeout = timeout
        self._released = Waker()
        self._code: int | None = 1000  # of the close if the client leaves it to us; None: no close
        self._thread = threading.Thread(
            target=self._play, name=f"wskit-script-{number}", daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def release(self, code: int | None = 1000) -> None:
        """Wait for the client no longer: close with ``code``, None drops the connection.

        A script that still runs is cut.
        """
        self._code = code
        if not self.played:
            self.stuck = AssertionError(f"{self.name} still waits{self.where()}")
            with contextlib.suppress(OSError):  # closed in this moment
                self._peer._stream.transport.shutdown(socket.SHUT_RDWR)
        self._released.wake()

    def join(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the thread; whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def where(self) -> str:
        """Say in which line the script is."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        code = getattr(self.script, "__code__", None)
        while frame is not None and frame.f_code is not code:
            frame = frame.f_back
        if frame is None:
            return ""
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        return f" in line {frame.f_lineno}: {line}"

    # -- on the thread of the script -----------------------------------------------------------

    def _play(self) -> None:
        __tracebackhide__ = True
        try:
            self._note(lambda: self.script(self._peer))
            with self._changed:
                self.played = True
                self._changed.notify_all()
            if self.error is None:
                self._note(self._see_off)
            else:
                self._give_up()
        finally:
            self._peer._stream.finish()
            self._released.close()

    def _note(self, step: Callable[[], object]) -> None:
        """Do ``step`` and keep what it raises."""
        __tracebackhide__ = True
        try:
            step()
        except BaseException as error:
            error.add_note(self.name)
            self.error = error

    def _see_off(self) -> None:
        """Wait until the client closes, else close; AssertionError for what nobody expected."""
        __tracebackhide__ = True
        peer, stream = self._peer, self._peer._stream
        if stream.finished or peer._hopeless:
            return
        peer._ready()  # a script that has said nothing accepts
        # §5.5.1: what comes after our own close frame need not be looked at.
        heed = stream.closed_by is not Side.SERVER
        patience = Patience(self._timeout)
        while not stream.over and self._wait(patience):
            self._take_all()
        self._take_all()
        self._close()
        unread = [arrival_words(each) for each in stream.inbox.unread if each.is_data]
        if stream.protocol.failed is not None:
            unread.append(f"a violation of the protocol by the client: {stream.protocol.failed}")
        if heed and unread:
            peer._fail(f"after the script's end: {', then '.join(unread)}")

    def _wait(self, patience: Patience) -> bool:
        """Wait until something comes; False once released or out of patience."""
        self._take_all()
        stream, released = self._peer._stream, self._released.fileno()
        if stream.over:
            return False
        ready = wait_readable([stream.transport.fileno(), released], patience.left)
        return released not in ready and (bool(ready) or bool(patience.left))

    def _take_all(self) -> None:
        while self._peer._stream.receive(Patience(0)):
            pass

    def _close(self) -> None:
        if self._code is None:
            return
        if self._code != 1000:
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                self._peer.close(self._code)
        self._peer.end()

    def _give_up(self) -> None:
        """Tell the client that it goes no further."""
        stream = self._peer._stream
        if stream.opened and not stream.finished:
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                self._peer.close(1011, "the script failed")
        stream.end_of_stream(Patience(0))


def script_name(script: Script) -> str:
    """Return the name of ``script`` for reports."""
    return getattr(script, "__name__", None) or repr(script)
