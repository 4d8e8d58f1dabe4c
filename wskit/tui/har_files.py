"""The conversations in a HAR file as frames: those that wskit wrote, else messages as one each."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from itertools import islice

from ..archives import RecordedMessage, Recording, read_har
from ..events import Event, Opened
from ..protocol.frames import Direction, FrameRecord, close_payload
from ..protocol.opcodes import CLOSE, MessageType, Side
from ..taps import Capture
from .outgoing import NotSent, Outgoing

__all__ = ["LARGEST", "HarSource"]

LARGEST = 512 << 20
"""Bytes of a HAR file, which has to be in memory as a whole."""

_AT_ONCE = 4096  # frames


class HarSource:
    """The frames of a HAR file, of all connections in the order of their times.

    Browsers and proxies write whole messages and no control frames, so of their files fragments,
    compression and masks are not known: what a client sent counts as masked.
    """

    problem = ""

    def __init__(self, recordings: list[Recording]) -> None:
        """Give the frames of ``recordings``."""
        named = (
            _events(recording, f"{number} {recording.url}")
            for number, recording in enumerate(recordings, 1)
        )
        merged = heapq.merge(*named, key=lambda event: event.time)
        self._events: Iterator[Event] = merged
        self.ended = False

    @classmethod
    def open(cls, path: str) -> HarSource:
        """Return the source of the file at ``path``; raises OSError and ValueError naming it."""
        size = os.stat(path).st_size
        if size > LARGEST:
            raise ValueError(f"{path}: has {size} bytes, more than {LARGEST}")
        recordings = read_har(path)
        if not recordings:
            raise ValueError(f"{path}: has no WebSocket conversation")
        return cls(recordings)

    def take(self, timeout: float) -> list[Event]:
        """Return the next frames."""
        taken = list(islice(self._events, _AT_ONCE))
        self.ended = not taken
        return taken

    def send(self, connection: str, frame: Outgoing) -> None:
        """Refuse."""
        raise NotSent("there is nothing to send to: this is a recording")

    def end(self) -> None:
        """There is nothing to let go of."""


def _events(recording: Recording, name: str) -> Iterator[Opened | Capture]:
    yield Opened(
        recording.started,
        name,
        Side.CLIENT,
        recording.url,
        request=recording.headers,
        # Chromium writes -1 for an answer that it did not see.
        status=recording.status if 0 <= recording.status <= 999 else 0,
        response=recording.response_headers,
        body=recording.body,
    )
    if recording.frames:
        for time, frame in recording.frames:
            yield Capture(time, name, frame)
        return
    last = recording.started
    for message in recording.messages:
        last = recording.started + message.time
        yield Capture(last, name, _message(message))
    closing = _close(recording)
    if closing is not None:
        yield Capture(last, name, closing)


def _message(message: RecordedMessage) -> FrameRecord:
    kind, data = message.message
    payload = data.encode() if isinstance(data, str) else data
    return _frame(message.sender is Side.CLIENT, kind, payload)


def _close(recording: Recording) -> FrameRecord | None:
    close = recording.close
    if close is None or close.initiated_by is None or close.code == 1006:
        return None
    try:
        payload = close_payload(None if close.code == 1005 else close.code, close.reason)
    except ValueError:  # it may not be sent, but it was
        payload = (close.code & 0xFFFF).to_bytes(2, "big")
    return _frame(close.initiated_by == "client", CLOSE, payload)


def _frame(by_client: bool, opcode: MessageType | int, payload: bytes) -> FrameRecord:
    way = Direction.OUT if by_client else Direction.IN
    size = len(payload)
    return FrameRecord(way, int(opcode), True, 0, by_client, size, size, payload)
