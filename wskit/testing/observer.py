"""Wires for the connections of wskit's own servers and clients, which a test makes directly."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection
from typing import TYPE_CHECKING

from .. import watching
from .transcripts import current

if TYPE_CHECKING:  # the pytest plugin imports this in every run, so it has to be light
    from ..conn import Address, Conn
    from ..errors import HandshakeError
    from ..protocol.frames import FrameRecord, Tap
    from ..protocol.handshake import Handshake
    from ..protocol.opcodes import Side
    from ..protocol.response import ClientHandshakeResult
    from .wires import Exchange, Wire

__all__ = ["Observer"]

_EVERYTHING = 1 << 62  # the limit of a payload's preview where all of it is wanted


class _Record:
    """What is known of a connection; put in words only when somebody asks.

    It does not keep the connection alive: an application may forget one, and see what happens.
    """

    def __init__(self, wire: Wire, conn: Conn, opening: Handshake | ClientHandshakeResult) -> None:
        self.wire = wire
        self.opening = opening
        self.address = conn.address
        self.protocol = conn._protocol
        self.url = _url(conn) if wire.side.value == "client" else ""
        self.refusal: HandshakeError | None = None
        self.over = False


class Observer(watching.Watcher):
    """Adds a wire to the current transcript for each connection that is opened or refused."""

    def __init__(self) -> None:
        """Nothing is recorded."""
        self._lock = threading.Lock()  # guards _records
        self._records: dict[weakref.ref[Conn], _Record] = {}

    @property
    def wires(self) -> list[Wire]:
        """The wires of the connections that were opened."""
        with self._lock:
            return [record.wire for record in self._records.values()]

    def keep(self, wires: Collection[Wire]) -> None:
        """Forget all connections but those of ``wires``, which another test goes on with."""
        with self._lock:
            if self._records:
                self._records = {c: r for c, r in self._records.items() if r.wire in wires}

    def settle(self) -> None:
        """Fill in what the wires say about their handshakes and ends, as far as it is known."""
        with self._lock:
            records = list(self._records.values())
        for record in records:
            record.wire.exchange = _exchange(record)
            record.wire.ending = _ending(record)

    # -- what is watched -----------------------------------------------------------------------

    def opened(
        self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult
    ) -> Tap | None:
        """Begin a wire."""
        transcript = current()
        if transcript is None:
            return None
        wire = transcript.add(side.value, side)
        if transcript.keep_all:
            conn._protocol._preview = _EVERYTHING
        with self._lock:
            self._records[weakref.ref(conn)] = _Record(wire, conn, opening)
        return wire.record

    def refused(self, address: Address, error: HandshakeError) -> None:
        """Note it where it belongs: the handler refused, or there was no connection yet."""
        with self._lock:
            for record in self._records.values():
                if _was_refused(record, address):
                    record.refusal = error
                    return
        transcript = current()
        if transcript is not None:
            from ..protocol.opcodes import Side
            from .wires import Exchange

            wire = transcript.add("server", Side.SERVER)
            wire.exchange = Exchange("", (), error.status, tuple(error.headers))
            wire.ending = _refusal(error)

    def ended(self, conn: Conn) -> None:
        """Note it."""
        with self._lock:
            record = self._records.get(weakref.ref(conn))
        if record is not None:
            record.over = True


def _was_refused(record: _Record, address: Address) -> bool:
    """Whether it is a connection from ``address`` that was made and discarded before it began."""
    if record.wire.side.value != "server" or record.over or record.refusal is not None:
        return False
    return record.address == address and not record.protocol.writable and not record.wire.count


def _exchange(record: _Record) -> Exchange:
    from ..protocol.response import ClientHandshakeResult
    from .wires import Exchange

    opening = record.opening
    if isinstance(opening, ClientHandshakeResult):
        return Exchange(record.url, (), opening.status, tuple(opening.headers))
    request = tuple(opening.headers)
    if record.refusal is not None:
        refusal = record.refusal
        return Exchange(opening.url, request, refusal.status, tuple(refusal.headers))
    return Exchange(opening.url, request, 101, tuple(opening.res_headers))


def _url(conn: Conn) -> str:
    """Return the URL as far as a client's connection tells it, without a path."""
    from ..client import Client
    from ..urls import host_header

    assert isinstance(conn, Client)
    config = conn._config
    host = host_header(config.host, config.port, secure=config.tls)
    return f"{'wss' if config.tls else 'ws'}://{host}"


def _ending(record: _Record) -> str | None:
    """Say who ended the connection and how, in the words of the peers of this package."""
    from ..protocol.frames import Direction
    from ..protocol.opcodes import CLOSE

    side, protocol = record.wire.side, record.protocol
    if record.refusal is not None:
        return _refusal(record.refusal)
    if protocol.failed is not None:
        return f"the {side.peer.value} broke the protocol: {protocol.failed}"
    frames = (capture.frame for capture in record.wire.captures)
    close = next((frame for frame in frames if frame.opcode == CLOSE), None)
    if close is not None:
        by = side.peer if close.direction is Direction.IN else side
        return f"closed by the {by.value} with {_closing(close)}"
    return "ended without a close frame" if record.over else None


def _closing(frame: FrameRecord) -> str:
    from ..errors import ProtocolError
    from ..protocol.frames import parse_close

    try:
        code, reason = parse_close(frame.payload)
    except ProtocolError as error:
        return f"a wrong close frame: {error}"
    return f"{code} {reason}".rstrip()


def _refusal(error: HandshakeError) -> str:
    words, why = f"the handshake was rejected with HTTP status {error.status}", str(error)
    return words if why.endswith(f"status {error.status}") else f"{words}: {why}"
