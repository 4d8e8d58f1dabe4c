"""What compressed frames say, for who only looks: it never fails and does not work for ever."""

from __future__ import annotations

from ..errors import InvalidPayload, MessageTooBig
from ..protocol.deflate import Inflater

__all__ = ["Looker"]

_MOST = 64 << 20  # bytes of a message that are inflated
# Compressed bytes at a time: deflate makes at most 1032 of one (zlib's "maximum compression
# factor"), so that a bomb takes about 1 MiB.
_PIECE = 1024
_WINDOW_BITS = 15  # inflates what any smaller window has made


class Looker:
    """Inflates the messages of one direction, frame by frame; for one thread.

    After ``begin`` and every ``add`` of a frame, ``start`` is the start of what it gave and
    ``length`` the bytes in all, as far as a message has no more than 64 MiB. ``corrupt``: it was
    no deflate. Where what is not inflated is the context of what follows, that is hopeless, too.
    """

    def __init__(self, *, no_context_takeover: bool, preview: int) -> None:
        """``start`` is at most ``preview`` bytes."""
        self._fresh = no_context_takeover
        self._preview = preview
        self._inflater: Inflater | None = None  # None: what was lost will be missing for good
        self._renew()
        self._left = _MOST
        self.start = bytearray()
        self.length = 0
        self.corrupt = False

    def begin(self, *, message: bool) -> bool:
        """Begin a frame, and with ``message`` a message; whether there is hope to inflate it."""
        if message:
            self._left = _MOST
            if self._inflater is None and self._fresh:
                self._renew()
        self.start = bytearray()
        self.length = 0
        self.corrupt = False
        return self._inflater is not None

    def add(self, data: bytes, *, final: bool) -> None:
        """Take the next bytes of the frame; ``final``: the message ends with them."""
        for at in range(0, len(data) or 1, _PIECE):
            if self._inflater is None:
                return
            last = final and at + _PIECE >= len(data)
            self._take(self._inflater, data[at : at + _PIECE], last)

    def _take(self, inflater: Inflater, piece: bytes, last: bool) -> None:
        try:
            inflated = inflater.inflate(piece, final=last, limit=self._left)
        except MessageTooBig:
            self._inflater = None
            self.length += self._left  # what is known of it, wherever the bytes were cut
            return
        except InvalidPayload:
            self._inflater = None
            self.corrupt = True
            return
        self._left -= len(inflated)
        self.length += len(inflated)
        self.start += inflated[: self._preview - len(self.start)]

    def _renew(self) -> None:
        self._inflater = Inflater(_WINDOW_BITS, no_context_takeover=self._fresh)
