"""Other libraries' protocol cores, and wskit's, behind one function: bytes in, a verdict out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ProtocolError
from ..protocol.connection import Protocol
from ..protocol.opcodes import BINARY, CLOSE, PING, PONG, TEXT, Side
from .targets.settings import Settings

if TYPE_CHECKING:
    import wsproto.events

__all__ = ["ENGINES", "Verdict", "by_wskit"]

_KEY = 0x01020304


@dataclass(slots=True)
class Verdict:
    """What a library made of a stream: its events, and the close code of a violation or None."""

    events: list[tuple[int, str | bytes]] = field(default_factory=list)
    code: int | None = None
    why: str = ""

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{len(self.events)} events, {self.code or 'no error'}"


def by_wskit(stream: bytes, settings: Settings) -> Verdict:
    """Give ``stream`` to wskit."""
    protocol = Protocol(
        settings.side,
        max_message_size=settings.max_size,
        max_fragments=settings.max_fragments,
        deflate=settings.agreed,
        next_key=(lambda: _KEY) if settings.side is Side.CLIENT else None,
    )
    verdict = Verdict()
    try:
        verdict.events.extend(protocol.receive(stream))
    except ProtocolError as error:
        verdict.code, verdict.why = error.close_code, str(error)
    return verdict


def by_websockets(stream: bytes, settings: Settings) -> Verdict:
    """Give ``stream`` to the sans-I/O core of websockets."""
    import websockets.extensions.permessage_deflate as permessage_deflate
    import websockets.frames
    import websockets.protocol as websockets_protocol

    protocol = websockets_protocol.Protocol(
        websockets_protocol.Side[settings.side.name], max_size=settings.max_size, logger=_SILENT
    )
    if settings.deflate:
        fresh = settings.fresh
        protocol.extensions = [permessage_deflate.PerMessageDeflate(fresh, fresh, 15, 15)]
    verdict, text = Verdict(), _Joined()
    protocol.receive_data(stream)
    for event in protocol.events_received():
        assert isinstance(event, websockets.frames.Frame)
        text.add(verdict, int(event.opcode), bytes(event.data), event.fin)
        if verdict.code is not None:
            return verdict
    if protocol.parser_exc is not None:
        sent = protocol.close_sent
        verdict.code, verdict.why = (sent.code if sent else 1006), str(protocol.parser_exc)
        if verdict.code is not None and protocol.close_rcvd is not None:
            verdict.code = 1002  # it had echoed the close before it objected
    return verdict


def by_wsproto(stream: bytes, settings: Settings) -> Verdict:
    """Give ``stream`` to wsproto."""
    import wsproto.connection
    import wsproto.events
    import wsproto.extensions

    extensions: list[wsproto.extensions.Extension] = []
    if settings.deflate:
        deflate = wsproto.extensions.PerMessageDeflate(settings.fresh, 15, settings.fresh, 15)
        deflate.finalize("permessage-deflate")
        extensions.append(deflate)
    kind = wsproto.connection.ConnectionType[settings.side.name]
    connection = wsproto.connection.Connection(kind, extensions)
    verdict, joined = Verdict(), _Pieces()
    connection.receive_data(stream)
    for event in connection.events():
        closing = isinstance(event, wsproto.events.CloseConnection)
        if closing and connection.state is not wsproto.connection.ConnectionState.REMOTE_CLOSING:
            # No close frame has come: this is how it tells of a violation.
            assert isinstance(event, wsproto.events.CloseConnection)
            verdict.code, verdict.why = int(event.code), event.reason or ""
            break
        joined.add(verdict, event)
        if closing:
            break
    return verdict


class _Joined:
    """Joins the frames of websockets, whose core leaves that and UTF-8 to the layer above."""

    def __init__(self) -> None:
        self._opcode, self._parts = 0, b""

    def add(self, verdict: Verdict, opcode: int, data: bytes, fin: bool) -> None:
        if opcode >= 8:
            verdict.events.append((opcode, data))
            return
        self._opcode, self._parts = opcode or self._opcode, self._parts + data
        if not fin:
            return
        data, self._parts = self._parts, b""
        if self._opcode != TEXT:
            verdict.events.append((BINARY, data))
            return
        try:
            verdict.events.append((TEXT, data.decode()))
        except UnicodeDecodeError as error:
            verdict.code, verdict.why = 1007, str(error)


class _Pieces:
    """Joins the events of wsproto."""

    def __init__(self) -> None:
        self._text, self._binary = "", b""

    def add(self, verdict: Verdict, event: wsproto.events.Event) -> None:
        import wsproto.events as events

        match event:
            case events.TextMessage(data=text, message_finished=last):
                self._text += text
                if last:
                    verdict.events.append((TEXT, self._text))
                    self._text = ""
            case events.BytesMessage(data=binary, message_finished=last):
                self._binary += bytes(binary)
                if last:
                    verdict.events.append((BINARY, self._binary))
                    self._binary = b""
            case events.Ping(payload=payload):
                verdict.events.append((PING, bytes(payload)))
            case events.Pong(payload=payload):
                verdict.events.append((PONG, bytes(payload)))
            case events.CloseConnection(code=code, reason=reason):
                start = b"" if code == 1005 else int(code).to_bytes(2, "big")
                verdict.events.append((CLOSE, start + (reason or "").encode()))


_SILENT = logging.getLogger("wskit.fuzzing.websockets")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_SILENT.setLevel(logging.CRITICAL + 1)

ENGINES: dict[str, Callable[[bytes, Settings], Verdict]] = {
    "websockets": by_websockets,
    "wsproto": by_wsproto,
}
"""The libraries that can be compared with wskit."""
