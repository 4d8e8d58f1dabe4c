"""A server as the place of attacks: connections to it, its opening handshake, what it is like."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ..client.config import ClientConfig
from ..client.dial import dial
from ..errors import HandshakeError
from ..protocol.extensions import offer_client
from ..protocol.opcodes import Side
from ..urls import host_header, parse_url
from .bounds import Bounds
from .conducting import PROBE, CannotOpen, CannotProbe, Learned, Reaction
from .heads import FAIR, parsed
from .hosts import check_host
from .links import Link
from .scripts import Step
from .wire import Speaker

if TYPE_CHECKING:
    import ssl

    from .probing import ProbeConfig

__all__ = ["KEY", "ServerGround"]

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 §1.3
_GREETING = 0.1  # seconds for a server that speaks first
_REACTION = 1.0  # seconds for what an application answers, if it does
_SAY = Speaker(masked=True)


class ServerGround:
    """Connects to the server of a configuration; for one thread."""

    def __init__(self, config: ProbeConfig, bounds: Bounds) -> None:
        """Raises CannotProbe for a host that is unknown, or must not be attacked."""
        self._config, self._bounds = config, bounds
        url = parse_url(config.url)
        address = check_host(url.host, url.port, mine=config.i_own_this_host)
        self._host = host_header(url.host, url.port, secure=url.secure)
        self._target = url.target
        self._more = list(config.headers)
        if url.authorization is not None:
            self._more.append(("Authorization", url.authorization))
        # The address that was judged is the one that is attacked.
        self._client = ClientConfig(
            host=address,
            port=url.port,
            tls=url.secure,
            ssl_context=_context(config) if url.secure else None,
            server_hostname=url.host,
            proxy=None,
            connect_timeout=config.patience,
        )
        self.learned = Learned()

    # -- the ground of attacks -----------------------------------------------------------------

    def link(self) -> Link:
        """Return a new connection; raise CannotOpen, or Spent."""
        self._bounds.connection()
        try:
            return Link(dial(self._client), Side.CLIENT, patience=self._config.patience)
        except OSError as error:
            raise CannotOpen(f"no connection: {error}") from None

    def open(self, link: Link, deflate: bool) -> None:
        """Do the opening handshake; raise CannotOpen where it does not end in a right 101."""
        link.send(self._request(deflate))
        if not link.wait_head():
            how = link.ended or f"nothing within {link.patience:g} s"
            raise CannotOpen(f"no answer to the opening handshake: {how}")
        head = parsed(link.head)
        wrong = head.faults(KEY)
        if head.status != 101 or wrong:
            raise CannotOpen(f"the opening handshake was answered with {head.line!r} {wrong}")
        try:
            agreed = head.agreed() if deflate else None
        except HandshakeError as error:
            raise CannotOpen(str(error)) from None
        link.begin(agreed)

    def filled(self, link: Link, data: bytes) -> bytes:
        """Return ``data`` with {host} and {target} filled in."""
        data = data.replace(b"{host}", self._host.encode())
        data = data.replace(b"{target}", self._target.encode())
        more = "".join(f"{name}: {value}\r\n" for name, value in self._more).encode("latin-1")
        return data.replace(b"\r\nUpgrade:", b"\r\n" + more + b"Upgrade:", 1)

    def begin(self, link: Link) -> bool:
        """Go on with frames after 101."""
        head = parsed(link.head)
        if head.status != 101:
            return False
        agreed = "sec-websocket-extensions" in head.headers
        link.begin(head.deflates() if agreed else None)
        return True

    def crowd(self, link: Link, step: Step) -> None:
        """Connect as often as ``step`` says, and send its data each time."""
        for _ in range(step.times):
            self._bounds.connection()
            try:
                sock = socket.create_connection(
                    (self._client.host, self._client.port), self._config.patience
                )
            except OSError:
                return  # that a server takes no more is its right
            link.join_crowd(sock)
            sock.sendall(self.filled(link, step.data))

    def _request(self, deflate: bool) -> bytes:
        fields = [
            ("Host", self._host),
            *self._more,
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", KEY),
            ("Sec-WebSocket-Version", "13"),
        ]
        if deflate:
            fields.append(("Sec-WebSocket-Extensions", offer_client(FAIR)))
        lines = [f"GET {self._target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
        return "\r\n".join((*lines, "", "")).encode("latin-1")

    # -- what it is like -----------------------------------------------------------------------

    def visit(self) -> None:
        """Connect as anybody would, and have a ping answered; raise CannotOpen."""
        link = self.link()
        try:
            self.open(link, deflate=False)
            link.ping(PROBE)
            if not link.wait(lambda: PROBE in link.pongs):
                how = link.ended or f"silent for {link.patience:g} s"
                raise CannotOpen(f"a ping was not answered: {how}")
            link.send(_SAY.close(1000))
        finally:
            link.close()

    def learn(self) -> None:
        """Find out what it does with messages and extensions; raise CannotOpen."""
        self.visit()
        self.learned.text = self._reaction(1)
        self.learned.binary = self._reaction(2)
        link = self.link()
        try:
            self.open(link, deflate=True)
            self.learned.deflate = "sec-websocket-extensions" in parsed(link.head).headers
        except CannotOpen:
            pass  # it is asked again, and judged, by what needs it
        finally:
            link.close()

    def words(self) -> str:
        """Say what was found out, in one line."""
        learned = self.learned
        deflate = "agreed on" if learned.deflate else "not agreed on"
        first = "; it speaks first" if learned.greets else ""
        return (
            f"a text message meets {learned.text}, a binary one {learned.binary}; "
            f"permessage-deflate is {deflate}{first}"
        )

    def _reaction(self, opcode: int) -> Reaction:
        link = self.link()
        try:
            self.open(link, deflate=False)
            if opcode == 1 or self.learned.greets:
                self.learned.greets = link.wait(lambda: bool(link.messages), _GREETING)
            count = len(link.messages)
            link.send(_SAY.frame(opcode, PROBE))
            wait = min(_REACTION, link.patience)
            link.wait(lambda: len(link.messages) > count or link.close_code is not None, wait)
            if link.close_code is not None or link.ended:
                return Reaction.CLOSE
            if len(link.messages) == count:
                return Reaction.SILENCE
            return Reaction.ECHO if PROBE in link.messages[count:] else Reaction.ANSWER
        finally:
            link.close()


def _context(config: ProbeConfig) -> ssl.SSLContext:
    from ..tls import client_context

    try:
        return client_context(config.cacert, insecure=config.insecure)
    except OSError as error:  # SSLError is one
        raise CannotProbe(f"cacert: {config.cacert}: {error.strerror or error}") from None
