"""Independent implementations of the protocol: they decode what wskit sends, and are decoded."""

from __future__ import annotations

import websockets.extensions.permessage_deflate
import websockets.frames
import websockets.protocol
import wsproto.connection
import wsproto.events
import wsproto.extensions

from tests.protocol.conversations import Step
from tests.protocol.wire import BINARY, CLOSE, PING, PONG, TEXT
from wskit.protocol.connection import Event
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side

__all__ = ["Websockets", "Wsproto"]

LIMIT = 1 << 20


class Wsproto:
    """An end made of wsproto."""

    def __init__(self, side: Side, agreed: DeflateParameters | None) -> None:
        kind = wsproto.connection.ConnectionType[side.name]
        extensions: list[wsproto.extensions.Extension] = []
        if agreed is not None:
            deflate = wsproto.extensions.PerMessageDeflate(
                agreed.client_no_context_takeover,
                agreed.client_max_window_bits,
                agreed.server_no_context_takeover,
                agreed.server_max_window_bits,
            )
            deflate.finalize("permessage-deflate")
            extensions.append(deflate)
        self._connection = wsproto.connection.Connection(kind, extensions)

    def hear(self, pieces: list[bytes]) -> list[Event]:
        heard: list[Event] = []
        text, binary = "", b""
        for piece in pieces:
            self._connection.receive_data(piece)
            for event in self._connection.events():
                match event:
                    case wsproto.events.TextMessage(data=data, message_finished=last):
                        text += data
                        if last:
                            heard, text = [*heard, (TEXT, text)], ""
                    case wsproto.events.BytesMessage(data=data, message_finished=last):
                        binary += bytes(data)
                        if last:
                            heard, binary = [*heard, (BINARY, binary)], b""
                    case wsproto.events.Ping(payload=payload):
                        heard.append((PING, bytes(payload)))
                    case wsproto.events.Pong(payload=payload):
                        heard.append((PONG, bytes(payload)))
                    case wsproto.events.CloseConnection(code=code, reason=reason):
                        start = b"" if code == 1005 else code.to_bytes(2, "big")
                        heard.append((CLOSE, start + (reason or "").encode()))
        return heard

    def say(self, steps: list[Step]) -> bytes:
        sent = b""
        for step in steps:
            if step.opcode in (TEXT, BINARY):
                for number, piece in enumerate(step.pieces):
                    last = number == len(step.pieces) - 1
                    # It wants text in characters, so text is sent as binary, too.
                    event = wsproto.events.BytesMessage(data=piece, message_finished=last)
                    sent += self._connection.send(event)
            elif step.opcode == PING:
                sent += self._connection.send(wsproto.events.Ping(payload=step.data))
        return sent


class Websockets:
    """An end made of the sans-I/O core of websockets."""

    def __init__(self, side: Side, agreed: DeflateParameters | None) -> None:
        kind = websockets.protocol.Side[side.name]
        self._protocol = websockets.protocol.Protocol(kind, max_size=LIMIT)
        if agreed is not None:
            server = (agreed.server_no_context_takeover, agreed.server_max_window_bits)
            client = (agreed.client_no_context_takeover, agreed.client_max_window_bits)
            local, remote = (server, client) if side is Side.SERVER else (client, server)
            self._protocol.extensions = [
                websockets.extensions.permessage_deflate.PerMessageDeflate(
                    remote_no_context_takeover=remote[0],
                    local_no_context_takeover=local[0],
                    remote_max_window_bits=remote[1],
                    local_max_window_bits=local[1],
                )
            ]

    def hear(self, pieces: list[bytes]) -> list[Event]:
        for piece in pieces:
            self._protocol.receive_data(piece)
        assert self._protocol.parser_exc is None
        heard: list[Event] = []
        opcode, parts = 0, b""
        for frame in self._protocol.events_received():
            assert isinstance(frame, websockets.frames.Frame)
            if frame.opcode >= 8:
                heard.append((int(frame.opcode), bytes(frame.data)))
                continue
            opcode, parts = int(frame.opcode) or opcode, parts + bytes(frame.data)
            if frame.fin:
                heard.append((opcode, parts.decode() if opcode == TEXT else parts))
                parts = b""
        return heard

    def say(self, steps: list[Step]) -> bytes:
        for step in steps:
            if step.opcode in (TEXT, BINARY):
                start = (
                    self._protocol.send_text if step.opcode == TEXT else self._protocol.send_binary
                )
                start(step.pieces[0], fin=len(step.pieces) == 1)
                for number, piece in enumerate(step.pieces[1:], 2):
                    self._protocol.send_ping(b"between")
                    self._protocol.send_continuation(piece, fin=number == len(step.pieces))
            elif step.opcode == PING:
                self._protocol.send_ping(step.data)
        return b"".join(self._protocol.data_to_send())
