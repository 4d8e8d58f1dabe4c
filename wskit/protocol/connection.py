"""One WebSocket connection as a state machine: bytes in, events out; calls in, frames out.

The law of this package: no socket, thread, clock, log or randomness. The inbound half (``target``
to ``next_event``) belongs to the thread that reads, the outbound half (``data`` to ``reply``) to
whoever holds the writer's lock. The halves share only the close state, which is explicit:
``writable``, ``close_sent``, ``close_received``, ``failed``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..errors import ConnectionClosed, ProtocolError
from .deflate import Deflater, Inflater
from .extensions import Compression, DeflateParameters
from .frames import (
    FIN,
    MAX_CONTROL,
    RSV1,
    BytesLike,
    Direction,
    FrameRecord,
    Tap,
    close_payload,
    encode,
    header,
    parse_close,
)
from .gates import Gate
from .messages import Assembler
from .opcodes import CLOSE, CONTINUATION, PING, PONG, Side
from .parser import FrameParser, Lender, Unpooled

__all__ = ["Event", "Protocol"]

_FIN = FIN  # of this module's own names the .pxd can say that they are ints of C

Event = tuple[int, str | bytes]
"""An opcode (TEXT, BINARY, CLOSE, PING or PONG) and its data; only TEXT has a ``str``."""


class Protocol:
    """One side of a connection whose opening handshake is done.

    ``next_key`` gives a client its masking keys, ints below 2**32 (§5.3 wants them unpredictable).
    ``tap`` is called with a FrameRecord for each frame parsed, even if its content is wrong, and
    each about to be sent; it must neither block nor raise. While ``gate`` is shut, the tap is not
    called.
    """

    __slots__ = (
        "_assembler",
        "_compression",
        "_deflate",
        "_deflater",
        "_next_key",
        "_preview",
        "_sending",
        "close_received",
        "close_sent",
        "failed",
        "gate",
        "parser",
        "side",
        "tap",
        "writable",
    )

    def __init__(
        self,
        side: Side,
        *,
        max_message_size: int = 1 << 20,
        max_fragments: int = 4096,
        small_size: int = 2048,
        lender: Lender | None = None,
        deflate: DeflateParameters | None = None,
        compression: Compression | None = None,
        next_key: Callable[[], int] | None = None,
        tap: Tap | None = None,
        preview: int = 4096,
    ) -> None:
        """Be ``side``, open; ``deflate`` is what the handshake agreed, ``compression`` the wish.

        Taps are given the first ``preview`` bytes of each payload.
        """
        if side is Side.CLIENT and next_key is None:
            raise ValueError("next_key: a client must mask what it sends (RFC 6455 §5.1)")
        self.side = side
        self.parser = FrameParser(
            side,
            room=max_message_size,
            deflate=deflate is not None,
            small=small_size,
            lender=lender if lender is not None else Unpooled(),
        )
        self._assembler = Assembler(
            self.parser,
            max_size=max_message_size,
            max_fragments=max_fragments,
            inflater=_inflater(side, deflate) if deflate is not None else None,
        )
        self._deflate = deflate
        self._compression = compression
        self._deflater: Deflater | None = None
        self._next_key = next_key if side is Side.CLIENT else None
        self._sending = False  # a fragmented message of ours is unfinished
        self.writable = True  # until a close frame is sent or the transport is lost
        self.close_sent: tuple[int, str] | None = None
        self.close_received: tuple[int, str] | None = None
        self.failed: ProtocolError | None = None
        self.tap = tap  # may be set at any time, from any thread
        self.gate: Gate | None = None  # before the tap; to be None while that is changed
        self._preview = preview

    # -- inbound -------------------------------------------------------------------------------

    def receive(self, data: BytesLike) -> Iterator[Event]:
        """Take ``data`` and yield the events it completes; exhaust it before the next call.

        What comes after a CLOSE event or an error is dropped (§1.4). Raises ProtocolError (or a
        subclass) after the events that came before the violation.
        """
        view = memoryview(data)
        while len(view) and self.close_received is None and self.failed is None:
            target = self.parser.target()
            size = min(len(target), len(view))
            target[:size] = view[:size]
            self.parser.received(size)
            view = view[size:]
            while (event := self.next_event()) is not None:
                yield event

    def next_event(self) -> Event | None:
        """Return the next event in what was received, or None when more bytes are needed.

        Nothing comes after a CLOSE event or an error. Raises ProtocolError or a subclass, once.
        """
        if self.close_received is not None or self.failed is not None:
            return None
        parser = self.parser
        try:
            while parser.next():
                if 0x88 <= parser.first <= 0x8A:
                    return self._control()
                tap = self.tap
                if tap is None or self._skips_in():
                    event = self._assembler.take()
                else:
                    event = self._take_watched(tap)
                if parser.loan is not None:
                    parser.release()
                if event is not None:
                    return event
            if parser.in_body and not 0x88 <= parser.first <= 0x8A:
                self._assembler.glance()
        except ProtocolError as error:
            self.failed = error
            parser.release()
            raise
        return None

    def _control(self) -> Event:
        parser = self.parser
        opcode, payload = parser.first & 0x0F, bytes(parser.payload)
        tap = self.tap
        if tap is not None and not self._skips_in():
            self._tap_in(tap)
        parser.release()
        if opcode == CLOSE:
            self.close_received = parse_close(payload)
        return opcode, payload

    def _skips_in(self) -> bool:
        gate = self.gate
        if gate is None or gate.budget.left > 0:
            return False
        gate.skipped_in += 1
        return True

    def _take_watched(self, tap: Tap) -> Event | None:
        assembler = self._assembler
        assembler.watched = True
        try:
            return assembler.take()
        finally:  # a frame that is wrong is the one to look at
            assembler.watched = False
            self._tap_in(tap)

    def _tap_in(self, tap: Tap) -> None:
        parser, assembler = self.parser, self._assembler
        data: bytes | memoryview = parser.payload
        if assembler.inflated is not None:
            data, assembler.inflated = assembler.inflated, None
        record = FrameRecord(
            Direction.IN,
            parser.first & 0x0F,
            parser.first >= FIN,
            parser.first >> 4 & 7,
            parser.masked,
            parser.size,
            len(data),
            bytes(data[: self._preview]),
        )
        tap(record)

    # -- outbound ------------------------------------------------------------------------------

    def data(
        self, opcode: int, payload: BytesLike, compress: bool | None = None, fin: bool = True
    ) -> bytes:
        """Return the frame of a text or binary message, or of a fragment of one (§5.4).

        ``compress`` None follows ``write_threshold``; it has no effect where deflate was not
        agreed, nor on fragments. Raises ConnectionClosed after a close frame, ValueError for a
        fragment out of order.
        """
        if not self.writable:
            raise self.closed()
        if not fin or self._sending or opcode == CONTINUATION:
            return self._fragment(opcode, payload, fin)
        if self._deflate is not None and self._wants_deflate(len(payload), compress):
            return self._compressed(opcode, payload)
        if self._next_key is None and (self.tap is None or self._skips_out()):
            return header(_FIN | opcode, len(payload)) + payload  # nearly all that a server sends
        return self._frame(FIN | opcode, payload, payload)

    def framed(self, frame: bytes) -> bytes:
        """Return ``frame``, made by ``frame_text`` or ``frame_bin``, if it may be sent now.

        Raises ConnectionClosed after a close frame, ValueError on a client, which must mask, and
        inside a fragmented message.
        """
        if self._next_key is not None:
            raise ValueError("frame: a client must mask, so it cannot send ready-made frames")
        if not self.writable:
            raise self.closed()
        if self._sending:
            raise ValueError("frame: a fragmented message is unfinished (RFC 6455 §5.4)")
        tap = self.tap
        if tap is not None and not self._skips_out():
            payload = memoryview(frame)[_payload_start(frame) :]
            self._tap_out(tap, frame[0], len(payload), payload)
        return frame

    def unchecked(self, first: int, payload: BytesLike, *, masked: bool) -> bytes:
        """Return a frame with any first byte, right or wrong, for tools that try a peer.

        It changes no state: what is sent of a fragmented message or a closing handshake this way
        is not known here.
        """
        key = _key(self._next_key) if masked else None
        tap = self.tap
        if tap is not None and not self._skips_out():
            tap(_outgoing(first, masked, len(payload), payload, self._preview))
        return encode(first, payload, key)

    def control(self, opcode: int, payload: BytesLike) -> bytes:
        """Return a ping or pong frame; ValueError for a payload of more than 125 bytes (§5.5)."""
        if len(payload) > MAX_CONTROL:
            raise ValueError(f"data: a control frame takes 125 bytes, not {len(payload)}")
        if not self.writable:
            raise self.closed()
        return self._frame(FIN | opcode, payload, payload)

    def close(self, code: int | None = 1000, reason: str = "") -> bytes:
        """Return the close frame; nothing may be sent after it (§5.5.1).

        Raises ValueError as ``close_payload`` does, ConnectionClosed if one was sent before.
        """
        payload = close_payload(code, reason)
        if not self.writable:
            raise self.closed()
        self.writable = False
        self.close_sent = (1005 if code is None else code, reason)
        return self._frame(FIN | CLOSE, payload, payload)

    def reply(self, event: Event) -> bytes:
        """Return what the protocol answers by itself: a pong, the echo of a close, else b"".

        The close echo repeats the peer's code, or is empty as the peer's was (§5.5.1).
        """
        opcode, data = event
        if not self.writable or isinstance(data, str):
            return b""
        if opcode == PING:
            return self.control(PONG, data)
        if opcode == CLOSE and self.close_received is not None:
            code = self.close_received[0]
            return self.close(None if code == 1005 else code)
        return b""

    def fail(self, error: ProtocolError) -> bytes:
        """Return the close frame that tells the peer of ``error`` (§7.1.7); b"" if one was sent."""
        if not self.writable:
            return b""
        return self.close(error.close_code, str(error))

    def lose(self) -> None:
        """Say that the transport is gone: nothing can be sent any more, all buffers go back."""
        self.writable = False
        self.parser.abandon()
        self._assembler.abandon()
        if self.failed is not None:
            # Its traceback and context hold payloads, and this object in a cycle.
            self.failed.__traceback__ = self.failed.__context__ = None

    def closed(self) -> ConnectionClosed:
        """Return the error for using a closed connection: the peer's close if it sent one."""
        code, reason = self.close_received or self.close_sent or (1006, "")
        return ConnectionClosed(code, reason)

    @property
    def compression_bytes(self) -> int:
        """What the compressor holds by zlib's own formula, in bytes; 0 while there is none."""
        return self._deflater.bytes_held if self._deflater is not None else 0

    def _wants_deflate(self, size: int, compress: bool | None) -> bool:
        if compress is not None:
            return compress
        threshold = self._compression.write_threshold if self._compression is not None else None
        return threshold is not None and size >= threshold

    def _compressed(self, opcode: int, payload: BytesLike) -> bytes:
        if self._deflater is None:
            assert self._deflate is not None
            self._deflater = _deflater(self.side, self._deflate, self._compression or Compression())
        small = self._deflater.compress(payload)
        if len(small) >= len(payload) and self._deflater.no_context_takeover:
            # With takeover the peer must see whatever went through our context, even if larger.
            return self._frame(FIN | opcode, payload, payload)
        return self._frame(FIN | RSV1 | opcode, small, payload)

    def _fragment(self, opcode: int, payload: BytesLike, fin: bool) -> bytes:
        if (opcode == CONTINUATION) != self._sending:
            expected = "CONTINUATION" if self._sending else "TEXT or BINARY"
            raise ValueError(f"opcode: the next data frame must be {expected} (RFC 6455 §5.4)")
        self._sending = not fin
        return self._frame(FIN * fin | opcode, payload, payload)

    def _frame(self, first: int, payload: BytesLike, plain: BytesLike) -> bytes:
        key = self._next_key
        frame = encode(first, payload) if key is None else encode(first, payload, key())
        tap = self.tap
        if tap is not None and not self._skips_out():
            self._tap_out(tap, first, len(payload), plain)
        return frame

    def _skips_out(self) -> bool:
        gate = self.gate
        if gate is None or gate.budget.left > 0:
            return False
        gate.skipped_out += 1
        return True

    def _tap_out(self, tap: Tap, first: int, wire_length: int, plain: BytesLike) -> None:
        tap(_outgoing(first, self._next_key is not None, wire_length, plain, self._preview))


def _outgoing(
    first: int, masked: bool, wire_length: int, plain: BytesLike, preview: int
) -> FrameRecord:
    return FrameRecord(
        Direction.OUT,
        first & 0x0F,
        first >= FIN,
        first >> 4 & 7,
        masked,
        wire_length,
        len(plain),
        bytes(plain[:preview]),
    )


def _key(next_key: Callable[[], int] | None) -> int:
    return 0 if next_key is None else next_key()  # a server has no use for keys, and has none


def _payload_start(frame: bytes) -> int:
    return {126: 4, 127: 10}.get(frame[1], 2)


def _inflater(side: Side, agreed: DeflateParameters) -> Inflater:
    if side is Side.SERVER:
        bits, fresh = agreed.client_max_window_bits, agreed.client_no_context_takeover
    else:
        bits, fresh = agreed.server_max_window_bits, agreed.server_no_context_takeover
    return Inflater(bits, no_context_takeover=fresh)


def _deflater(side: Side, agreed: DeflateParameters, wish: Compression) -> Deflater:
    if side is Side.SERVER:
        bits, fresh = agreed.server_max_window_bits, agreed.server_no_context_takeover
    else:
        bits, fresh = agreed.client_max_window_bits, agreed.client_no_context_takeover
    return Deflater(
        bits,
        no_context_takeover=fresh,
        level=wish.level,
        mem_level=wish.mem_level,
        retain=wish.retain_write_buffer,
    )
