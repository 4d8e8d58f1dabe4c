"""Cuts inbound bytes into frames (RFC 6455 §5.2).

The law of this file: a header is judged in full before one byte of payload is awaited, and what
is held for an unfinished frame never exceeds about four times what the peer has sent of it.

Memory. Bytes are read into ``buffer``, the connection's small one, which may take more than one
frame (over-read). A payload that is unfinished stays there if it fits; else a buffer is borrowed
from the lender and the socket is read straight into it, for exactly this frame: it never holds the
start of the next one, so it goes back as soon as the message is taken. A borrowed buffer begins
with what is there and grows by four, never by resizing: growing means borrowing another.
"""

from __future__ import annotations

from struct import Struct
from typing import Protocol as Interface

from ..errors import MessageTooBig, ProtocolError
from .masking import KEY, plain, rotated, unmask_in_place, unmasked
from .opcodes import Side

__all__ = ["MOST", "FrameParser", "Lender", "Unpooled"]

_UINT64 = Struct("!Q").unpack_from
_KEY_AT = KEY.unpack_from


def _legal(*first: int) -> bytes:
    # A table: 1 for these first bytes, and for those of control frames, which need FIN (§5.5).
    return bytes(byte in (*first, 0x88, 0x89, 0x8A) for byte in range(256))


# The first bytes that are legal, by state: no message open or one open (§5.4), and whether
# permessage-deflate is agreed, which gives RSV1 a meaning on the first frame of a message only
# (RFC 7692 §6.1). Everything else is reserved.
_CLOSED = _legal(0x01, 0x02, 0x81, 0x82)
_CLOSED_DEFLATE = _legal(0x01, 0x02, 0x41, 0x42, 0x81, 0x82, 0xC1, 0xC2)
_OPEN = _legal(0x00, 0x80)
_GROWTH = 4
MOST = 1 << 60  # bytes of a message: more than any memory, and C can still count them
_LONGEST_HEADER = 14


class Lender(Interface):
    """Where the parser borrows buffers for payloads that the small buffer cannot take."""

    def lend(self, size: int) -> bytearray:
        """Return a buffer of at least ``size`` bytes."""

    def release(self, buffer: bytearray) -> None:
        """Take a lent buffer back."""


class Unpooled:
    """A lender without a pool: each loan is made, and freed when it comes back."""

    def lend(self, size: int) -> bytearray:
        """Return a new buffer of ``size`` bytes."""
        return bytearray(size)

    def release(self, buffer: bytearray) -> None:
        """Let ``buffer`` go."""


class FrameParser:
    """A cursor over the inbound stream: after ``next()`` its fields describe one whole frame.

    Fill ``target()`` and say how much with ``received()``, then call ``next()`` until it is False.
    ``first`` is the frame's first byte, ``payload`` its unmasked bytes: owned where they came with
    the header, else a view that ``release()`` ends. Used by one thread at a time.
    """

    __slots__ = (
        "_body",
        "_filled",
        "_key",
        "_legal",
        "_legal_closed",
        "_lender",
        "loan",
        "_mask_bit",
        "_seen",
        "_small",
        "buffer",
        "deflated_room",
        "end",
        "first",
        "in_body",
        "payload",
        "room",
        "size",
        "start",
    )

    def __init__(
        self, side: Side, *, room: int, deflate: bool, small: int = 2048, lender: Lender
    ) -> None:
        """Parse what ``side`` receives; payloads of data frames may have ``room`` bytes.

        ``small`` is the size of the small buffer; ValueError if a header might not fit.
        """
        if small < _LONGEST_HEADER:
            raise ValueError(f"small_size: must be at least {_LONGEST_HEADER}, not {small}")
        self._mask_bit = 0x80 if side is Side.SERVER else 0
        self._legal_closed = _CLOSED_DEFLATE if deflate else _CLOSED
        self._legal = self._legal_closed
        self._lender = lender
        self._small = small
        self.buffer: bytearray | None = None  # the small buffer: [start:end] is unread
        self.start = 0
        self.end = 0
        self.room = min(room, MOST)  # what a data frame may still add to its message, in bytes
        self.deflated_room = self.room + self.room // 8 + 1024
        self.first = 0
        self.size = 0  # of the payload
        self.payload: bytes | memoryview = b""
        self.in_body = False  # the header at hand is good, its payload unfinished
        self._key = 0
        self._body = 0  # where the payload starts in the small buffer or the loan
        self._filled = 0  # payload bytes there, unmasked
        self._seen = 0  # ... of which unseen() has shown
        self.loan: bytearray | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing unread and nothing unfinished is in the small buffer."""
        return self.start == self.end and (not self.in_body or self.loan is not None)

    @property
    def masked(self) -> bool:
        """Whether the frames that arrive are masked."""
        return self._mask_bit != 0

    @property
    def pending(self) -> bool:
        """Whether bytes are waiting in the small buffer, as far as is known without parsing."""
        return self.start < self.end

    def target(self) -> bytearray | memoryview:
        """Return where the next bytes go; never empty. Do not keep it beyond ``received()``."""
        if self.loan is not None:
            stop = min(len(self.loan), self.size)
            return memoryview(self.loan)[self._filled : stop]
        buffer = self.buffer
        if buffer is None:
            buffer = self.buffer = bytearray(self._small)
        if self.in_body:
            return memoryview(buffer)[self.end :]
        if self.start == self.end:
            self.start = self.end = 0
            return buffer
        if self.start:
            self._move_to_front(buffer, self.start)
        return memoryview(buffer)[self.end :]

    def received(self, count: int) -> None:
        """Say that ``count`` bytes were written to the start of ``target()``."""
        if self.loan is not None:
            self._take(self.loan, count)
        else:
            self.end += count

    def next(self) -> bool:
        """Advance to the next whole frame; False means that more bytes are needed.

        Raises ProtocolError or MessageTooBig as soon as the header says so.
        """
        if self.in_body:
            return self._continue_body()
        start, end, buffer = self.start, self.end, self.buffer
        if start == end or buffer is None:
            return False
        octets = buffer
        first = octets[start]
        if not self._legal[first]:
            raise self._illegal(first)
        if end - start < 2:
            return False
        size = octets[start + 1]
        mask_bit = self._mask_bit
        if size & 0x80 != mask_bit:
            # §5.1: a server must close on an unmasked frame, a client on a masked one.
            wanted = "masked" if mask_bit else "unmasked"
            raise ProtocolError(f"frames to this end must be {wanted}")
        size &= 0x7F
        body = start + 2
        if size > 125:
            if 0x88 <= first <= 0x8A:
                raise ProtocolError("control frame of more than 125 bytes")
            extra = 2 if size == 126 else 8
            if end < body + extra:
                return False
            size = _long_size(buffer, body, extra)
            body += extra
        # Deflate can make a little more of data that does not compress, so the first frame of a
        # compressed message gets some slack; the inflated size has the exact limit.
        if size > self.room and (
            not 0x88 <= first <= 0x8A and (not first & 0x40 or size > self.deflated_room)
        ):
            raise MessageTooBig("message too big")
        if mask_bit:
            body += 4
            if end < body:
                return False
        if first <= 0x80:
            # Of the legal first bytes only those without FIN are below 0x80, and they leave the
            # message open; 0x80 itself is the continuation that ends it (§5.4).
            self._legal = _OPEN if first < 0x80 else self._legal_closed
        self.first = first
        self.size = size
        stop = body + size
        if stop > end:
            self._begin_body(buffer, body)
            return False
        self.payload = unmasked(buffer, body, stop) if mask_bit else plain(buffer, body, stop)
        self.start = stop
        return True

    def unseen(self) -> bytes | memoryview:
        """Return the unmasked payload bytes of the frame at hand not returned here before.

        It works while the frame is unfinished (``in_body``), so that bad text or too much inflated
        data is found at the byte that makes it so; who began must call it when the frame is whole.
        """
        seen, self._seen = self._seen, self._filled
        if not self.in_body:
            self._seen = 0
            return self.payload[seen:] if seen else self.payload
        holder = self.loan if self.loan is not None else self.buffer
        assert holder is not None
        octets = holder
        return bytes(octets[self._body + seen : self._body + self._filled])

    def release(self) -> None:
        """Give a borrowed buffer back; the payload of the frame at hand is void from here."""
        if self.loan is None:
            return
        if isinstance(self.payload, memoryview):
            self.payload.release()
        self.payload = b""
        self._lender.release(self.loan)
        self.loan = None

    def abandon(self) -> None:
        """Drop everything unread and give all buffers back; the connection is over."""
        self.release()
        self.start = self.end = 0
        self.in_body = False
        self.buffer = None

    def _move_to_front(self, buffer: bytearray, start: int) -> None:
        buffer[: self.end - start] = buffer[start : self.end]
        self.end -= start
        self.start = 0

    def _illegal(self, first: int) -> ProtocolError:
        opcode, rsv = first & 0x0F, first & 0x70
        if 3 <= opcode <= 7 or opcode > 10:
            return ProtocolError(f"reserved opcode {opcode}")
        deflate = self._legal_closed is _CLOSED_DEFLATE
        if rsv and not (deflate and rsv == 0x40 and opcode in (1, 2)):
            return ProtocolError("reserved bits must be 0")
        if opcode >= 8:
            return ProtocolError("control frame in fragments")
        if opcode == 0:
            return ProtocolError("continuation of nothing")
        return ProtocolError("new message inside an unfinished one")

    def _begin_body(self, buffer: bytearray, body: int) -> None:
        if self._mask_bit:
            (self._key,) = _KEY_AT(buffer, body - 4)
        present = self.end - body
        self.in_body = True
        self._filled = self._seen = 0
        if self.size <= len(buffer):
            if body + self.size > len(buffer):
                self._move_to_front(buffer, body)
                body = 0
            self._body = self.start = body
            self._take(buffer, present)
            return
        self._body = 0
        loan = self.loan = self._lender.lend(min(self.size, _GROWTH * present + len(buffer)))
        loan[:present] = buffer[body : self.end]
        self.start = self.end = 0
        self._take(loan, present)

    def _take(self, holder: bytearray, count: int) -> None:
        at = self._body + self._filled
        if self._mask_bit:
            unmask_in_place(holder, at, at + count, rotated(self._key, self._filled))
        self._filled += count

    def _continue_body(self) -> bool:
        if self.loan is not None:
            return self._continue_loan(self.loan)
        buffer = self.buffer
        assert buffer is not None
        at = self._body + self._filled
        self._take(buffer, min(self.end - at, self.size - self._filled))
        if self._filled < self.size:
            return False
        self.in_body = False
        self.start = self._body + self.size
        self.payload = bytes(buffer[self._body : self.start])
        return True

    def _continue_loan(self, loan: bytearray) -> bool:
        if self._filled == self.size:
            self.in_body = False
            self.payload = memoryview(loan)[: self.size]
            return True
        if self._filled == len(loan):
            larger = self._lender.lend(min(self.size, _GROWTH * len(loan)))
            larger[: self._filled] = loan
            self.loan = larger
            self._lender.release(loan)
        return False


def _long_size(octets: bytearray, at: int, extra: int) -> int:
    if extra == 2:
        size = octets[at] << 8 | octets[at + 1]
    else:
        (size,) = _UINT64(octets, at)
    # §5.2: "the minimal number of bytes MUST be used", "the most significant bit MUST be 0".
    if size < (126 if extra == 2 else 0x10000):
        raise ProtocolError("length not in its shortest form")
    if size >> 63:
        raise ProtocolError("length with the top bit set")
    return int(size)
