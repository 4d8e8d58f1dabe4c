"""A test's end of a connection: it sends what it is told and expects what should come."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..errors import ConnectionClosed
from ..protocol.opcodes import Side
from ..protocol.response import ClientHandshakeResult
from ..trace import printable
from .expecting import Expecting
from .failures import Failures
from .matching import Matcher, check_matcher, matcher_words
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
        before_end: Callable[[], None] | None = None,
    ) -> None:
        """Peers are made by this package; ``cleanup`` is left after the connection."""
        self._stream = stream
        self._failures = failures
        self._cleanup = cleanup if cleanup is not None else contextlib.ExitStack()
        self._before_end = before_end  # for the goodbye not to wait
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
        """Return an exception of a handler in this process; the test has seen it then.

        ``matches`` is a regular expression for its text, or a predicate of that.
        """
        __tracebackhide__ = True
        check_matcher(matches)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(f"kind: must be a class of exceptions, not {kind!r}")
        patience = Patience(timeout)
        if self._failures is None:
            self._fail("expected a handler to fail, but there is none in this process")
        while (error := self._failures.wait(kind, patience.left)) is None and patience.left:
            pass
        if error is None:
            self._miss(f"a handler to raise {kind.__name__}", patience)
        if matches is not None and not found(matches, str(error)):
            words = f"{kind.__name__} that matches {matcher_words(matches)}"
            self._fail(f"expected {words}, got {error!r}", cause=error)
        return error

    def end(self) -> None:
        """Close the connection in order and end what belongs to it; may be called again."""
        stream = self._stream
        if self._before_end is not None:
            self._before_end()
        if self.rejection is None and not stream.finished:
            with contextlib.suppress(ConnectionClosed, TimeoutError, ValueError):
                self._say_goodbye()
        stream.finish()
        self._cleanup.close()

    def _check_accepted(self) -> None:
        __tracebackhide__ = True
        # A server that has refused is not surprised: to it the connection is closed.
        if self.rejection is not None and self._stream.side is Side.CLIENT:
            self._fail(f"expected a connection to send on, got {self._seen()}")

    def _say_goodbye(self) -> None:
        stream, patience = self._stream, Patience(defaults.timeout, firm=True)
        if stream.shut:
            return  # the test has said its own goodbye
        if stream.protocol.writable and not stream.over:
            stream.send(stream.close_frame(1000, ""), patience)
            if stream.raw:
                stream.shut_down_writing()  # the close may have gone into a frame cut short
        while not stream.over and patience.left and stream.receive(patience):
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
        if kind is None and self._failures is not None:
            self._failures.raise_first()

    def __repr__(self) -> str:
        """Say which connection this is, and how it is doing."""
        wire = self._stream.wire
        return f"<{type(self).__name__} {wire.name}: {printable(wire.ending or 'open')}>"
