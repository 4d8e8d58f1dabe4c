"""The server's end of a connection, in the vocabulary of tests: for testing clients.

The law of this file: the handshake is answered by the first verb that needs an open connection,
unless the test has answered it before, well or badly.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, NoReturn

from ..conn import Address
from ..errors import (
    ConnectionClosed,
    HandshakeError,
    HandshakeRejected,
    HeaderFields,
)
from ..protocol.connection import Event
from ..protocol.extensions import Compression
from ..protocol.frames import BytesLike
from ..protocol.handshake import Handshake, accept_response, error_response, negotiate
from ..protocol.opcodes import CLOSE, Side
from ..protocol.request import RequestReader
from ..trace import printable
from .matching import quoted
from .peer import Peer
from .stream import Stream
from .timeouts import Patience
from .wires import Exchange, Wire, new_wire
from .wishes import Rejection

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Opening", "ServerPeer"]


class Opening(Stream):
    """A server's stream, which begins with the request of an opening handshake.

    Until ``open`` what comes is that request; bytes behind it wait. ``invalid`` says why the
    request is none.
    """

    def __init__(self, transport: socket.socket | TLSSocket, wire: Wire) -> None:
        """Nothing has been read; TLS is still to be done where ``transport`` has it."""
        super().__init__(transport, Side.SERVER, wire)
        self.request: Handshake | None = None
        self.invalid: HandshakeError | None = None
        self.opened = False
        self.refused = False  # an HTTP response has ended the conversation
        self.head = b""  # what has come of the request
        self._early = b""  # what has come behind it
        self._reader = RequestReader(max_size=1 << 16, max_headers=1 << 10)
        self._secured = not hasattr(transport, "do_handshake")

    @property
    def over(self) -> bool:
        """Whether nothing more can come that anybody may want."""
        return self.refused or super().over

    def begin(self, request: Handshake, compression: Compression | None) -> None:
        """The request is answered with 101; frames follow."""
        self.opened = True
        self.open(request.extensions, compression, self._early)

    def refuse(self, response: bytes) -> None:
        """Answer with ``response`` and the end of the stream; what still comes is not looked at."""
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            self.send(response, Patience(None))
        self.shut_down_writing()
        self.refused = True
        self.protocol.lose()

    def secure(self, patience: Patience) -> None:
        """Do the TLS handshake, if there is one to do; ConnectionClosed, TimeoutError."""
        while not self._secured:
            try:
                self._start_tls()
            except BlockingIOError:
                if not self.wait_readable(patience):
                    raise TimeoutError(f"no TLS handshake within {patience}") from None
            except OSError as error:
                self.lose(f"the TLS handshake failed: {error}")
                raise ConnectionClosed(1006, "the TLS handshake failed") from None

    def _start_tls(self) -> None:
        if not self._secured:
            self.transport.do_handshake()  # type: ignore[union-attr]
            self._secured = True

    def _read(self) -> bool:
        if self.opened:
            return super()._read()
        try:
            self._start_tls()
            data = self.transport.recv(1 << 16)
        except BlockingIOError:
            raise
        except OSError as error:
            self.lose("reset" if self._secured else f"the TLS handshake failed: {error}")
            return False
        if not data:
            self.lose("end of stream")
            return False
        self._take(data)
        return True

    def _answer(self, event: Event) -> None:
        super()._answer(event)
        protocol = self.protocol
        if event[0] == CLOSE and self.auto_close and protocol.close_sent is not None:
            self.shut_down_writing()  # §7.1.1: the server closes TCP first, and at once

    def _take(self, data: bytes) -> None:
        if self.invalid is not None:
            return
        if self.request is not None:
            self._early += data
            return
        self.head += data
        try:
            self.request = self._reader.feed(data)
        except HandshakeError as error:
            self.invalid = error
        if self.request is not None:
            self._early = self._reader.leftover


class ServerPeer(Peer):
    """The server's end of one connection, for one thread at a time.

    The first verb that needs an open connection accepts it; ``accept`` does so with more to say,
    ``reject`` refuses. ``send_raw``, ``half_close`` and ``abort`` accept nothing: after one of
    them the test itself has answered the handshake.
    """

    _stream: Opening

    def __init__(
        self,
        transport: socket.socket | TLSSocket,
        *,
        address: Address = "",
        name: str = "server",
    ) -> None:
        """Take over ``transport``, which is non-blocking; ``address`` is the client's.

        ``name`` is that of the wire in reports.
        """
        self._address = address
        self._by_hand = False  # the test has answered the handshake, or cut it short
        self._hopeless = False  # an expectation has told that there is no handshake
        super().__init__(self._new_stream(transport, new_wire(name, Side.SERVER)))

    @property
    def request(self) -> Handshake:
        """The request of the opening handshake; waits for it as long as expectations do.

        AssertionError where none comes or what comes is not valid, which is then answered with
        the HTTP status that it deserves.
        """
        __tracebackhide__ = True
        self._read_request(patience := Patience(None))
        request = self._stream.request
        if request is None:
            self._no_request(patience)
        request.remote_address = self._address
        return request

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        request = self._stream.request
        return request.subprotocol if request is not None and self._stream.opened else None

    def accept(
        self,
        subprotocol: str | None = None,
        *,
        headers: HeaderFields = (),
        compression: Compression | None = None,
    ) -> Handshake:
        """Answer the handshake with 101 and return its request, waited for as by ``request``.

        ``headers`` are added; ``compression`` is agreed on if the client offers it. Raises
        ValueError for a ``subprotocol`` not offered and for headers that are the handshake's own,
        RuntimeError if it was answered before, ConnectionClosed if the client is gone.
        """
        __tracebackhide__ = True
        self._check_unanswered("accept")
        request = self.request
        try:
            negotiate(request, compression=compression)
        except HandshakeError as error:
            self._refuse_invalid(error)
        response = _response(request, subprotocol, headers)
        self._stream.send(response, Patience(None))
        self._stream.wire.exchange = _exchange(request, response)
        self._stream.begin(request, compression)
        self._by_hand = False
        return request

    def reject(
        self, status: int = 403, headers: HeaderFields = (), body: str | bytes = b""
    ) -> Handshake:
        """Answer the handshake with an HTTP refusal and return its request, waited for.

        ``status`` is 300..599 (ValueError); RuntimeError if it was answered before.
        """
        __tracebackhide__ = True
        self._check_unanswered("reject")
        error = HandshakeRejected(status, headers, body)
        response = error_response(error)
        request = self.request
        self._refuse(error, response)
        self._stream.wire.exchange = _exchange(request, response)
        return request

    def send_raw(self, data: BytesLike) -> None:
        """Send bytes as they are: before the handshake is answered, they are the answer."""
        self._by_hand = self._by_hand or not self._stream.opened
        self._stream.secure(Patience(None))
        super().send_raw(data)

    def half_close(self) -> None:
        """Send the end of the stream (FIN), without closing the WebSocket or even accepting it."""
        self._by_hand = self._by_hand or not self._stream.opened
        super().half_close()

    def end(self) -> None:
        """Close the connection in order, or drop it if it was not accepted; may be called again."""
        if not self._stream.opened or self._by_hand:
            # To close with bytes unread would reset the connection under what was sent.
            self._stream.end_of_stream(Patience(0))
            self._stream.finish()
        super().end()

    def _new_stream(self, transport: socket.socket | TLSSocket, wire: Wire) -> Opening:
        return Opening(transport, wire)

    def _ready(self) -> None:
        __tracebackhide__ = True
        stream = self._stream
        if stream.opened or self.rejection is not None or stream.finished:
            return
        if not self._by_hand:
            self.accept()
            return
        self._read_request(Patience(None))
        if stream.request is not None:
            stream.begin(stream.request, None)

    def _read_request(self, patience: Patience) -> None:
        stream = self._stream
        while stream.request is None and stream.invalid is None and stream.receive(patience):
            pass

    def _check_unanswered(self, verb: str) -> None:
        if self._stream.opened or self.rejection is not None:
            raise RuntimeError(f"{verb}: the handshake was answered before")

    def _no_request(self, patience: Patience) -> NoReturn:
        __tracebackhide__ = True
        stream = self._stream
        self._hopeless = stream.over or stream.invalid is not None
        if stream.invalid is not None:
            self._refuse_invalid(stream.invalid)
        if stream.over:
            self._fail(f"expected an opening handshake, got {self._closed_words()}")
        seen = f"only {quoted(stream.head)}" if stream.head else "nothing"
        self._fail(f"expected an opening handshake within {patience}, got {seen}")

    def _refuse_invalid(self, error: HandshakeError) -> NoReturn:
        __tracebackhide__ = True
        if self.rejection is None and not self._by_hand:
            self._refuse(error, error_response(error))
        self._fail(
            f"expected an opening handshake, got a request that is none: {printable(str(error))}"
            f" (HTTP status {error.status})"
        )

    def _refuse(self, error: HandshakeError, response: bytes) -> None:
        stream = self._stream
        stream.refuse(response)
        fields = tuple((name.lower(), value) for name, value in _fields(response))
        self.rejection = Rejection(error.status, fields, response.partition(b"\r\n\r\n")[2])
        ending = f"the handshake was rejected with HTTP status {error.status}"
        stream.wire.ending = stream.wire.ending or ending


def _response(request: Handshake, subprotocol: str | None, headers: HeaderFields) -> bytes:
    """Return the 101; ``request`` is left as it was if there cannot be one."""
    try:
        for name, value in headers.items() if hasattr(headers, "items") else headers:
            request.res_headers.add(name, value)
        request.subprotocol = subprotocol
        return accept_response(request)
    except (TypeError, ValueError) as error:
        request.subprotocol = None
        request.res_headers = type(request.res_headers)()
        words = str(error)
        raise type(error)(
            words if words.startswith("subprotocol") else f"headers: {words}"
        ) from None


def _exchange(request: Handshake, response: bytes) -> Exchange:
    url = f"ws://{request.headers.get('host', '')}{request.url}"
    status = int(response.split(b" ", 2)[1])
    return Exchange(url, tuple(request.headers), status, tuple(_fields(response)))


def _fields(response: bytes) -> list[tuple[str, str]]:
    lines = response.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
