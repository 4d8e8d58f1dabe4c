"""Which conversations belong to one test, and the one transcript that takes new ones.

The law of this file: the pytest plugin imports it in every run, so it imports next to nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..protocol.opcodes import Side
    from .wires import Exchange, Wire

__all__ = ["Transcript", "current", "new_wire", "transcribing", "use"]


class Transcript:
    """The wires of one test. From any thread."""

    def __init__(self, wires: Iterable[Wire] = (), *, keep_all: bool = False) -> None:
        """Begin with ``wires``; ``keep_all``: for recordings, which need every frame whole."""
        self.keep_all = keep_all
        self._lock = threading.Lock()  # guards wires
        self.wires = list(wires)

    def add(self, kind: str, side: Side) -> Wire:
        """Return a new wire, named ``kind`` with a number."""
        from .wires import Wire

        with self._lock:
            number = sum(wire.name.startswith(f"{kind} ") for wire in self.wires) + 1
            wire = Wire(f"{kind} {number}", side, keep_all=self.keep_all)
            self.wires.append(wire)
        return wire

    def report(self, most: int = 40) -> str:
        """Return all wires as text; of two ends of one connection only the one that knows more."""
        return "\n".join(wire.report(most) for wire in self.distinct())

    def distinct(self) -> list[Wire]:
        """Return the wires, but each connection once: the client's end where both are here.

        What only the server's end knows of the handshake is added to it.
        """
        with self._lock:
            wires = list(self.wires)
        chosen = [wire for wire in wires if wire.side.value == "client"]
        single = chosen.copy()
        for wire in wires:
            if wire.side.value == "server":
                twin = _twin(wire, single)
                if twin is None:
                    chosen.append(wire)
                else:
                    single.remove(twin)  # a fake client may use one key again and again
                    twin.exchange = _merged(twin.exchange, wire.exchange)
        return sorted(chosen, key=lambda wire: wire.start)


def _twin(wire: Wire, others: list[Wire]) -> Wire | None:
    """Return the other end of ``wire``, among ``others``."""
    key = wire.key
    if key:
        return next((other for other in others if other.key == key), None)
    status = wire.exchange.status if wire.exchange is not None else 101
    if status == 101:
        return None
    # A server that refuses a request unread does not know its key.
    found = (other for other in others if other.exchange and other.exchange.status == status)
    return next(found, None)


def _merged(ours: Exchange | None, theirs: Exchange | None) -> Exchange | None:
    if ours is None or theirs is None or ours.request:
        return ours
    from dataclasses import replace

    # A client's connection does not know its path, a server's handshake only that.
    url = ours.url + theirs.url if theirs.url.startswith("/") else theirs.url
    return replace(ours, url=url, request=theirs.request)


_current: Transcript | None = None


def current() -> Transcript | None:
    """Return the transcript that takes new wires."""
    return _current


def use(transcript: Transcript | None) -> Transcript | None:
    """Have new wires of this process added to ``transcript``; return what took them before."""
    global _current
    before, _current = _current, transcript
    return before


@contextmanager
def transcribing(transcript: Transcript) -> Iterator[Transcript]:
    """Have new wires of this process added to ``transcript`` inside the block."""
    before = use(transcript)
    try:
        yield transcript
    finally:
        use(before)


def new_wire(kind: str, side: Side) -> Wire:
    """Return the record for a new connection, named ``kind`` with a number in its transcript."""
    from .wires import Wire

    transcript = _current
    return Wire(kind, side) if transcript is None else transcript.add(kind, side)
