"""Where released libraries differ from wskit, known and explained, with the sections that decide.

The law of this file: a row is as narrow as what it explains; it says who follows the RFC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .engines import Verdict
from .reference import Reading

__all__ = ["ROWS", "Case", "Difference", "explained"]


@dataclass(frozen=True, slots=True)
class Case:
    """One difference: what the reference says, both verdicts, and ``again`` to ask them once more.

    ``again`` gives their verdict on the stream with so many zeros after it.
    """

    stream: bytes
    reading: Reading
    ours: Verdict
    theirs: Verdict
    again: Callable[[int], Verdict]

    @property
    def accepted(self) -> bool:
        """Whether they saw nothing wrong where wskit did."""
        return self.theirs.code is None and self.ours.code is not None


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of the table; ``applies`` tells whether it explains a case."""

    libraries: tuple[str, ...]
    name: str
    section: str
    applies: Callable[[Case], bool]


def _late(case: Case) -> bool:
    """They object, too, once the frame that wskit objects to is whole."""
    if not case.accepted or case.theirs.events != case.ours.events:
        return False
    for zeros in (16, 300, 70_300):
        later = case.again(zeros)
        if later.code == case.ours.code or later.why.startswith(_OF_DEFLATE):
            return True
    return False


def _awaits(case: Case) -> bool:
    """They wait for the payload of a frame that its header has ruled out, and it is a long one."""
    if not case.accepted or case.theirs.events != case.ours.events:
        return False
    start = case.stream[len(case.stream) - case.reading.rest :]
    return len(start) > 1 and start[1] & 0x7F >= 126


def _since(case: Case, count: int | None) -> bool:
    """The first ``count`` events are the same; None is never."""
    return count is not None and case.theirs.events[:count] == case.ours.events[:count]


def _not_utf8(case: Case) -> bool:
    return "not UTF-8" in case.ours.why and _since(case, len(case.ours.events))


_NO_INFLATE = "decompression failed"
_OF_DEFLATE = (_NO_INFLATE, "error in extension")
_BOTH = ("websockets", "wsproto")

ROWS: tuple[Difference, ...] = (
    Difference(
        ("websockets",),
        "takes lengths that are not in their shortest form",
        "RFC 6455 §5.2: MUST",
        lambda case: "shortest form" in case.ours.why or "more than 125" in case.ours.why,
    ),
    Difference(
        ("websockets",),
        "judges UTF-8 when the message is whole, and what comes before that first",
        "RFC 6455 §8.1",
        _not_utf8,
    ),
    Difference(
        ("wsproto",),
        "sees the second byte of a surrogate in UTF-8 when the third has come",
        "RFC 6455 §8.1",
        _not_utf8,
    ),
    Difference(
        ("websockets",),
        "closes with 1002 for compressed data that is corrupt",
        "RFC 7692 §7.2.2 names no code, RFC 6455 §7.4.1 has 1007",
        lambda case: case.ours.code == 1007 and _NO_INFLATE in case.theirs.why,
    ),
    Difference(
        ("websockets",),
        "judges a close frame's reason before its code",
        "RFC 6455 §7.4: both are wrong",
        lambda case: "close code" in case.ours.why and case.theirs.code == 1007,
    ),
    Difference(
        ("websockets",),
        "refuses a close frame inside a fragmented message",
        "RFC 6455 §5.5: control frames may be there",
        lambda case: "incomplete fragmented message" in case.theirs.why,
    ),
    Difference(
        ("wsproto",),
        "refuses close codes that were registered after the RFC: 1012 to 1014",
        "RFC 6455 §7.4.2, §11.7",
        lambda case: "unknown reserved code" in case.theirs.why and case.reading.close is not None,
    ),
    Difference(
        _BOTH,
        "drops what follows a deflate block with BFINAL set",
        "RFC 7692 §7.2.3.4",
        lambda case: _since(case, case.reading.final_block),
    ),
    Difference(
        _BOTH,
        "takes compressed messages that are incomplete",
        "RFC 7692 §7.2.2",
        lambda case: "incomplete" in case.reading.why,
    ),
    Difference(
        _BOTH,
        "inflates a compressed message of no bytes, which spoils those after it",
        "RFC 7692 §7.2.3.6: it should have been one byte",
        lambda case: _since(case, case.reading.bare),
    ),
    Difference(
        ("wsproto",),
        "forgets that a message is compressed when a control frame comes inside it",
        "RFC 6455 §5.4: MUST",
        lambda case: _since(case, case.reading.interrupted),
    ),
    Difference(
        ("wsproto",),
        "judges RSV1 before the order of fragments",
        "RFC 7692 §6.1, RFC 6455 §5.4: both are wrong",
        lambda case: "error in extension" in case.theirs.why and case.ours.code == 1002,
    ),
    Difference(
        ("websockets",),
        "limits compressed frames by the size of messages",
        "RFC 6455 §10.4: limits are an end's own",
        lambda case: case.theirs.code == 1009 and _since(case, len(case.theirs.events)),
    ),
    Difference(
        ("wsproto",),
        "has no limit for messages",
        "RFC 6455 §10.4: SHOULD",
        lambda case: case.ours.code == 1009 and _since(case, len(case.ours.events)),
    ),
    Difference(
        _BOTH,
        "judges a frame when it is whole, wskit by its first wrong byte",
        "RFC 6455 §7.1.7",
        _late,
    ),
    Difference(
        _BOTH,
        "awaits the payload of a frame whose header is wrong",
        "RFC 6455 §7.1.7",
        _awaits,
    ),
)


def explained(case: Case, library: str) -> str | None:
    """Return the name of the row that explains why ``library`` differs, or None."""
    for row in ROWS:
        if library in row.libraries and row.applies(case):
            return f"{row.name} ({row.section})"
    return None
