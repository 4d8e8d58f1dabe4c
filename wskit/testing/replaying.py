"""Recorded conversations once more: one end of them is played, the other is under test.

The law of this file: a deviation names the step and the connection, and says what an expectation
says.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..archives import RecordedClose, RecordedMessage, Recording, read_har
from ..errors import ConnectionClosed
from ..protocol.extensions import Compression
from ..protocol.headers import Headers, check_field, list_elements
from ..protocol.opcodes import CLOSE, Message, MessageType, Side
from .clients import ws_client
from .har import REDACTED
from .matching import json_difference, json_matches
from .peer import Peer
from .timeouts import Patience
from .wishes import MessageWish

if TYPE_CHECKING:
    import ssl

__all__ = [
    "MATCHES",
    "Part",
    "check_match",
    "deflated",
    "own_fields",
    "recorded",
    "replay",
    "target_of",
]

MATCHES = ("exact", "json")
"""How messages are compared: by their data, or text that is JSON by its values."""

# What an opening handshake says by itself, and where to.
_OWN = frozenset(("connection", "content-length", "host", "transfer-encoding", "upgrade"))


def replay(
    path: str | os.PathLike[str],
    url: str,
    *,
    match: str = "exact",
    timing: bool = False,
    ssl_context: ssl.SSLContext | None = None,
) -> None:
    """Do to the server at ``url`` what the clients in the HAR file ``path`` did, one by one.

    What the server answers must be what it was then: AssertionError says which step deviates. A
    ``url`` without a path is given the recorded one. ``match`` "json" compares JSON by value;
    ``timing`` sends at the recorded times. Raises ValueError for what cannot be replayed, OSError.
    """
    check_match(match)
    for number, recording in enumerate(recorded(path), 1):
        target = url if urlsplit(url).path else url.rstrip("?") + target_of(recording.url)
        peer = _connect_as(recording, target, ssl_context)
        try:
            Part(peer, Side.CLIENT, recording, number, match=match, timing=timing).play()
        finally:
            peer.end()


def recorded(path: str | os.PathLike[str]) -> list[Recording]:
    """Return the conversations in ``path``; ValueError where there is none that can be replayed."""
    found = read_har(path)
    if not found:
        raise ValueError(f"{path}: has no WebSocket conversation")
    for number, recording in enumerate(found, 1):
        if recording.status < 100:
            raise ValueError(f"{path}: connection {number} failed without a response")
        for step, message in enumerate(recording.messages, 1):
            if not message.whole:
                where = f"step {step} of connection {number}"
                raise ValueError(f"{path}: {where} was cut when it was recorded")
    return found


def check_match(match: str) -> None:
    """Raise ValueError unless ``match`` is one of MATCHES."""
    if match not in MATCHES:
        raise ValueError(f"match: must be one of {MATCHES}, not {match!r}")


def _connect_as(recording: Recording, url: str, ssl_context: ssl.SSLContext | None) -> Peer:
    """Connect to ``url`` with the request that was recorded."""
    headers = Headers(recording.headers)
    return ws_client(
        url,
        headers=own_fields(recording.headers),
        subprotocols=list_elements(headers.get_all("sec-websocket-protocol")),
        compression=Compression() if deflated(recording.headers) else None,
        ssl_context=ssl_context,
    )


def own_fields(fields: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return the headers that are not the handshake's own, and whose values are known."""
    return [(name, value) for name, value in fields if _is_own(name, value)]


def deflated(fields: tuple[tuple[str, str], ...]) -> bool:
    """Whether the headers of one end speak of permessage-deflate."""
    values = Headers(fields).get_all("sec-websocket-extensions")
    return any(element.startswith("permessage-deflate") for element in list_elements(values))


def _is_own(name: str, value: str) -> bool:
    if value == REDACTED or name.lower() in _OWN or name.lower().startswith("sec-websocket-"):
        return False
    try:
        check_field(name, value)
    except ValueError:
        return False  # such as the ":authority" of HTTP/2
    return True


def target_of(url: str) -> str:
    """Return path and query of ``url``."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class Part:
    """``side`` of one recorded conversation, played by ``peer``; the other end is under test."""

    def __init__(
        self,
        peer: Peer,
        side: Side,
        recording: Recording,
        number: int,
        *,
        match: str = "exact",
        timing: bool = False,
        until: Callable[[Peer], None] | None = None,
    ) -> None:
        """``number`` is that of the connection; ``until`` waits before each step of the other end.

        After it that step has to come in the time that expectations have.
        """
        self._peer = peer
        self._side = side
        self._recording = recording
        self._number = number
        self._match = match
        self._timing = timing
        self._until = until
        self._start = time.monotonic()

    def play(self) -> None:
        """Send what this end sent, expect what the other end sent; AssertionError says the step."""
        __tracebackhide__ = True
        self._at("the handshake", self._open)
        if self._recording.status != 101:
            return
        step = 0
        for step, message in enumerate(self._recording.messages, 1):
            self._at(f"step {step}", self._step, message)
        self._at(f"step {step + 1}", self._close, self._recording.close)

    def _at(self, where: str, act: Callable[..., None], *args: object) -> None:
        __tracebackhide__ = True
        where = f"{where} of connection {self._number}"
        try:
            act(*args)
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error.__cause__
        except (ConnectionClosed, TimeoutError) as error:
            raise AssertionError(f"{where}: nothing can be sent: {error}") from error

    def _open(self) -> None:
        __tracebackhide__ = True
        peer, recording = self._peer, self._recording
        if self._side is Side.SERVER:
            return  # whoever accepts does it
        if recording.status != 101:
            peer.expect_rejected(recording.status, body=recording.body or None)
            return
        if peer.rejection is not None:
            peer._fail(f"expected it to be accepted, got HTTP status {peer.rejection.status}")
        if peer.subprotocol != recording.subprotocol:
            peer._fail(
                f"expected the subprotocol {recording.subprotocol!r}, got {peer.subprotocol!r}"
            )

    def _step(self, message: RecordedMessage) -> None:
        __tracebackhide__ = True
        peer = self._peer
        if message.sender is self._side:
            self._wait_for_time(message.time)
            peer.send(message.message.data)
            return
        self._wait()
        wish = _Same(message.message, self._match)
        peer._check(wish, peer._next_message(wish, Patience(None)))

    def _wait(self) -> None:
        if self._until is not None:
            self._until(self._peer)

    def _wait_for_time(self, moment: float) -> None:
        if self._timing:
            left = self._start + moment - time.monotonic()
            threading.Event().wait(max(left, 0.0))

    def _close(self, close: RecordedClose | None) -> None:
        __tracebackhide__ = True
        if close is None or (close.code == 1006 and close.initiated_by is None):
            self._end()
        elif close.initiated_by == self._side.value:
            self._close_first(close)
        else:
            self._wait()
            reason = close.reason if close.code != 1006 else None
            by = close.initiated_by if close.code != 1006 else None
            self._peer.expect_close(close.code, reason, initiated_by=by)

    def _end(self) -> None:
        """Nobody knows how it ended, but no message came any more."""
        peer = self._peer
        self._wait()
        if peer._stream.inbox.data() is not None:
            peer._fail(f"expected no more messages, got {peer._seen()}")

    def _close_first(self, close: RecordedClose) -> None:
        __tracebackhide__ = True
        peer = self._peer
        if close.code == 1006:
            peer._stream.finish()  # not with RST, which could overtake what was sent
            return
        try:
            peer.close(None if close.code == 1005 else close.code, close.reason)
        except ValueError:  # it may not be sent, but it was
            peer.send_frame(CLOSE, close.code.to_bytes(2, "big") + close.reason.encode()[:123])
        if close.clean:
            peer.expect_close(initiated_by=close.initiated_by)


class _Same(MessageWish):
    """A recorded message, to come again; JSON may be written in another way if so said."""

    def __init__(self, message: Message, match: str) -> None:
        super().__init__(message.type, message.data, ..., None)
        by_value = match == "json" and message.type is MessageType.TEXT
        self._value = _value(message.data) if by_value else ...

    def problem(self, message: Message) -> str | None:
        """Return None if ``message`` is it."""
        found = _value(message.data) if message.type is MessageType.TEXT else ...
        if ... in (self._value, found):
            return super().problem(message)
        # Each holds all of the other.
        same = json_matches(self._value, found) and json_matches(found, self._value)
        return None if same else json_difference(self._value, found)


def _value(text: str | bytes) -> object:
    """Return what JSON stands for, ... for what is none."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return ...
    return value
