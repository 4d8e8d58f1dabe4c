"""A client as the place of attacks: a listening socket, the command, and its opening handshake."""

from __future__ import annotations

import socket
import time

from ..errors import HandshakeError
from ..protocol.extensions import DeflateParameters, negotiate_server
from ..protocol.handshake import Handshake, accept_key
from ..protocol.opcodes import Side
from ..protocol.request import RequestReader
from ..waiting import wait_readable
from .bounds import Bounds
from .commands import Command
from .conducting import PROBE, CannotOpen, Learned, Reaction
from .heads import FAIR, parsed
from .links import Link
from .scripts import Step
from .wire import Speaker

__all__ = ["ClientGround"]

_SAY = Speaker(masked=False)
_START = 10.0  # seconds that a process may take to connect, which has to be loaded first
_STILL = 0.3  # seconds in which a client that stays does nothing
_REACTION = 1.0  # seconds for what an application answers, if it does
_STEP = 0.1  # seconds between two looks at a process that has to connect


class ClientGround:
    """Listens on loopback and has the client come; for one thread. ``end`` belongs to it."""

    def __init__(self, command: str, bounds: Bounds, *, reconnects: bool, patience: float) -> None:
        """``reconnects``: the client runs once and comes again; else it is run each time."""
        self._bounds, self._reconnects, self._patience = bounds, reconnects, patience
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.learned = Learned()
        try:
            self.command = Command(command, self.url)
        except ValueError:
            self._listener.close()
            raise

    def end(self) -> None:
        """End the client and stop listening."""
        self.command.end()
        self._listener.close()

    # -- the ground of attacks -----------------------------------------------------------------

    def link(self) -> Link:
        """Return the client's next connection; raise CannotOpen, Spent, or OSError."""
        self._bounds.connection()
        sock = None
        if self._reconnects and self.command.running:
            sock = self._accepted(self._patience)
        if sock is None:
            self._start()
            sock = self._accepted(max(self._patience, _START))
        return self._linked(sock)

    def open(self, link: Link, deflate: bool) -> None:
        """Answer the request with a right 101; raise CannotOpen where it is no right request."""
        request = self._request(link)
        agreed: DeflateParameters | None = None
        more = ""
        if deflate:
            offers = request.headers.get_all("sec-websocket-extensions")
            answer = negotiate_server(offers, FAIR)
            if answer is not None:
                more, agreed = f"Sec-WebSocket-Extensions: {answer[0]}\r\n", answer[1]
        link.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept_key(request.key)}\r\n{more}\r\n".encode()
        )
        link.begin(agreed)

    def filled(self, link: Link, data: bytes) -> bytes:
        """Return ``data`` with {accept} filled in; what the client asks is awaited for that."""
        link.wait_head()
        key = parsed(link.head).headers.get("sec-websocket-key") or ""
        return data.replace(b"{accept}", accept_key(key).encode())

    def begin(self, link: Link) -> bool:
        """Go on with frames, should some come."""
        link.begin(None)
        return True

    def crowd(self, link: Link, step: Step) -> None:
        """A client makes its own connections, so there is no crowd."""

    # -- what it is like -----------------------------------------------------------------------

    def visit(self) -> None:
        """Have the client come again, and answer a ping; raise CannotOpen, Spent."""
        self._bounds.connection()
        link = self._linked(self._accepted(self._patience))
        try:
            self.open(link, deflate=False)
            link.ping(PROBE)
            if not link.wait(lambda: PROBE in link.pongs) and not self.learned.leaves:
                how = link.ended or f"silent for {link.patience:g} s"
                raise CannotOpen(f"a ping was not answered: {how}")
            link.send(_SAY.close(1000))
            link.wait(lambda: bool(link.ended) or link.close_code is not None)
        finally:
            link.close()

    def learn(self) -> None:
        """Find out what it does with messages and extensions; raise CannotOpen, OSError."""
        link = self.link()
        try:
            offers = self._request(link).headers.get_all("sec-websocket-extensions")
            self.learned.deflate = any("permessage-deflate" in offer for offer in offers)
            self.open(link, deflate=False)
            self.learned.leaves = link.wait(lambda: link.close_code is not None, _STILL)
            self.learned.leaves |= bool(link.ended)
            self.learned.greets = bool(link.messages)
        finally:
            link.close()
        if not self.learned.leaves:
            self.learned.text, self.learned.binary = self._reaction(1), self._reaction(2)

    def words(self) -> str:
        """Say what was found out, in one line."""
        learned = self.learned
        if learned.leaves:
            return "the client closes by itself, so what needs it to stay is not judged"
        offers = "offers" if learned.deflate else "does not offer"
        first = "; it speaks first" if learned.greets else ""
        return (
            f"a text message meets {learned.text}, a binary one {learned.binary}; "
            f"the client {offers} permessage-deflate{first}"
        )

    def _reaction(self, opcode: int) -> Reaction:
        link = self.link()
        try:
            self.open(link, deflate=False)
            link.wait(lambda: bool(link.messages), _STILL if self.learned.greets else 0.01)
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

    def _linked(self, sock: socket.socket | None) -> Link:
        if sock is None:
            how = "the client did not connect in time"
            raise CannotOpen(how if self.command.running else "the client has ended")
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Link(sock, Side.SERVER, patience=self._patience)

    def _request(self, link: Link) -> Handshake:
        if not link.wait_head():
            how = link.ended or f"nothing within {link.patience:g} s"
            raise CannotOpen(f"no opening handshake came: {how}")
        try:
            request = RequestReader(max_size=1 << 16, max_headers=1 << 10).feed(link.head)
        except HandshakeError as error:
            raise CannotOpen(f"the request is wrong: {error}") from None
        assert request is not None
        return request

    def _start(self) -> None:
        self.command.end()
        while (late := self._accept()) is not None:  # of the one that was ended
            late.close()
        self.command.start()

    def _accept(self) -> socket.socket | None:
        try:
            return self._listener.accept()[0]
        except OSError:
            return None

    def _accepted(self, seconds: float) -> socket.socket | None:
        """Return what connects in time; None, too, where the client has ended."""
        deadline = time.monotonic() + seconds
        while (sock := self._accept()) is None and time.monotonic() < deadline:
            if not self.command.running:
                return self._accept()  # it may have come, and gone
            wait_readable([self._listener.fileno()], _STEP)
        return sock
