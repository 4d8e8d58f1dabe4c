"""The table of messages: what fragments say together, and control frames."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import ClassVar

from .entries import Entry
from .frame_list import FrameList
from .history import History
from .messages import Messages, MessageTable
from .rows import Piece

__all__ = ["MessageList"]


class MessageList(FrameList):
    """The rows of ``messages``; one may grow while it is looked at."""

    TIMES: ClassVar[tuple[str, ...]] = FrameList.TIMES[:2]

    def __init__(self, history: History, messages: Messages, *, start: float | None) -> None:
        """Show ``messages`` of ``history``; times are from ``start``, None: of the day."""
        self._messages = messages
        super().__init__(history, messages, start=start, id="messages")

    @property
    def said(self) -> str:
        """How many are shown, and how many frames are there no more."""
        return f"{len(self.selection)} messages{self._missing}"

    def changed(self, gone: int = 0) -> None:
        """Say that there may be more rows, and that some may have grown."""
        if self._messages.changed:
            self._strips.clear()
        super().changed(gone)

    def key(self, at: int) -> Hashable:
        """Return the number of the first frame, and of the last: with each the row grows."""
        message = self._messages.message(self._messages[at])
        return None if message is None else (message.first, message.last)

    def pieces(self, at: int) -> list[Piece]:
        """Return one message; nothing if it was dropped since the last look."""
        message = self._messages.message(self._messages[at])
        return [] if message is None else self._layout.message_row(message)

    def whole(self, first: Entry) -> Entry:
        """Return the message that begins with ``first`` as if it had come in one frame."""
        message = self._messages.message(first.number)
        if message is None or message.fragments == 1:
            return first
        payload = b"".join(entry.frame.payload for entry in self._messages.entries(message))
        frame = replace(
            first.frame,
            fin=True,
            payload=payload,
            wire_length=message.wire,
            length=message.length,
        )
        return replace(first, capture=replace(first.capture, frame=frame))

    def fit(self, width: int) -> None:
        """Choose the columns that fit."""
        self._table = self._layout = MessageTable(width, self._first_moment)
