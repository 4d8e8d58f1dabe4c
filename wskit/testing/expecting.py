"""What a test can expect: one vocabulary for every end of every connection.

The law of this file: a missed expectation says what was wanted, what was seen instead and the last
frames; and it leaves the connection usable.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Sequence
from typing import overload

from .. import fields
from ..errors import HeaderFields
from ..protocol.frames import FrameRecord
from ..protocol.opcodes import BINARY, CLOSE, Message, MessageType
from .arrivals import Arrival
from .matching import (
    Matcher,
    Wanted,
    frame_words,
    message_words,
    quoted,
)
from .timeouts import Patience
from .verdicts import Verdicts
from .wishes import (
    KIND,
    Closed,
    MessageWish,
    Rejection,
    check_data,
    close_wish,
    frame_wish,
    message_type,
)

__all__ = ["Expecting"]


class Expecting(Verdicts):
    """The receiving half of a Peer.

    Every ``timeout`` is in seconds; None stands for the default of the test. An expectation that
    is missed raises AssertionError. Text and binary are never taken for each other. Pings and pongs
    do not stand in the way of messages, nor the other way round.
    """

    @overload
    def expect_message(
        self,
        data: Wanted | None = None,
        *,
        type: MessageType | None = None,
        json: object = ...,
        matches: Matcher | None = None,
        timeout: float | None = None,
    ) -> Message: ...

    @overload
    def expect_message(
        self,
        data: MessageType,
        payload: Wanted | None = None,
        *,
        timeout: float | None = None,
    ) -> Message: ...

    def expect_message(
        self,
        data: Wanted | MessageType | None = None,
        payload: Wanted | None = None,
        *,
        type: MessageType | None = None,
        json: object = ...,
        matches: Matcher | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Return the next message, which must be all that is said here.

        ``data`` str is text, bytes binary; ``json`` is a subset to find in text, ``matches`` a
        regular expression or a predicate. ``expect_message(MessageType.TEXT, "hi")`` works, too,
        also with PING, PONG and CLOSE and their payloads.
        """
        __tracebackhide__ = True
        if isinstance(data, MessageType):
            if type is not None:
                raise TypeError("type: was given twice")
            type, data = data, payload
        elif payload is not None:
            raise TypeError("payload: goes with a MessageType before it")
        if type is not None:
            type = message_type(type)
        if type is not None and type > BINARY:
            if json is not ... or matches is not None:
                raise TypeError(f"{type.name.lower()}: is compared with its payload only")
            return self._expect_control(type, data, Patience(timeout))
        if type is None and data is not None:
            type = MessageType.TEXT if isinstance(data, str) else MessageType.BINARY
        wish = MessageWish(type, data, json, matches)
        message = self._next_message(wish, Patience(timeout))
        self._check(wish, message)
        return message

    def expect_text(
        self,
        data: str | None = None,
        *,
        matches: Matcher | None = None,
        timeout: float | None = None,
    ) -> str:
        """Return the next message, which must be text: ``data``, or what ``matches`` says."""
        __tracebackhide__ = True
        kind = MessageType.TEXT
        text = self.expect_message(data, type=kind, matches=matches, timeout=timeout).data
        assert isinstance(text, str)
        return text

    def expect_binary(
        self,
        data: bytes | None = None,
        *,
        matches: Matcher | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Return the next message, which must be binary: ``data``, or what ``matches`` says."""
        __tracebackhide__ = True
        kind = MessageType.BINARY
        octets = self.expect_message(data, type=kind, matches=matches, timeout=timeout).data
        assert isinstance(octets, bytes)
        return octets

    def expect_json(self, subset: object = ..., *, timeout: float | None = None) -> object:
        """Return the value of the next message, which must be text with JSON that has ``subset``.

        Objects may have more keys, lists not more items; ``...`` stands for any value.
        """
        __tracebackhide__ = True
        wish = MessageWish(MessageType.TEXT, None, subset, None, is_json=True)
        message = self._next_message(wish, Patience(timeout))
        self._check(wish, message)
        value: object = json_module.loads(message.data)
        return value

    def expect_ping(self, data: bytes | None = None, *, timeout: float | None = None) -> bytes:
        """Return the payload of the next ping; it has been answered unless ``auto_pong`` is off."""
        __tracebackhide__ = True
        found = self._expect_control(MessageType.PING, data, Patience(timeout)).data
        assert isinstance(found, bytes)
        return found

    def expect_pong(self, data: bytes | None = None, *, timeout: float | None = None) -> bytes:
        """Return the payload of the next pong."""
        __tracebackhide__ = True
        found = self._expect_control(MessageType.PONG, data, Patience(timeout)).data
        assert isinstance(found, bytes)
        return found

    def expect_frame(
        self,
        opcode: int | None = None,
        payload: str | bytes | None = None,
        *,
        fin: bool | None = None,
        rsv1: bool | None = None,
        rsv2: bool | None = None,
        rsv3: bool | None = None,
        timeout: float | None = None,
    ) -> FrameRecord:
        """Return the next frame of any kind, which must be what is said here.

        ``payload`` is the application's: unmasked and inflated. The frames of a message of which
        one was taken so are only given so.
        """
        __tracebackhide__ = True
        patience = Patience(timeout)
        if opcode is not None:
            fields.integer("opcode", opcode, 0, 15)
        check_data(payload, None)
        wanted = payload.encode() if isinstance(payload, str) else payload
        flags = {"FIN": fin, "RSV1": rsv1, "RSV2": rsv2, "RSV3": rsv3}
        words = frame_wish(opcode, payload, flags)
        if not self._await(self._stream.inbox.has_frame, patience):
            self._miss(words, patience)
        frame = self._stream.inbox.take_frame()
        rsv = frame.rsv
        seen = {"FIN": frame.fin, "RSV1": rsv & 4 > 0, "RSV2": rsv & 2 > 0, "RSV3": rsv & 1 > 0}
        if (
            opcode not in (None, frame.opcode)
            or wanted not in (None, frame.payload)
            or any(flags[name] not in (None, seen[name]) for name in flags)
        ):
            self._fail(f"expected {words}, got {frame_words(frame)}")
        return frame

    def expect_fragments(
        self, parts: Sequence[str | bytes], *, timeout: float | None = None
    ) -> list[bytes]:
        """Return the payloads of the frames of the next message, which must be ``parts``.

        All str is a text message, all bytes a binary one.
        """
        __tracebackhide__ = True
        if isinstance(parts, str | bytes) or not parts:
            raise ValueError("parts: must be a sequence of at least one part")
        patience = Patience(timeout)
        is_text = isinstance(parts[0], str)
        kind = MessageType.TEXT if is_text else MessageType.BINARY
        words = f"{KIND[kind]} in {len(parts)} frames {[quoted(part) for part in parts]}"
        arrival = self._next_data(words, patience)
        found = [frame.payload for frame in arrival.frames]
        wanted = [part.encode() if isinstance(part, str) else part for part in parts]
        assert arrival.message is not None
        if arrival.message.type != kind or found != wanted:
            seen = f"{KIND[arrival.message.type]} in {len(found)} frames"
            self._fail(f"expected {words}, got {seen} {[quoted(part) for part in found]}")
        return found

    def expect_close(
        self,
        code: int | None = None,
        reason: str | None = None,
        *,
        initiated_by: str | None = None,
        clean: bool | None = None,
        timeout: float | None = None,
    ) -> Closed:
        """Return how the connection ended; there must be no message left that nobody expected.

        ``initiated_by`` "server" or "client" is who sent the first close frame. The other end
        must have sent one, unless ``code`` is 1006. ``clean`` True wants one from both ends, False
        takes any end but that.
        """
        __tracebackhide__ = True
        if initiated_by not in (None, "server", "client"):
            raise ValueError(f'initiated_by: must be "server" or "client", not {initiated_by!r}')
        if code is not None:
            fields.integer("code", code, 0, 65535)
        patience, words = Patience(timeout), close_wish(code, reason, initiated_by, clean)
        stream = self._stream
        self._await(lambda: stream.inbox.data() is not None or stream.over, patience)
        if stream.inbox.data() is not None:
            self._miss(words, patience)
        if not stream.over or self.rejection is not None or stream.protocol.failed is not None:
            self._miss(words, patience)
        closed = self._closed()
        if (
            clean not in (None, closed.clean)
            or (closed.code == 1006 and code != 1006 and clean is not False)
            or code not in (None, closed.code)
            or reason not in (None, closed.reason)
            or initiated_by not in (None, closed.initiated_by)
        ):
            self._fail(f"expected {words}, got {self._closed_words()}")
        if (arrival := stream.inbox.control(CLOSE)) is not None:
            stream.inbox.take(arrival)
        return closed

    def expect_rejected(
        self,
        status: int | None = None,
        headers: HeaderFields = (),
        body: str | bytes | None = None,
        *,
        timeout: float | None = None,
    ) -> Rejection:
        """Return the HTTP response that refused the handshake; never a close.

        ``headers`` must be among the response's. There is nothing to wait for, so ``timeout`` does
        nothing but fit in.
        """
        __tracebackhide__ = True
        words = "the handshake to be rejected" + (f" with {status}" if status is not None else "")
        rejection = self.rejection
        if rejection is None:
            seen = self._seen()
            self._fail(f"expected {words}, but it was accepted; got {seen}")
        if status not in (None, rejection.status):
            self._fail(f"expected {words}, got status {rejection.status}")
        for name, value in headers.items() if hasattr(headers, "items") else headers:
            if (name.lower(), value) not in rejection.headers:
                found = [other for key, other in rejection.headers if key == name.lower()]
                self._fail(f"expected the header {name}: {value}, got {found or 'none'}")
        wanted = body.encode() if isinstance(body, str) else body
        if wanted not in (None, rejection.body):
            self._fail(f"expected the body {quoted(wanted or b'')}, got {quoted(rejection.body)}")
        return rejection

    def expect_nothing(self, within: float = 0.1) -> None:
        """Check that nothing comes for ``within`` seconds, nor lies unread: no frame, no end."""
        __tracebackhide__ = True
        stream, patience = self._stream, Patience(within, firm=True)
        if self.rejection is not None:
            self._miss("nothing", patience)
        if self._await(lambda: bool(stream.inbox.unread) or stream.over, patience):
            self._fail(f"expected nothing within {patience}, got {self._seen()}")

    def drain(self) -> list[Message]:
        """Return everything that has come and was not expected, control frames too; never waits."""
        stream, patience = self._stream, Patience(0)
        while stream.receive(patience) and not patience.passed:
            pass
        return stream.inbox.clear()

    # -- waiting -------------------------------------------------------------------------------

    def _await(self, ready: Callable[[], bool], patience: Patience) -> bool:
        """Take bytes in until ``ready``; False if it does not become so in time, or cannot."""
        __tracebackhide__ = True
        self._ready()
        while not ready():
            if not self._stream.receive(patience) or patience.passed:
                # The last bytes may have come with the end of the stream.
                return ready()
        return True

    def _ready(self) -> None:
        """Do what has to come before the first frame."""

    def _next_data(self, words: str, patience: Patience) -> Arrival:
        __tracebackhide__ = True
        inbox = self._stream.inbox
        self._await(lambda: inbox.data() is not None, patience)
        arrival = inbox.data()
        if arrival is None:
            self._miss(words, patience)
        if arrival.taken:
            self._fail(f"expected {words}, but some frames of this message were taken one by one")
        return inbox.take(arrival)

    def _next_message(self, wish: MessageWish, patience: Patience) -> Message:
        __tracebackhide__ = True
        message = self._next_data(str(wish), patience).message
        assert message is not None
        return message

    def _expect_control(
        self, type: MessageType, data: Wanted | None, patience: Patience
    ) -> Message:
        __tracebackhide__ = True
        check_data(data, None)
        payload = data.encode() if isinstance(data, str) else data
        words = type.name.lower() + ("" if payload is None else f" {quoted(payload)}")
        inbox = self._stream.inbox
        self._await(lambda: inbox.control(type) is not None, patience)
        arrival = inbox.control(type)
        if arrival is None:
            self._miss(words, patience)
        message = inbox.take(arrival).message
        assert message is not None
        if payload not in (None, message.data):
            self._fail(f"expected {words}, got {message_words(message)}")
        return message

    def _check(self, wish: MessageWish, message: Message) -> None:
        __tracebackhide__ = True
        problem = wish.problem(message)
        if problem is not None:
            self._fail(f"expected {wish}, got {message_words(message)}", problem)
