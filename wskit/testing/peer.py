"""A test's end of a connection: it sends what it is told and expects what should come."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

from ..errors import ConnectionClosed
from ..protocol.response import ClientHandshakeResult
from .expecting import Expecting
from .failures import Failures
from .matching import Matcher
from .matching import matches as found
from .sending import Sending
from .stream import Stream
from .timeouts import Patience, defaults
from .wishes import Rejection

__all__ = ["Peer"]


class Peer(Sending, Expecting):
    """One end of a connection, for one thread at a time.

    Leaving its ``with`` block closes the connection in order and ends what was started for it; then
    an exception of a handler that no test has seen is raised. ``response`` is the server's where
    this is a client's end, None where that is not known; ``rejection`` a refusal.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        response: ClientHandshakeResult | None = None,
        rejection: Rejection | None = None,
        failures: Failures | None = None,
        cleanup: contextlib.ExitStack | None = None,
    ) -> None:
        """Peers are made by this package; ``cleanup`` is left after the connection."""
        self._stream = stream
        self._failures = failures
        self._cleanup = cleanup if cleanup is not None else contextlib.ExitStack()
        self.response = response
        self.rejection = rejection

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.response.subprotocol if self.response is not None else None

    @property
    def auto_pong(self) -> bool:
        """Whether pings are answered, at the next expectation that reads them; True at first."""
        return self._stream.auto_pong

    @auto_pong.setter
    def auto_pong(self, answer: bool) -> None:
        self._stream.auto_pong = answer

    @property
    def auto_close(self) -> bool:
        """Whether a close frame is answered with one; True at first."""
        return self._stream.auto_close

    @auto_close.setter
    def auto_close(self, answer: bool) -> None:
        self._stream.auto_close = answer

    def expect_error(
        self,
        kind: type[BaseException] = Exception,
        *,
        matches: Matcher | None = None,
        timeout: float | None = None,
    ) -> BaseException:
        """Return an exception that a handler in this process raised; the test has seen it then."""
        __tracebackhide__ = True
        patience = Patience(timeout)
        if self._failures is None:
            self._fail("expected a handler to fail, but there is none in this process")
        error = self._failures.wait(kind, patience.left)
        if error is None:
            self._miss(f"a handler to raise {kind.__name__}", patience)
        if matches is not None and not found(matches, str(error)):
            self._fail(f"expected {kind.__name__} that matches {matches!r}, got {error!r}")
        return error

    def end(self) -> None:
        """Close the connection in order and end what belongs to it; may be called again."""
        stream = self._stream
        if self.rejection is None and not stream.finished:
            with contextlib.suppress(ConnectionClosed, TimeoutError, ValueError):
                self._say_goodbye()
        stream.finish()
        self._cleanup.close()

    def _say_goodbye(self) -> None:
        stream, patience = self._stream, Patience(defaults.timeout)
        if stream.protocol.writable and not stream.over:
            self._put(stream.close_frame(1000, ""))
        while not stream.over and stream.receive(patience):
            pass
        stream.shut_down_writing()

    def __enter__(self) -> Self:
        """Return the peer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the connection, and raise what a handler raised unseen."""
        self.end()
        unseen = self._failures.first() if self._failures is not None and kind is None else None
        if unseen is not None:
            raise unseen

    def __repr__(self) -> str:
        """Say which connection this is, and how it is doing."""
        wire = self._stream.wire
        return f"<{type(self).__name__} {wire.name}: {wire.ending or 'open'}>"
