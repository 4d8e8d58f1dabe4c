"""One connection under attack: steps go out, what comes in is kept and judged by our own core.

The law of this file: every wait has an end, and what comes is read while something is sent, so that
two ends that wait for each other are never this end's fault.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..deadlines import Deadline
from ..errors import ProtocolError
from ..protocol.connection import Event, Protocol
from ..protocol.extensions import DeflateParameters
from ..protocol.opcodes import BINARY, CLOSE, PING, PONG, TEXT, Side
from ..waiting import wait_either, wait_readable
from .scripts import Does, Step
from .wire import KEY, Speaker

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Link"]

_READ = 1 << 16
_PIECE = 1 << 16  # bytes given to the kernel at once
_LARGEST = 128 << 20  # of a message that comes; a bomb of 64 MiB may come back
_KEPT = 1 << 20  # bytes of a head
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send RST
_BLANK = b"\r\n\r\n"


class Link:
    """This end of a connection, for one thread; ``side`` is what this end plays.

    ``head`` is the other side's part of the opening handshake, ``events`` what came in frames,
    ``illegal`` what was wrong with these, ``ended`` "" or how the other side ended it, ``closed``
    whether this end did. ``unsent`` says that the other side did not take everything;
    ``answers_close`` may be set to False where a close frame is sent as a step.
    """

    def __init__(
        self, transport: socket.socket | TLSSocket, side: Side, *, patience: float
    ) -> None:
        """Take over ``transport``, non-blocking; ``patience`` is for one step, in seconds."""
        self.transport = transport
        self.side = side
        self.patience = patience
        self.head = b""
        self.events: list[Event] = []
        self.illegal: ProtocolError | None = None
        self.ended = ""
        self.closed = False
        self.sent = 0
        self.unsent = False
        self.answers_close = True
        self._protocol: Protocol | None = None
        self._say = Speaker(masked=side is Side.CLIENT)
        self._crowd: list[socket.socket] = []

    # -- what came -----------------------------------------------------------------------------

    @property
    def messages(self) -> list[bytes]:
        """The messages that came, text as UTF-8."""
        return [
            data.encode() if isinstance(data, str) else data
            for opcode, data in self.events
            if opcode in (TEXT, BINARY)
        ]

    @property
    def pongs(self) -> list[bytes]:
        """The payloads of the pongs that came."""
        return [bytes(data) for opcode, data in self.events if opcode == PONG]  # type: ignore[arg-type]

    @property
    def close_code(self) -> int | None:
        """The code of the close frame that came; 1005 where it has none, None without a frame."""
        received = self._protocol.close_received if self._protocol is not None else None
        return None if received is None else received[0]

    @property
    def silent(self) -> bool:
        """Whether nothing more can come that says anything."""
        return bool(self.ended) or self.closed or self.illegal is not None

    # -- reading -------------------------------------------------------------------------------

    def begin(self, agreed: DeflateParameters | None) -> None:
        """Frames follow: take what came behind the head for their start."""
        self._protocol = Protocol(
            self.side,
            max_message_size=_LARGEST,
            max_fragments=1 << 20,
            deflate=agreed,
            next_key=lambda: int.from_bytes(KEY, "little"),
        )
        end = self.head.find(_BLANK) + len(_BLANK)
        self.head, rest = self.head[:end], self.head[end:]
        self._take(rest)

    def wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Read until ``done()`` or nothing more can come; return ``done()``, False when late."""
        deadline = Deadline(self.patience if seconds is None else seconds)
        while not done() and not self.silent and not deadline.passed:
            if wait_readable([self.transport.fileno()], deadline.remaining):
                self._read()
        return done()

    def wait_head(self) -> bool:
        """Read until the other side's head has come whole."""
        return self.wait(lambda: _BLANK in self.head)

    def _read(self) -> None:
        """Read once; this takes all that TLS holds of a record."""
        try:
            data = self.transport.recv(_READ)
        except BlockingIOError:
            return
        except OSError as error:
            self.ended = "reset" if isinstance(error, ConnectionError) else f"failed: {error}"
            return
        if not data:
            self.ended = "end of stream"
        self._take(data)

    def _take(self, data: bytes) -> None:
        if self._protocol is None:
            self.head += data[: _KEPT - len(self.head)]
            return
        try:
            for event in self._protocol.receive(data):
                self.events.append(event)
                self._answer(event)
        except ProtocolError as error:
            self.illegal = error

    def _answer(self, event: Event) -> None:
        opcode, data = event
        if opcode == PING:
            self._offer(self._say.frame(PONG, bytes(data)))  # type: ignore[arg-type]
        elif opcode == CLOSE and self.answers_close:
            self._offer(self._say.frame(CLOSE, bytes(data)[:2]))  # type: ignore[arg-type]

    def _offer(self, frame: bytes) -> None:
        """Send a small frame if it goes: who is attacked may not read, or be gone."""
        with contextlib.suppress(OSError):
            self.transport.send(frame)

    # -- sending -------------------------------------------------------------------------------

    def do(self, step: Step) -> None:
        """Do one step; OPEN and HEAD belong to who knows the other side."""
        match step.does:
            case Does.SEND | Does.HEAD:
                self.send(step.data, step.times)
            case Does.DRIBBLE:
                for byte in step.data:
                    self.send(bytes([byte]))
                    self.wait(lambda: False, step.seconds)
            case Does.READ:
                count = len(self.events)
                self.wait(lambda: len(self.events) > count, step.seconds)
            case Does.STALL:
                wait_readable([], step.seconds)
            case Does.SHUT:
                with contextlib.suppress(OSError):
                    self.transport.shutdown(socket.SHUT_WR)
            case Does.CUT:
                self.close()
            case Does.RESET:
                self.reset()

    def send(self, data: bytes, times: int = 1) -> None:
        """Send ``data`` ``times`` times, as far as the other side takes it."""
        if not data:
            return
        batch = max(1, _PIECE // len(data))
        while times > 0 and not (self.ended or self.unsent or self.closed):
            self._send(data * min(batch, times))
            times -= batch

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self.send(self._say.frame(PING, payload))

    def _send(self, data: bytes) -> None:
        view, deadline = memoryview(data), Deadline(self.patience)
        while view and not self.ended:
            try:
                count = self.transport.send(view[:_PIECE])
                self.sent += count
                view = view[count:]
            except BlockingIOError:
                if deadline.passed or self.close_code is not None:
                    self.unsent = True
                    return
                self._wait_for_room(deadline.remaining)
            except OSError:
                self._drain()  # what came before it ended
                self.ended = self.ended or "reset"

    def _wait_for_room(self, seconds: float | None) -> None:
        readable, _ = wait_either(self.transport.fileno(), seconds)
        if readable:
            self._read()

    def _drain(self) -> None:
        while wait_readable([self.transport.fileno()], 0) and not self.ended:
            self._read()

    # -- ending --------------------------------------------------------------------------------

    def join_crowd(self, sock: socket.socket) -> None:
        """Keep another connection until this one is closed."""
        self._crowd.append(sock)

    def reset(self) -> None:
        """End it with an RST."""
        with contextlib.suppress(OSError):
            self.transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()

    def close(self) -> None:
        """End it; may be called again."""
        self.closed = True
        self.transport.close()
        for sock in self._crowd:
            sock.close()
        self._crowd.clear()
        if self._protocol is not None:
            self._protocol.lose()
