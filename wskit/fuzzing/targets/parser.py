"""The parser alone: frames, headers, masks, loans."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

from ...errors import ProtocolError
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

__all__ = ["ParserTarget", "target"]


@dataclass(slots=True)
class _Run:
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    error: ProtocolError | None = None
    unfinished: bool = False

    @property
    def told(self) -> tuple[object, ...]:
        return (self.frames, type(self.error).__name__, str(self.error), self.unfinished)


class ParserTarget:
    """Feeds ``FrameParser`` with a stream in several cuts."""

    name = "parser"
    checks = (ERRORS, ENDS, CUTS, *pure_checks(), BOUNDED, STATE, HEADERS_FIRST, REFERENCE)
    files = ("protocol/parser.py", "protocol/masking.py")
    structure: Literal["frames"] = "frames"

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Compare the frames with those of the reference, and each cut with the whole."""
        settings, stream = read_settings(data)
        ways = cuts(stream, settings.seed)
        with watch():
            first = _run(settings, ways[0])
            if (plain := twin()) is not None:
                compare(first.told, _run(settings, ways[0], plain).told)
        self._compare(first, settings, stream)
        for way in ways[1:]:
            other = _run(settings, way)
            if other.told != first.told:
                detail = f"in {len(way)} pieces {_said(other)}, whole {_said(first)}"
                raise Violation(CUTS, detail, "parser")
        kinds = tuple(start for start, _ in first.frames[:3])
        return settings.side, settings.deflate, str(first.error), kinds, first.unfinished

    def close(self) -> None:
        """Nothing was started."""

    def _compare(self, run: _Run, settings: Settings, stream: bytes) -> None:
        reading = read(stream, settings.rules, judge="headers")
        code = run.error.close_code if run.error is not None else None
        if (run.frames, code) != (reading.frames, reading.code):
            detail = f"{_said(run)}; the reference: {len(reading.frames)} frames, {reading.why}"
            raise Violation(REFERENCE, detail, f"{run.error} / {reading.why}")
        if reading.code is not None:
            early = _run(settings, [stream[: reading.judged]])
            if str(early.error) != str(run.error):
                detail = f"{run.error} is not raised when its header is whole"
                raise Violation(HEADERS_FIRST, detail)
        elif run.unfinished != (reading.rest > 0):
            detail = f"unfinished is {run.unfinished} with {reading.rest} bytes of a frame there"
            raise Violation(STATE, detail, "unfinished")


def _run(settings: Settings, pieces: list[bytes], core: Core = RUNNING) -> _Run:
    lender, run = CountingLender(), _Run()
    parser = core.parser(
        core.side[settings.side.name],
        room=settings.max_size,
        deflate=settings.deflate,
        small=settings.small,
        lender=lender,
    )
    with documented():
        try:
            for piece in pieces:
                _feed(parser, piece, run)
        except core.error as error:
            run.error = error
        run.unfinished = run.error is None and (parser.in_body or parser.pending)
        if run.error is None and parser.idle and parser.pending:
            raise Violation(STATE, "idle and pending at once")
        parser.abandon()
    lender.settle(sum(map(len, pieces)), settings.small)
    return run


def _feed(parser: FrameParser, piece: bytes, run: _Run) -> None:
    view = memoryview(piece)
    while view:
        target = parser.target()
        size = min(len(target), len(view))
        if not size:
            raise Violation(STATE, "there is no room for the next byte")
        target[:size] = view[:size]
        parser.received(size)
        view = view[size:]
        while parser.next():
            run.frames.append((parser.first, bytes(parser.payload)))
            parser.release()


def _said(run: _Run) -> str:
    end = run.error or ("unfinished" if run.unfinished else "no error")
    return f"{len(run.frames)} frames, {end}"


def target() -> ParserTarget:
    """Return the target."""
    return ParserTarget()
