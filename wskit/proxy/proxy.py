"""The proxy: clients connect to it, it connects to the server, and everything is told."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from types import TracebackType
from typing import Self

from ..client.dial import dial
from ..conn import Address, format_address
from ..deadlines import Deadline
from ..events import Event, Opened
from ..feeds import Feed
from ..protocol.opcodes import Side
from ..relaying.listener import Listener
from ..relaying.relay import Relay
from ..tls import TLSSocket
from ..urls import host_header
from .config import ProxyConfig
from .conversation import Conversation, Names, Preface, Requests, Responses
from .heads import RequestHead, joined
from .opening import Refusal, read_request, refuse, secured
from .ways import Injected

__all__ = ["Proxy"]

Transport = socket.socket | TLSSocket


class Proxy:
    """A running reverse proxy; every method may be called from any thread.

    ``address`` and ``url`` are where clients connect, ``exchanges`` counts requests for something
    else than WebSocket. In what it tells, it is the server: what goes to the client goes out.
    """

    problem = ""

    def __init__(self, config: ProxyConfig) -> None:
        """Listen; raises OSError where that cannot be."""
        self.config = config
        self.exchanges = 0
        self._feed = Feed(config.feed_size)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards _open and exchanges
        self._open: dict[str, tuple[Conversation, Relay]] = {}
        self._ended = threading.Event()
        self._listener = Listener(
            self._serve, host=config.host, port=config.port, name="wskit-proxy"
        )
        self.address = self._listener.address
        scheme = "ws" if config.listen_ssl_context is None else "wss"
        self.url = f"{scheme}://{format_address(self.address)}/"
        self._listener.start()

    @property
    def ended(self) -> bool:
        """Whether nothing more will be told."""
        return self._ended.is_set()

    def take(self, timeout: float) -> list[Event]:
        """Return what has been told; wait up to ``timeout`` seconds for the first."""
        return self._feed.take(timeout)

    def inject(
        self, connection: str, first: int, payload: bytes, *, masked: bool | None, to: Side
    ) -> None:
        """Send a frame to one end of ``connection``, once one of the other end is over.

        ``first`` is the first byte of its header; ``masked`` None is as RFC 6455 §5.1 has it.
        Raises ValueError, in one line, where it cannot be sent. Whether it arrives is not known.
        """
        with self._lock:
            known = self._open.get(connection)
        if known is None:
            raise ValueError("the connection is over")
        conversation, relay = known
        if masked is None:
            masked = to is Side.SERVER
        conversation.inject(Injected(first, payload, masked), to)
        relay.nudge()

    def end(self) -> None:
        """Drop every connection, join all threads; may be called again.

        A connection that is just being made to the server is waited for, up to its time limit.
        """
        self._listener.end()
        self._ended.set()
        self._feed.close()

    def __enter__(self) -> Self:
        """Return the proxy."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.end()

    def __repr__(self) -> str:
        """Say where it leads."""
        return f"<Proxy {self.url} -> {self.config.url}>"

    # -- in the thread of a connection ---------------------------------------------------------

    def _serve(self, sock: socket.socket, address: Address) -> None:
        peer = format_address(address)
        names = Names(f"{peer}#{next(self._numbers)}", peer, "")  # ports are used again
        context = self.config.listen_ssl_context
        client = sock if context is None else secured(sock, context)
        self._listener.on_end(lambda: _interrupt(client))
        try:
            self._lead(client, names)
        except Refusal as refusal:
            self._tell(refusal, names)
            refuse(client, refusal)
        except OSError:  # of the client, before there was anything to tell
            client.close()

    def _lead(self, client: Transport, names: Names) -> None:
        asked, rest = read_request(client, Deadline(self.config.head_timeout))
        request = self._rewritten(asked)
        server = self._dialled(request)
        if request.is_upgrade:
            names = Names(names.connection, names.peer, self._url(request))
            preview = self.config.preview
            self._converse(client, server, Conversation(self._feed, names, request, preview), rest)
            return
        with self._lock:
            self.exchanges += 1
        relay = Relay(client, server, [Preface(request.raw, rest)])
        self._listener.on_end(relay.end)
        relay.nudge()
        relay.run()

    def _converse(
        self, client: Transport, server: Transport, conversation: Conversation, rest: bytes
    ) -> None:
        requests = Requests(conversation, rest)
        responses = Responses(conversation, requests)
        relay = Relay(client, server, [requests], [responses])
        name = conversation.name
        with self._lock:
            self._open[name] = conversation, relay
        self._listener.on_end(relay.end)
        relay.nudge()
        try:
            relay.run()
        finally:
            with self._lock:
                del self._open[name]
            responses.end()
            conversation.end(relay.endings)

    def _rewritten(self, asked: RequestHead) -> RequestHead:
        config = self.config
        server = config.server
        host = (
            None if config.keep_host else host_header(server.host, server.port, secure=server.tls)
        )
        target = joined(config.target, asked.target)
        return asked.rewritten(target, host, close=not asked.is_upgrade)

    def _dialled(self, request: RequestHead) -> Transport:
        server = self.config.server
        try:
            return dial(server)
        except OSError as error:
            where = format_address((server.host, server.port))
            reason = " ".join(f"no connection to {where}: {error.strerror or error}".split())
            raise Refusal(502, reason, request) from None

    def _url(self, request: RequestHead) -> str:
        server = self.config.server
        scheme = "wss" if server.tls else "ws"
        host = host_header(server.host, server.port, secure=server.tls)
        return f"{scheme}://{host}{request.target}"

    def _tell(self, refusal: Refusal, names: Names) -> None:
        request = refusal.request
        self._feed.add(
            Opened(
                time.time(),
                names.connection,
                Side.SERVER,
                "" if request is None else self._url(request),
                names.peer,
                () if request is None else request.fields,
                refusal.status,
                refusal.fields,
                refusal.body,
            )
        )


def _interrupt(client: Transport) -> None:
    """Have whoever waits for ``client`` wake up to its end."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
