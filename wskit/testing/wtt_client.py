"""The test helper for handlers of clients: an open client, and the server's end of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..client.client import Client
from ..client.config import ClientConfig
from ..client.read_loop import ServerCallbacks
from ..deadlines import Deadline
from ..errors import ConnectionClosed, HeaderFields
from ..outbound import Outbound
from ..protocol.connection import Event
from ..protocol.extensions import Compression
from ..waiting import wait_readable
from .accepting import Opening, ServerPeer
from .sockets import socket_pair
from .timeouts import Patience
from .wires import Wire

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["ClientTest"]

_ROOM = 1 << 30  # bytes that a handler may write before the test looks at them
_CLOSING = 0.1  # seconds; whoever is to answer the client's close is the thread that waits


class ClientTest(ServerPeer):
    """``client``, a real open client, and the server's end of its connection: this object.

    The test makes its handler with ``client``, calls the handler's methods itself and expects what
    they wrote; or it sends, and has ``deliver`` call them. A close of the client only sends, as in
    a callback. For one thread.
    """

    _stream: _Pumped

    def __init__(
        self,
        *,
        tcp: bool = False,
        path: str = "/",
        headers: HeaderFields = (),
        subprotocols: Sequence[str] = (),
        compression: Compression | None = None,
    ) -> None:
        """Connect a socket pair, or with ``tcp`` two ends of a TCP connection, and open it.

        The others are the client's; the first of ``subprotocols`` is agreed on.
        """
        config = ClientConfig(
            host="localhost",
            port=80,
            subprotocols=subprotocols,
            compression=compression,
            ping_interval=None,
            max_size=_ROOM,
            close_timeout=_CLOSING,
        )
        ours, theirs = socket_pair(tcp=tcp)
        super().__init__(ours, name="wtt_client")
        self.client = Client(config, theirs)
        self._stream.other = self.client._outbound
        self._ended = False  # the handler was told
        try:
            self._shake_hands(path, headers, subprotocols[0] if subprotocols else None, compression)
        except BaseException:
            self.end()
            raise
        self.client._outbound.engine = _Nobody()
        # In this thread close() must not wait for an answer that this thread is to give.
        self.client._loop_thread = threading.get_ident()

    def deliver(self, handler: object) -> int:
        """Call ``handler`` for what was sent, as the read loop does; return for how many events.

        Never waits. Once the connection is over, its ``close`` is called. Raises what the
        handler's methods raise, ProtocolError, and TypeError for a handler with wrong methods.
        """
        callbacks, client, count = ServerCallbacks(handler), self.client, 0
        client._start_reading("deliver", Deadline(0))
        try:
            while (event := self._next()) is not None:
                count += 1
                client._deliver(callbacks, event)
        finally:
            client._reader.lock.release()
            if client.is_closed and not self._ended:
                self._ended = True
                callbacks.close()
        return count

    def end(self) -> None:
        """Drop both ends; may be called again."""
        self._stream.finish()
        with self.client._reader.lock:
            self.client._reader.end()

    def _next(self) -> Event | None:
        """Return the next event that has come and is still to be delivered."""
        client = self.client
        while client._protocol.close_sent is None:
            try:
                event = client._reader.event(Deadline(0))
            except ConnectionClosed:
                return None
            # One look reads one buffer, and there may be more.
            if event is not None or not wait_readable([client._transport.fileno()], 0):
                return event
        return None

    def _shake_hands(
        self,
        path: str,
        headers: HeaderFields,
        subprotocol: str | None,
        compression: Compression | None,
    ) -> None:
        """Do both halves: the client's in a thread, since it waits for the other."""
        errors: list[BaseException] = []

        def shake() -> None:
            try:
                self.client.handshake(path, headers)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=shake, name="wskit-handshake", daemon=True)
        thread.start()
        try:
            self.accept(subprotocol, compression=compression)
        except BaseException:
            self._stream.finish()  # the client sees the end of the stream
            raise
        finally:
            thread.join()
            if errors:
                raise errors[0]

    def _new_stream(self, transport: socket.socket | TLSSocket, wire: Wire) -> Opening:
        return _Pumped(transport, wire)


class _Nobody:
    """The engine of a client whose writes do not wait: what does not fit goes when the test reads.

    It is the other end, in the same thread, that would have to read.
    """

    def watch_writable(self, outbound: Outbound) -> None:
        """Reading will make room."""

    def flush_soon(self, outbound: Outbound) -> None:
        """Nothing is gathered here."""

    def attend(self) -> None:
        """There is nobody to look."""


class _Pumped(Opening):
    """A stream whose other end is written by the same thread, so it has to send what is queued."""

    other: Outbound

    def receive(self, patience: Patience) -> bool:
        """Send what waits at the other end, then receive."""
        if self.opened:
            with self.other.lock:
                if self.other.blocked:
                    self.other.resume()
        return super().receive(patience)
