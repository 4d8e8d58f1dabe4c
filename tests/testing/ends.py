"""A peer under test and, at the other end of its connection, a socket that the test writes to."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.deadlines import scaled
from tests.protocol import wire
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.opcodes import Side
from wskit.testing.peer import Peer
from wskit.testing.sockets import socket_pair
from wskit.testing.stream import Stream
from wskit.testing.wires import new_wire
from wskit.testing.wishes import Rejection

__all__ = ["Ends", "failing", "linked", "rejected", "taken_by"]


@dataclass
class Ends:
    """``peer`` is the client's end, ``sock`` the server's."""

    peer: Peer
    sock: socket.socket

    def come(self, *data: bytes) -> None:
        """Have the server send."""
        self.sock.sendall(b"".join(data))

    def sent(self, size: int = 1 << 16) -> bytes:
        """Give what the peer has sent."""
        return self.sock.recv(size)

    def frames(self) -> list[wire.Frame]:
        """Give the frames that the peer has sent."""
        return wire.frames(self.sent())


@contextlib.contextmanager
def linked(
    *, tcp: bool = False, side: Side = Side.CLIENT, deflate: DeflateParameters | None = None
) -> Iterator[Ends]:
    """Connect a peer that is ``side``; with ``deflate`` it compresses what it is told to."""
    ours, theirs = socket_pair(tcp=tcp)
    stream = Stream(ours, side, new_wire("raw", side))
    stream.open(deflate, Compression() if deflate is not None else None, b"")
    theirs.settimeout(scaled(5))
    with theirs:
        yield Ends(Peer(stream), theirs)
        stream.finish()


def rejected(status: int = 403, body: bytes = b"") -> Peer:
    """Make a peer whose handshake was refused."""
    ours, theirs = socket_pair()
    theirs.close()
    stream = Stream(ours, Side.CLIENT, new_wire("raw", Side.CLIENT))
    stream.finish()
    fields = (("x-why", "no"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
    return Peer(stream, rejection=Rejection(status, fields, body))


def failing(call: Callable[[], object]) -> str:
    """Give what a missed expectation says, without the last frames."""
    with pytest.raises(AssertionError) as caught:
        call()
    return re.split(r"\nthe last frames", str(caught.value))[0]


def taken_by(reader: socket.socket, size: int) -> bytes:
    """Read exactly ``size`` bytes."""
    data = bytearray()
    while len(data) < size:
        piece = reader.recv(min(1 << 16, size - len(data)))
        assert piece, "the end of the stream"
        data += piece
    return bytes(data)
