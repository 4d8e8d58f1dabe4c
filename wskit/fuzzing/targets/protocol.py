"""A whole connection core, as an echo: what it understands, what it answers, what it holds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal

from ...errors import ProtocolError
from ...protocol.connection import Event, Protocol
from ...protocol.opcodes import BINARY, CLOSE, PING, PONG, TEXT, Side
from ..checks import (
    ACCEPTED,
    BOUNDED,
    CUTS,
    ENDS,
    ERRORS,
    FAITHFUL,
    HEADERS_FIRST,
    ONE_CLOSE,
    REFERENCE,
    STATE,
    Violation,
    documented,
)
from ..cores import RUNNING, Core, compare, pure_checks, twin
from ..reference import Reading, read
from .answers import check_answer, echo
from .lending import CountingLender
from .settings import Settings, cuts, read_settings
from .target import Watch

__all__ = ["ProtocolTarget", "target"]

_KEY = 0x1F2E3D4C


@dataclass(slots=True)
class _Run:
    events: list[Event] = field(default_factory=list)
    answers: bytes = b""
    farewell: bytes = b""  # the close frame after an error
    error: ProtocolError | None = None

    @property
    def sent(self) -> bytes:
        return self.answers + self.farewell

    def told(self, *, words: bool) -> tuple[object, ...]:
        """What cuts must not change; ``words`` says whether the text of an error counts."""
        text = (str(self.error), self.farewell) if words else ("", b"")
        return (self.events, type(self.error).__name__, self.answers, bool(self.farewell), *text)


class ProtocolTarget:
    """Feeds ``Protocol`` with a stream in several cuts, and its peer with the answers."""

    name = "protocol"
    checks = (
        *(ERRORS, ENDS, CUTS, FAITHFUL, ONE_CLOSE, BOUNDED, ACCEPTED, STATE, HEADERS_FIRST),
        *(REFERENCE, *pure_checks()),
    )
    files = (
        *("protocol/connection.py", "protocol/parser.py", "protocol/messages.py"),
        *("protocol/frames.py", "protocol/masking.py", "protocol/deflate.py"),
    )
    structure: Literal["frames"] = "frames"

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Compare events and answers with what the reference says they must be."""
        settings, stream = read_settings(data)
        ways = cuts(stream, settings.seed)
        with watch():
            first = _run(settings, ways[0])
            if (plain := twin()) is not None:
                compare(first.told(words=True), _run(settings, ways[0], plain).told(words=True))
        reading = read(stream, settings.rules)
        _compare(first, reading)
        check_answer(first.sent, settings, reading)
        _peer_receives(first, settings)
        for way in ways[1:]:
            other = _run(settings, way)
            # zlib keeps what it made of a piece in which it finds a fault, so which of two faults
            # in it is named (corrupt data, or text that is not UTF-8) depends on the pieces.
            words = not settings.deflate
            same = other.told(words=words) == first.told(words=words)
            if not same and not (reading.either and other.error):
                detail = f"in {len(way)} pieces {_said(other)}; whole {_said(first)}"
                raise Violation(CUTS, detail, f"{first.error} / {other.error}")
        self._judge_early(first, reading, settings, stream)
        kinds = tuple(opcode for opcode, _ in first.events[:5])
        return settings.side, settings.deflate, reading.why, kinds, reading.message_open

    def close(self) -> None:
        """Nothing was started."""

    def _judge_early(self, run: _Run, reading: Reading, settings: Settings, stream: bytes) -> None:
        if reading.code is not None:
            early = _run(settings, [stream[: reading.judged]])
            if early.error is None:
                raise Violation(HEADERS_FIRST, f"{run.error} is raised late", str(run.error))


def _run(settings: Settings, pieces: list[bytes], core: Core = RUNNING) -> _Run:
    lender, run = CountingLender(), _Run()
    protocol = core.protocol(
        core.side[settings.side.name],
        max_message_size=settings.max_size,
        max_fragments=settings.max_fragments,
        small_size=settings.small,
        lender=lender,
        deflate=settings.agreed,
        next_key=(lambda: _KEY) if settings.side is Side.CLIENT else None,
    )
    with documented():
        for piece in pieces:
            try:
                for event in protocol.receive(piece):
                    run.events.append(event)
                    run.answers += _answered(protocol, event)
            except core.error as error:
                run.error = error
                run.farewell = protocol.fail(error)
        _check_end(protocol, run, core)
        protocol.lose()
    lender.settle(sum(map(len, pieces)), settings.small)
    return run


def _answered(protocol: Protocol, event: Event) -> bytes:
    opcode, data = event
    if opcode not in (TEXT, BINARY):
        return protocol.reply(event)
    payload = data.encode() if isinstance(data, str) else data
    if len(payload) % 3 == 2:  # some in fragments, some compressed
        half = len(payload) // 2
        return protocol.data(opcode, payload[:half], fin=False) + protocol.data(0, payload[half:])
    return protocol.data(opcode, payload, compress=len(payload) % 3 == 1)


def _check_end(protocol: Protocol, run: _Run, core: Core) -> None:
    """The state at the end is what was seen, and nothing more can be sent after a close."""
    closed = any(opcode == CLOSE for opcode, _ in run.events)
    if (protocol.close_received is not None) != closed:
        raise Violation(STATE, f"close_received is {protocol.close_received}, seen: {closed}")
    if protocol.failed is not run.error:
        raise Violation(STATE, f"failed is {protocol.failed!r}, raised was {run.error!r}")
    if protocol.writable == (closed or run.error is not None):
        raise Violation(STATE, f"writable is {protocol.writable} at the end")
    if not protocol.writable:
        _check_silence(core, protocol)


def _check_silence(core: Core, protocol: Protocol) -> None:
    ways: dict[str, Callable[[], bytes]] = {
        "data": lambda: protocol.data(BINARY, b"x"),
        "control": lambda: protocol.control(PING, b""),
        "close": protocol.close,
    }
    for name, send in ways.items():
        with contextlib.suppress(core.closed):
            more = send()
            detail = f"{len(more)} bytes of {name} could be sent after the close frame"
            raise Violation(ONE_CLOSE, detail, name)


def _compare(run: _Run, reading: Reading) -> None:
    code = run.error.close_code if run.error is not None else None
    if reading.agrees(run.events, code):
        return
    detail = f"{_said(run)}; the reference: {len(reading.events)} events, {_end(reading)}"
    raise Violation(REFERENCE, detail, f"{run.error} / {reading.why}")


def _peer_receives(run: _Run, settings: Settings) -> None:
    """The other end of this library understands what was sent, too."""
    peer = Protocol(
        settings.side.peer,
        deflate=settings.agreed,
        next_key=(lambda: _KEY) if settings.side is Side.SERVER else None,
    )
    with documented():
        try:
            events = list(peer.receive(run.sent))
        except ProtocolError as error:
            raise Violation(FAITHFUL, f"the peer refuses it: {error}", str(error)) from error
    wanted = [echo(event) for event in run.events if event[0] not in (PONG, CLOSE)]
    if [event for event in events if event[0] != CLOSE] != wanted:
        raise Violation(FAITHFUL, "the peer receives something else", "peer")


def _said(run: _Run) -> str:
    return f"{len(run.events)} events, {run.error or 'no error'}"


def _end(reading: Reading) -> str:
    return f"{reading.code}: {reading.why}" if reading.code else "no error"


def target() -> ProtocolTarget:
    """Return the target."""
    return ProtocolTarget()
