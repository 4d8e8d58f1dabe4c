"""Values that strategies give: what they mean, and the bytes that say so (RFC 6455 §5.2).

The law of this file: it imports nothing of `wskit.protocol`. What is wrong on purpose can be said
here; ``encode`` writes it as it is.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from .pasting import Pasted
from .rules import VIOLATIONS

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "PING",
    "PONG",
    "SENDERS",
    "TEXT",
    "Agreement",
    "DeflateStream",
    "Frame",
    "InvalidFrame",
    "Stream",
    "events_of",
]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
SENDERS = ("client", "server")
RSV1 = 4
_TAIL = b"\x00\x00\xff\xff"  # RFC 7692 §7.2.2
_MOST = {7: 125, 16: 0xFFFF, 64: (1 << 64) - 1}  # that each form of length can say

Event = tuple[int, str | bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Frame(Pasted):
    """One frame, right or wrong; ``payload`` is unmasked, ``rsv`` 0..7 with RSV1 as 4.

    ``mask`` is the key of 4 bytes or None. ``length_form`` is 7, 16 or 64 bits, None the shortest;
    ``announced`` the length in the header, None the true one. ValueError names a field.
    """

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    mask: bytes | None = None
    length_form: int | None = None
    announced: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no frame can say."""
        if not 0 <= self.opcode <= 15:
            raise ValueError(f"opcode: must be 0..15, not {self.opcode!r}")
        if not 0 <= self.rsv <= 7:
            raise ValueError(f"rsv: must be 0..7, not {self.rsv!r}")
        if self.mask is not None and len(self.mask) != 4:
            raise ValueError(f"mask: must be 4 bytes or None, not {self.mask!r}")
        if self.length_form is not None and self.length_form not in _MOST:
            raise ValueError(f"length_form: must be 7, 16, 64 or None, not {self.length_form!r}")
        if not 0 <= self.length <= _MOST[self.form]:
            raise ValueError(f"announced: {self.length} does not fit in {self.form} bits")

    @property
    def length(self) -> int:
        """The payload length in the header."""
        return len(self.payload) if self.announced is None else self.announced

    @property
    def form(self) -> int:
        """The bits in which the length is said: 7, 16 or 64."""
        if self.length_form is not None:
            return self.length_form
        return next((form for form, most in _MOST.items() if self.length <= most), 64)

    @property
    def control(self) -> bool:
        """Whether this is a close, ping or pong, or has a reserved opcode of that half."""
        return self.opcode >= 8

    def encode(self) -> bytes:
        """Return the frame as it goes on the wire."""
        first = self.fin << 7 | self.rsv << 4 | self.opcode
        form, length = self.form, self.length
        short = {7: length, 16: 126, 64: 127}[form]
        extra = b"" if form == 7 else length.to_bytes(form // 8, "big")
        if self.mask is None:
            return bytes((first, short)) + extra + self.payload
        start = bytes((first, 0x80 | short)) + extra + self.mask
        return start + _masked(self.payload, self.mask)

    def __bytes__(self) -> bytes:
        """Return ``encode()``."""
        return self.encode()


@dataclass(frozen=True, slots=True, repr=False)
class Agreement(Pasted):
    """What a handshake agreed on for permessage-deflate (RFC 7692 §7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    def window_bits(self, sender: str) -> int:
        """Return the window, as a power of two, in which ``sender`` compresses."""
        return self.client_max_window_bits if sender == "client" else self.server_max_window_bits

    def fresh(self, sender: str) -> bool:
        """Tell whether ``sender`` starts each message with an empty window."""
        if sender == "client":
            return self.client_no_context_takeover
        return self.server_no_context_takeover


@dataclass(frozen=True, slots=True, repr=False)
class DeflateStream(Pasted):
    """The payload of one compressed message, and what it inflates to: None where it does not."""

    payload: bytes
    plain: bytes | None

    def encode(self) -> bytes:
        """Return ``payload``: raw deflate without the last four bytes (RFC 7692 §7.2.1)."""
        return self.payload

    def __bytes__(self) -> bytes:
        """Return ``encode()``."""
        return self.payload


@dataclass(frozen=True, slots=True, repr=False)
class InvalidFrame(Pasted):
    """A frame that breaks one rule when ``sender`` begins a connection with it."""

    frame: Frame
    sender: str
    violation: str

    @property
    def close_code(self) -> int:
        """The close code that it earns."""
        return VIOLATIONS[self.violation].answer

    def encode(self) -> bytes:
        """Return the frame as it goes on the wire."""
        return self.frame.encode()

    def __bytes__(self) -> bytes:
        """Return ``encode()``."""
        return self.encode()


@dataclass(frozen=True, slots=True, repr=False)
class Stream(Pasted):
    """What ``sender`` says after the opening handshake, in order.

    ``agreement`` is None without permessage-deflate. ``violation`` is the rule that the last frame
    breaks; the frames before are legal, and so is all without one.
    """

    sender: str
    frames: tuple[Frame, ...] = ()
    agreement: Agreement | None = None
    violation: str | None = None

    @property
    def close_code(self) -> int | None:
        """The close code that the stream earns; None for a legal one."""
        return None if self.violation is None else VIOLATIONS[self.violation].answer

    @property
    def events(self) -> list[Event]:
        """Opcode and data of each control frame and whole message that the receiver must see."""
        legal = self.frames if self.violation is None else self.frames[:-1]
        return events_of(self.sender, legal, self.agreement)

    def encode(self) -> bytes:
        """Return the frames as they go on the wire."""
        return b"".join(frame.encode() for frame in self.frames)

    def __bytes__(self) -> bytes:
        """Return ``encode()``."""
        return self.encode()


def events_of(sender: str, frames: tuple[Frame, ...], agreement: Agreement | None) -> list[Event]:
    """Return what legal ``frames`` of ``sender`` say, up to the first close frame; text is str."""
    found: list[Event] = []
    inflater = _Inflater(agreement, sender)
    opcode, packed, parts = 0, False, b""
    for frame in frames:
        if frame.control:
            found.append((frame.opcode, frame.payload))
            if frame.opcode == CLOSE:
                break
            continue
        if frame.opcode != CONTINUATION:
            opcode, packed, parts = frame.opcode, frame.rsv & RSV1 != 0, b""
        parts += frame.payload
        if frame.fin:
            data = inflater.inflate(parts) if packed else parts
            found.append((opcode, data.decode() if opcode == TEXT else data))
    return found


class _Inflater:
    def __init__(self, agreement: Agreement | None, sender: str) -> None:
        self._fresh = agreement is not None and agreement.fresh(sender)
        self._decoder = zlib.decompressobj(-15)

    def inflate(self, payload: bytes) -> bytes:
        data, rest = b"", payload + _TAIL
        while rest:
            data += self._decoder.decompress(rest)
            rest = self._decoder.unused_data
            if self._decoder.eof:  # a final block: the next one starts anew (RFC 7692 §7.2.3.4)
                self._decoder = zlib.decompressobj(-15)
            if rest == _TAIL:
                break
        if self._fresh:
            self._decoder = zlib.decompressobj(-15)
        return data


def _masked(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    pad = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return number.to_bytes(size, "big")
