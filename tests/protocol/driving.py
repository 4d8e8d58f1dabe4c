"""Drives a Protocol in tests: bytes cut anyhow go in, what comes of them is kept."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from tests.protocol import wire
from wskit.errors import ProtocolError
from wskit.protocol.connection import Event, Protocol
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.frames import Tap
from wskit.protocol.opcodes import Side

__all__ = [
    "CONTEXTS",
    "CUTS",
    "SIDES",
    "CountingLender",
    "Outcome",
    "client",
    "cut",
    "end",
    "feed",
    "server",
]

CUTS = ("whole", "bytewise", "shredded")
# Each side with the peer that it hears.
SIDES = pytest.mark.parametrize(
    ("side", "peer"),
    [(Side.SERVER, wire.CLIENT), (Side.CLIENT, wire.SERVER)],
    ids=["server", "client"],
)
CONTEXTS = pytest.mark.parametrize("fresh", [False, True], ids=["takeover", "no takeover"])


@dataclass
class Outcome:
    """What an end made of its input, and what it said by itself."""

    events: list[Event] = field(default_factory=list)
    error: ProtocolError | None = None
    sent: bytes = b""

    @property
    def code(self) -> int | None:
        """The close code of the violation; None where there was none."""
        return None if self.error is None else self.error.close_code

    @property
    def messages(self) -> list[str | bytes]:
        return [data for opcode, data in self.events if opcode in (wire.TEXT, wire.BINARY)]


class CountingLender:
    """Lends new buffers, knows which are out, and spoils those that come back."""

    def __init__(self) -> None:
        self.out: list[bytearray] = []
        self.loans: list[int] = []

    @property
    def bytes_out(self) -> int:
        return sum(map(len, self.out))

    def lend(self, size: int) -> bytearray:
        self.loans.append(size)
        self.out.append(bytearray(size))
        return self.out[-1]

    def release(self, buffer: bytearray) -> None:
        at = next(at for at, lent in enumerate(self.out) if lent is buffer)
        del self.out[at]
        buffer[:] = b"\xaa" * len(buffer)  # who still reads it will notice


def end(
    side: Side,
    *,
    max_message_size: int = 1 << 20,
    max_fragments: int = 4096,
    small_size: int = 2048,
    lender: CountingLender | None = None,
    deflate: DeflateParameters | None = None,
    compression: Compression | None = None,
    tap: Tap | None = None,
) -> Protocol:
    """Make an end; a client masks everything with ``wire.KEY``."""
    return Protocol(
        side,
        max_message_size=max_message_size,
        max_fragments=max_fragments,
        small_size=small_size,
        lender=lender,
        deflate=deflate,
        compression=compression,
        next_key=lambda: int.from_bytes(wire.KEY, "little"),
        tap=tap,
    )


def server(deflate: DeflateParameters | None = None) -> Protocol:
    return end(Side.SERVER, deflate=deflate)


def client(deflate: DeflateParameters | None = None) -> Protocol:
    return end(Side.CLIENT, deflate=deflate)


def cut(stream: bytes, how: str) -> list[bytes]:
    """Cut ``stream`` in one of the three ways; the random one prints its seed."""
    if how == "whole":
        return [stream]
    if how == "bytewise":
        return wire.bytewise(stream)
    seed = random.randrange(1 << 32)
    print(f"shredded with seed {seed}")
    return wire.shredded(stream, random.Random(seed))


def feed(protocol: Protocol, pieces: Iterable[bytes], *, echo: bool = False) -> Outcome:
    """Give ``pieces`` to ``protocol``, which answers as RFC 6455 wants; ``echo`` messages, too."""
    outcome = Outcome()
    for piece in pieces:
        try:
            for event in protocol.receive(piece):
                outcome.events.append(event)
                outcome.sent += protocol.reply(event)
                if echo and event[0] in (wire.TEXT, wire.BINARY):
                    data = event[1].encode() if isinstance(event[1], str) else event[1]
                    outcome.sent += protocol.data(event[0], data)
        except ProtocolError as error:
            assert outcome.error is None, "one connection fails once"
            outcome.error = error
            outcome.sent += protocol.fail(error)
    return outcome
