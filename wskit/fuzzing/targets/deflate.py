"""Compression alone: any bytes inflated, in any pieces, and whole messages there and back."""

from __future__ import annotations

import random
from collections.abc import Hashable
from typing import Literal

from ...errors import InvalidPayload, MessageTooBig, ProtocolError
from ...protocol.deflate import Deflater, Inflater
from ...protocol.opcodes import BINARY
from ..checks import (
    ACCEPTED,
    BOUNDED,
    CUTS,
    ENDS,
    ERRORS,
    FAITHFUL,
    REFERENCE,
    Violation,
    documented,
)
from ..pieces import Piece, write_pieces
from ..reference import Reading, Rules, read
from .settings import Settings, cuts, read_settings
from .target import Watch

__all__ = ["DeflateTarget", "target"]

_Outcome = tuple[list[bytes], int | None]


class DeflateTarget:
    """The stream is taken as compressed messages, and again as messages to compress."""

    name = "deflate"
    checks = (ERRORS, ENDS, CUTS, FAITHFUL, BOUNDED, ACCEPTED, REFERENCE)
    files = ("protocol/deflate.py",)
    structure: Literal["bytes"] = "bytes"

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Compare both ways with zlib as the reference uses it."""
        settings, stream = read_settings(data)
        messages = cuts(stream, settings.seed)[-1 if len(stream) < 12 else min(1, len(stream))]
        with watch():
            found = _inflated(settings, messages, whole=True)
        reading = _by_reference(settings, messages)
        if not reading.agrees([(BINARY, message) for message in found[0]], found[1]):
            wanted = f"{len(reading.events)} messages, {reading.why}"
            detail = f"{_said(found)}; the reference: {wanted}"
            raise Violation(REFERENCE, detail, f"{found[1]} / {reading.why}")
        other = _inflated(settings, messages, whole=False)
        if other != found and not (reading.either and other[1]):
            raise Violation(CUTS, f"in pieces {_said(other)}, whole {_said(found)}", "inflate")
        with watch():
            self._there_and_back(settings, messages)
        sizes = tuple(min(len(message), 200) // 20 for message in found[0][:3])
        return settings.fresh, settings.max_size, found[1], sizes

    def close(self) -> None:
        """Nothing was started."""

    def _there_and_back(self, settings: Settings, messages: list[bytes]) -> None:
        rng = random.Random(settings.seed)
        bits = rng.randint(9, 15)
        deflater = Deflater(
            bits,
            no_context_takeover=settings.fresh,
            level=rng.randint(-1, 9),
            mem_level=rng.randint(1, 9),
            retain=rng.random() < 0.5,
        )
        inflater = Inflater(bits, no_context_takeover=settings.fresh)
        with documented():
            squeezed = [deflater.compress(message) for message in messages]
            try:
                back = [inflater.inflate(one, final=True, limit=1 << 24) for one in squeezed]
            except ProtocolError as error:
                raise Violation(FAITHFUL, f"own compressed data: {error}", str(error)) from error
        if back != messages:
            raise Violation(FAITHFUL, "inflated is not what was compressed", "inflate")
        rules = Rules(masked=False, deflate=True, fresh=settings.fresh, max_size=1 << 24)
        reading = read(write_pieces([Piece(0xC2, one) for one in squeezed]), rules)
        if [data for _, data in reading.events] != messages:
            raise Violation(ACCEPTED, reading.why or "zlib inflates to something else", "deflate")


def _inflated(settings: Settings, messages: list[bytes], *, whole: bool) -> _Outcome:
    inflater = Inflater(15, no_context_takeover=settings.fresh)
    done: list[bytes] = []
    with documented():
        try:
            for message in messages:
                done.append(_one(inflater, message, settings, whole))
        except (InvalidPayload, MessageTooBig) as error:
            return done, error.close_code
    return done, None


def _one(inflater: Inflater, message: bytes, settings: Settings, whole: bool) -> bytes:
    output, limit = b"", settings.max_size
    pieces = [message] if whole else [*cuts(message, settings.seed)[-1], b""]
    for number, piece in enumerate(pieces, 1):
        final = number == len(pieces)
        output += inflater.inflate(piece, final=final, limit=limit - len(output))
        if len(output) > limit:
            raise Violation(BOUNDED, f"{len(output)} bytes came of a limit of {limit}", "inflate")
    return output


def _by_reference(settings: Settings, messages: list[bytes]) -> Reading:
    frames = b"".join(write_pieces([Piece(0xC2, message)]) for message in messages)
    rules = Rules(
        masked=False, deflate=True, fresh=settings.fresh, max_size=settings.max_size, slack=1 << 20
    )
    return read(frames, rules)


def _said(outcome: _Outcome) -> str:
    return f"{len(outcome[0])} messages, {outcome[1] or 'no error'}"


def target() -> DeflateTarget:
    """Return the target."""
    return DeflateTarget()
