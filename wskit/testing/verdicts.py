"""What a missed expectation says: what was wanted, what was seen instead, the last frames."""

from __future__ import annotations

from typing import NoReturn

from ..trace import printable
from .failures import Failures
from .matching import quoted
from .stream import Stream
from .timeouts import Patience
from .wishes import Closed, Rejection, arrival_words

__all__ = ["Verdicts"]


class Verdicts:
    """The part of a Peer that fails a test. An unseen error of a handler is the cause."""

    _stream: Stream
    _failures: Failures | None = None
    rejection: Rejection | None = None

    def _closed(self) -> Closed:
        stream = self._stream
        protocol = stream.protocol
        received = protocol.close_received
        code, reason = received if received is not None else (1006, "")
        by = stream.closed_by.value if stream.closed_by is not None else None
        clean = received is not None and protocol.close_sent is not None
        return Closed(code, reason, by, clean)

    def _closed_words(self) -> str:
        closed = self._closed()
        if closed.code == 1006:
            how = self._stream.wire.ending or "dropped"
            if closed.initiated_by is not None:
                how = f"{how}, not answered"
            return f"the end of the connection without a close frame ({printable(how)})"
        clean = "" if closed.clean else ", not answered"
        reason = f" {quoted(closed.reason)}" if closed.reason else ""
        return f"close {closed.code}{reason} initiated by the {closed.initiated_by}{clean}"

    def _seen(self) -> str:
        """Say what there is instead of what was wanted."""
        stream = self._stream
        if self.rejection is not None:
            return f"a rejected handshake with HTTP status {self.rejection.status}"
        unread = [arrival_words(arrival) for arrival in stream.inbox.unread]
        if stream.protocol.failed is not None:
            other = stream.side.peer.value
            words = printable(str(stream.protocol.failed))
            unread.append(f"a violation of the protocol by the {other}: {words}")
        elif stream.protocol.close_received is not None or stream.lost or stream.finished:
            unread = [words for words in unread if not words.startswith("close ")]
            unread.append(self._closed_words())
        if len(unread) > 4:
            unread[3:] = [f"{len(unread) - 3} more"]
        return ", then ".join(unread) or "nothing"

    def _miss(self, wanted: str, patience: Patience) -> NoReturn:
        __tracebackhide__ = True
        within = "" if self._stream.over or self.rejection is not None else f" within {patience}"
        self._fail(f"expected {wanted}{within}, got {self._seen()}")

    def _fail(self, text: str, detail: str = "", *, cause: BaseException | None = None) -> NoReturn:
        __tracebackhide__ = True
        lines = [text]
        if detail:
            lines.append(detail)
        if tail := self._stream.wire.tail():
            lines += ["the last frames, seen from the " + self._stream.side.value + ":", *tail]
        error = AssertionError("\n".join(lines))
        if cause is None and self._failures is not None:
            cause = self._failures.first()
        raise error from cause
