"""How many bytes a connection holds for each byte on the wire, of wskit and of other libraries.

The law of this file: all are given the same bytes, cut alike, by their interface without sockets,
and what a library hands out before a message has ended counts as held, since somebody must keep it.
"""

from __future__ import annotations

import gc
import importlib.util
import io
import random
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from rich import box
from rich.console import Console
from rich.table import Table

from ..errors import ProtocolError
from ..protocol.connection import Protocol as Connection
from ..protocol.extensions import DeflateParameters
from ..protocol.opcodes import Side
from ..protocol.request import RequestReader
from .wire import Speaker, deflated

__all__ = ["FAMILIES", "LIBRARIES", "LIMIT", "Figure", "drawn_figures", "measure"]

LIMIT = 1 << 20
"""The largest message that each library is told to take, in bytes."""

LIBRARIES = ("wskit", "websockets", "wsproto")
"""What can be measured, where it can be imported."""

_READ = 32 << 10  # bytes that come at once, as from a socket
_CONNECTIONS = 3
_SAY = Speaker(masked=True)


class End(Protocol):
    """One connection of a library, open or in its opening handshake."""

    def feed(self, data: bytes) -> None:
        """Take ``data``, and keep what somebody has to keep."""
        ...


@dataclass(frozen=True, slots=True)
class Figure:
    """What a connection of ``library`` held after the bytes of ``family``, and at the most."""

    library: str
    family: str
    wire: int  # bytes sent to it
    held: int
    peak: int

    @property
    def factor(self) -> float:
        """Bytes held for each byte on the wire."""
        return self.held / self.wire


def _stream_of_fragments(payload: bytes, count: int) -> bytes:
    rest = _SAY.frame(0, payload, fin=False) * (count - 1)
    return _SAY.frame(2, payload, fin=False) + rest


def _head(value: int, count: int) -> bytes:
    lines = b"".join(b"X-%03d: %s\r\n" % (number, b"a" * value) for number in range(count))
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + lines


def _bomb() -> bytes:
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(maker.compress(bytes(LIMIT)) for _ in range(64)) + maker.flush(
        zlib.Z_SYNC_FLUSH
    )
    return _SAY.frame(2, data, rsv=4)


_NOISE = random.Random(6).randbytes(600_000)

FAMILIES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "fragments of 1 byte": ("plain", lambda: _stream_of_fragments(b"a", 4000)),
    "fragments of 125 bytes": ("plain", lambda: _stream_of_fragments(bytes(125), 4000)),
    "empty fragments": ("plain", lambda: _stream_of_fragments(b"", 4000)),
    "partial frame": ("plain", lambda: _SAY.frame(2, _NOISE)[:500_000]),
    "partial compressed frame": (
        "deflate",
        lambda: _SAY.frame(2, deflated(_NOISE), rsv=4)[:500_000],
    ),
    "inflate bomb of 64 MiB": ("deflate", _bomb),
    "partial head of 8 KiB": ("opening", lambda: _head(110, 60)),
    "partial head of short lines": ("opening", lambda: _head(1, 60)),
}
"""Each family: what state the connection is in, and the bytes that it is sent."""


def measure(
    libraries: Sequence[str] = LIBRARIES, families: Sequence[str] = tuple(FAMILIES)
) -> list[Figure]:
    """Return the figure of each of ``libraries`` that can be imported in each of ``families``."""
    found = [library for library in libraries if importlib.util.find_spec(library)]
    return [
        _figure(library, family, stream)
        for family in families
        for stream in [FAMILIES[family][1]()]
        for library in found
    ]


def drawn_figures(figures: list[Figure], *, width: int, colour: bool) -> list[str]:
    """Return the lines of a table of ``figures``, at most ``width`` columns wide."""
    console = Console(file=io.StringIO(), width=width, force_terminal=colour, no_color=not colour)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("family", overflow="fold")
    table.add_column("library")
    for title in ("wire", "held", "held / wire", "peak"):
        table.add_column(title, justify="right")
    for figure in figures:
        sizes = (f"{figure.wire:,}", f"{figure.held:,}", f"{figure.factor:.2f}", f"{figure.peak:,}")
        table.add_row(figure.family, figure.library, *sizes)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def _figure(library: str, family: str, stream: bytes) -> Figure:
    make = partial(_MAKERS[library], FAMILIES[family][0])
    pieces = [stream[at : at + _READ] for at in range(0, len(stream), _READ)]
    _feed(make(), pieces)  # so that what is made once is made
    gc.collect()
    tracemalloc.start()
    try:
        ends, peaks = [], []
        for _ in range(_CONNECTIONS):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            ends.append(make())
            _feed(ends[-1], pieces)
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
        held = tracemalloc.get_traced_memory()[0] // len(ends)
        return Figure(library, family, len(stream), held, max(peaks))
    finally:
        tracemalloc.stop()


def _feed(end: End, pieces: list[bytes]) -> None:
    for piece in pieces:
        end.feed(piece)


# -- the libraries ---------------------------------------------------------------------------------


class _Wskit:
    def __init__(self, deflate: bool) -> None:
        self._connection = Connection(
            Side.SERVER,
            max_message_size=LIMIT,
            deflate=DeflateParameters() if deflate else None,
        )

    def feed(self, data: bytes) -> None:
        try:
            list(self._connection.receive(data))  # whole messages are gone once they are handled
        except ProtocolError as error:
            self._connection.fail(error)


class _WskitOpening:
    def __init__(self) -> None:
        self._reader = RequestReader()

    def feed(self, data: bytes) -> None:
        self._reader.feed(data)


def _wskit(state: str) -> End:
    return _WskitOpening() if state == "opening" else _Wskit(state == "deflate")


class _Websockets:
    def __init__(self, state: str) -> None:
        from websockets.extensions.permessage_deflate import PerMessageDeflate
        from websockets.protocol import State
        from websockets.server import ServerProtocol

        begun = State.CONNECTING if state == "opening" else State.OPEN
        self._protocol = ServerProtocol(state=begun, max_size=LIMIT)
        if state == "deflate":
            self._protocol.extensions = [PerMessageDeflate(False, False, 15, 15)]
        self._events: list[object] = []

    def feed(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._events += self._protocol.events_received()
        self._protocol.data_to_send()


def _websockets(state: str) -> End:
    return _Websockets(state)


class _Wsproto:
    def __init__(self, deflate: bool) -> None:
        from wsproto.connection import Connection as TheirConnection
        from wsproto.connection import ConnectionType
        from wsproto.extensions import PerMessageDeflate

        extension = PerMessageDeflate()
        extension._enabled = True
        self._connection = TheirConnection(ConnectionType.SERVER, [extension] if deflate else [])
        self._events: list[object] = []

    def feed(self, data: bytes) -> None:
        self._connection.receive_data(data)
        self._events += self._connection.events()


class _WsprotoOpening:
    def __init__(self) -> None:
        from wsproto import ConnectionType, WSConnection

        self._connection = WSConnection(ConnectionType.SERVER)

    def feed(self, data: bytes) -> None:
        self._connection.receive_data(data)


def _wsproto(state: str) -> End:
    return _WsprotoOpening() if state == "opening" else _Wsproto(state == "deflate")


_MAKERS: dict[str, Callable[[str], End]] = {
    "wskit": _wskit,
    "websockets": _websockets,
    "wsproto": _wsproto,
}
