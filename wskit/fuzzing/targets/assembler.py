"""Parser and assembler without the rest: fragments, UTF-8 across them, inflation, limits."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

from ...errors import ProtocolError
from ...protocol.messages import Assembler
from ...protocol.parser import FrameParser
from ..checks import (
    BOUNDED,
    CUTS,
    ENDS,
    ERRORS,
    HEADERS_FIRST,
    REFERENCE,
    STATE,
    Violation,
    documented,
)
from ..cores import RUNNING, Core, compare, pure_checks, twin
from ..reference import read
from .lending import CountingLender
from .settings import Settings, cuts, read_settings
from .target import Watch

__all__ = ["AssemblerTarget", "target"]


@dataclass(slots=True)
class _Run:
    messages: list[tuple[int, str | bytes]] = field(default_factory=list)
    error: ProtocolError | None = None

    @property
    def told(self) -> tuple[object, ...]:
        return (self.messages, type(self.error).__name__)

    def __str__(self) -> str:
        return f"{len(self.messages)} messages, {self.error or 'no error'}"


class AssemblerTarget:
    """Feeds ``FrameParser`` and ``Assembler``; control frames are passed over."""

    name = "assembler"
    checks = (ERRORS, ENDS, CUTS, *pure_checks(), BOUNDED, STATE, HEADERS_FIRST, REFERENCE)
    files = ("protocol/messages.py", "protocol/parser.py", "protocol/deflate.py")
    structure: Literal["frames"] = "frames"

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Compare the messages with those of the reference, and each cut with the whole."""
        settings, stream = read_settings(data)
        ways = cuts(stream, settings.seed)
        with watch():
            first = _run(settings, ways[0])
            if (plain := twin()) is not None:
                compare(first.told, _run(settings, ways[0], plain).told)
        reading = read(stream, settings.rules, judge="data")
        code = first.error.close_code if first.error is not None else None
        if not reading.agrees(first.messages, code):
            detail = f"{first}; the reference: {len(reading.events)} messages, {reading.why}"
            raise Violation(REFERENCE, detail, f"{first.error} / {reading.why}")
        for way in ways[1:]:
            other = _run(settings, way)
            if other.told != first.told and not (reading.either and other.error):
                detail = f"in {len(way)} pieces {other}; whole {first}"
                raise Violation(CUTS, detail, f"{first.error} / {other.error}")
        if reading.code is not None:
            early = _run(settings, [stream[: reading.judged]])
            if early.error is None:
                raise Violation(HEADERS_FIRST, f"{first.error} is raised late", str(first.error))
        kinds = tuple((opcode, min(len(data), 3)) for opcode, data in first.messages[:4])
        return settings.deflate, settings.fresh, reading.why, kinds, reading.message_open

    def close(self) -> None:
        """Nothing was started."""


def _run(settings: Settings, pieces: list[bytes], core: Core = RUNNING) -> _Run:
    lender, run = CountingLender(), _Run()
    parser = core.parser(
        core.side[settings.side.name],
        room=settings.max_size,
        deflate=settings.deflate,
        small=settings.small,
        lender=lender,
    )
    inflater = core.inflater(15, no_context_takeover=settings.fresh) if settings.deflate else None
    assembler = core.assembler(
        parser,
        max_size=settings.max_size,
        max_fragments=settings.max_fragments,
        inflater=inflater,
    )
    with documented():
        try:
            for piece in pieces:
                _feed(parser, assembler, piece, run)
        except core.error as error:
            run.error = error
        parser.abandon()
        assembler.abandon()
    lender.settle(sum(map(len, pieces)), settings.small)
    return run


def _feed(parser: FrameParser, assembler: Assembler, piece: bytes, run: _Run) -> None:
    view = memoryview(piece)
    while view:
        target = parser.target()
        size = min(len(target), len(view))
        target[:size] = view[:size]
        parser.received(size)
        view = view[size:]
        while parser.next():
            message = None if parser.first & 0x08 else assembler.take()
            parser.release()
            if message is not None:
                run.messages.append(message)
        if parser.in_body and not parser.first & 0x08:
            assembler.glance()


def target() -> AssemblerTarget:
    """Return the target."""
    return AssemblerTarget()
