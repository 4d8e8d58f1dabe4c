"""The messages of a conversation, put together from their frames."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from ..protocol.opcodes import CONTINUATION, TEXT
from .entries import Entry
from .excerpts import Conversation

__all__ = ["Line", "said"]


@dataclass(slots=True)
class Line:
    """A message, or a control frame; ``time`` is when its last frame passed.

    ``whole`` is False where only the start of the payload was kept, ``frames`` counts its frames.
    """

    time: float
    by_client: bool
    opcode: int
    payload: bytes
    frames: int = 1
    whole: bool = True

    @property
    def data(self) -> str | bytes | None:
        """The payload: str of text, bytes of others; None of text that is no UTF-8."""
        if self.opcode != TEXT:
            return self.payload
        try:
            decoder = codecs.getincrementaldecoder("utf-8")()
            return decoder.decode(self.payload, final=self.whole)
        except UnicodeDecodeError:
            return None


def said(conversation: Conversation) -> Iterator[Line | Entry]:
    """Yield what was said in order, each message at its last frame.

    A frame that broke the protocol, or whose message has no beginning here, is yielded as it is;
    a message that has no end is not.
    """
    unfinished: dict[bool, list[Entry]] = {True: [], False: []}
    for entry in conversation.entries:
        by_client, frame = conversation.by_client(entry), entry.frame
        frames = unfinished[by_client] if entry.is_data else []
        if entry.wrong or (frame.opcode == CONTINUATION) != bool(frames):
            yield entry
            continue
        frames.append(entry)
        if frame.fin:
            yield _message(by_client, frames)
            frames.clear()


def _message(by_client: bool, entries: list[Entry]) -> Line:
    return Line(
        entries[-1].capture.time,
        by_client,
        entries[0].frame.opcode,
        b"".join(entry.frame.payload for entry in entries),
        len(entries),
        not any(entry.is_cut for entry in entries),
    )
