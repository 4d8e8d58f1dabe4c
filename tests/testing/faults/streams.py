"""One short stream for tests of stages: a request, a text frame "hi", an empty ping, a close."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from wskit.relaying.stages import Item, Stage

__all__ = ["HEAD", "STREAM", "cut_up", "sent"]

HEAD = b"GET / HTTP/1.1\r\n\r\n"
STREAM = HEAD + b"\x81\x02hi" + b"\x89\x00" + b"\x88\x02\x03\xe8"


def cut_up(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return ``data`` in pieces, cut at ``places``."""
    edges = sorted({0, len(data), *places})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def sent(stage: Stage, pieces: Iterable[bytes]) -> list[Item]:
    """Return what ``stage`` makes of ``pieces``."""
    return [item for piece in pieces for item in stage.pass_on(piece)]
