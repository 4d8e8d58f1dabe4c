"""A connection as applications see it: write, close, ask. The same for both ends."""

from __future__ import annotations

import threading
import time
from typing import Literal, NamedTuple, overload

from .errors import ConnectionClosed, ProtocolError
from .message_buffers import BinaryBuffer, TextBuffer
from .outbound import Outbound
from .protocol.connection import Protocol
from .protocol.frames import BytesLike, Tap, parse_close
from .protocol.gates import Gate
from .protocol.opcodes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, MessageType
from .stats import ConnStats
from .taps import guarded, joined

__all__ = ["KEEPALIVE", "Address", "Conn", "format_address"]

Address = tuple[str, int] | str
"""Host and port, or the path of a Unix socket ("" where the peer's has none)."""

# Guards _tap and _watch_taps of every connection, and that what is installed is what they say. One
# for all: taps are changed seldom, and a lock in each would cost every connection its memory.
_installing = threading.Lock()


class Conn:
    """One open WebSocket connection; every method may be called from any thread.

    ``address`` is the peer's, ``subprotocol`` what the handshake agreed on or None. Frames of
    concurrent writers never mix. Writing after the connection closed raises ConnectionClosed.
    """

    __slots__ = (
        "__weakref__",
        "_latency",
        "_messages_in",
        "_messages_out",
        "_outbound",
        "_ping_sent",
        "_protocol",
        "_received",
        "_tap",
        "_watch_taps",
        "address",
        "subprotocol",
    )

    def __init__(
        self, protocol: Protocol, outbound: Outbound, address: Address, subprotocol: str | None
    ) -> None:
        """Connections are made by servers and clients, not by applications."""
        self._protocol = protocol
        self._outbound = outbound
        self.address = address
        self.subprotocol = subprotocol
        self._messages_in = self._messages_out = 0
        self._received = 0  # bytes
        self._ping_sent: float | None = None  # when the keepalive ping in flight was sent
        self._latency: float | None = None
        self._tap: Tap | None = None  # the application's
        self._watch_taps: tuple[_WatchTap, ...] = ()  # of tools that watch the whole process

    def write(self, data: str | BytesLike, *, compress: bool | None = None) -> None:
        """Send ``str`` as a text message, bytes-like as a binary one.

        ``compress`` overrides ``write_threshold`` for this message (no effect where the peer does
        not speak permessage-deflate). It is on the wire within 5 ms, or queued if the peer is slow;
        above ``max_write_buffer`` it waits up to ``write_timeout`` seconds, then raises
        WriteTimeout and drops the connection. Raises ConnectionClosed; TypeError for other data.
        """
        if isinstance(data, str):
            self._write(TEXT, data.encode(), compress)
        else:
            self._write(BINARY, _octets(data), compress)

    def write_text(self, data: str | BytesLike, *, compress: bool | None = None) -> None:
        """Send a text message; bytes must be UTF-8 (UnicodeDecodeError). Else as ``write``."""
        self._write(TEXT, _text_octets(data), compress)

    def write_bin(self, data: BytesLike, *, compress: bool | None = None) -> None:
        """Send a binary message. Else as ``write``."""
        self._write(BINARY, _octets(data), compress)

    def write_ping(self, data: BytesLike = b"") -> None:
        """Send a ping with up to 125 bytes (ValueError). Else as ``write``."""
        self._control(PING, data)

    def write_pong(self, data: BytesLike = b"") -> None:
        """Send a pong with up to 125 bytes (ValueError). Else as ``write``."""
        self._control(PONG, data)

    def write_frame(self, opcode: int, data: str | BytesLike, *, fin: bool = True) -> None:
        """Send one frame: with ``fin=False`` and CONTINUATION a message can be sent in pieces.

        Until its last piece other messages of this connection raise ValueError (RFC 6455 §5.4).
        Of the control opcodes CLOSE takes a close payload and closes. Else as ``write``.
        """
        payload = data.encode() if isinstance(data, str) else _octets(data)
        if opcode in (TEXT, BINARY, CONTINUATION):
            self._write(opcode, payload, None, fin)
        elif opcode not in (CLOSE, PING, PONG):
            raise ValueError(f"opcode: {opcode} is reserved (RFC 6455 §5.2)")
        elif not fin:
            raise ValueError("fin: a control frame may not be fragmented (RFC 6455 §5.5)")
        elif opcode == CLOSE:
            self._close_with(bytes(payload))
        else:
            self._control(opcode, payload)

    def write_framed(self, frame: bytes) -> None:
        """Send a message framed before, by ``frame_text`` or ``frame_bin``. Else as ``write``.

        The bytes go out as they are; only servers may use it, since clients must mask.
        """
        if not isinstance(frame, bytes):
            raise TypeError(f"frame: must be bytes, not {type(frame).__name__}")
        outbound = self._outbound
        with outbound.lock:
            self._ready(len(frame))
            outbound.put(self._protocol.framed(frame))
            self._messages_out += 1

    @overload
    def write_buffer(self, type: Literal[MessageType.TEXT] = ...) -> TextBuffer: ...

    @overload
    def write_buffer(self, type: Literal[MessageType.BINARY]) -> BinaryBuffer: ...

    def write_buffer(self, type: MessageType = MessageType.TEXT) -> TextBuffer | BinaryBuffer:
        """Return a file-like buffer for one message, sent when its ``with`` block ends well."""
        if type == MessageType.TEXT:
            return TextBuffer(self.write_text)
        if type == MessageType.BINARY:
            return BinaryBuffer(self.write_bin)
        raise ValueError(f"type: must be TEXT or BINARY, not {type!r}")

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Send the close frame and return at once; what was written before goes out before it.

        The engine waits up to ``close_timeout`` seconds for the peer's half. Does nothing on a
        closed connection. Raises ValueError, with nothing sent, for a code or reason that may not
        appear on the wire (RFC 6455 §7.4); ``None`` sends no code.
        """
        self._close(code, reason)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be written any more: a close frame was sent, or the peer is gone."""
        return not self._protocol.writable or self._outbound.lost

    @property
    def close_code(self) -> int | None:
        """The peer's close code, else this end's, else 1006; None while the connection is open."""
        return self._protocol.closed().code if self.is_closed else None

    @property
    def close_reason(self) -> str | None:
        """The reason that goes with ``close_code``; None while the connection is open."""
        return self._protocol.closed().reason if self.is_closed else None

    def stats(self) -> ConnStats:
        """Return the counters of this connection as they are now."""
        outbound = self._outbound
        return ConnStats(
            self._messages_in,
            self._messages_out,
            self._received,
            outbound.sent,
            outbound.queued,
            self._protocol.compression_bytes,
            self._latency,
        )

    def set_tap(self, tap: Tap | None) -> None:
        """Have ``tap`` called with each frame of both directions, or nothing with None.

        It runs on the reading or writing thread; one that raises is logged and detached.
        """
        with _installing:
            self._tap = guarded(tap) if tap is not None else None
            self._install_taps()

    def __repr__(self) -> str:
        """Say who the peer is and whether the connection is open."""
        return f"<{type(self).__name__} {format_address(self.address)} {self._state()}>"

    # -- for the engines -----------------------------------------------------------------------

    def _watch(self, tap: Tap, gate: Gate | None = None) -> None:
        """Have ``tap`` called, too, whatever ``set_tap`` does.

        It must ask its ``gate`` itself: while it is the only tap that is not needed, and is saved.
        """
        with _installing:
            self._watch_taps = (*self._watch_taps, _WatchTap(tap, guarded(tap), gate))
            self._install_taps()

    def _unwatch(self, tap: Tap) -> None:
        """Have ``tap`` called no more, but by threads that are about to; nothing if it is not."""
        with _installing:
            self._watch_taps = tuple(each for each in self._watch_taps if each.tap is not tap)
            self._install_taps()

    def _change_protocol(self, protocol: Protocol) -> None:
        with _installing:
            self._protocol = protocol
            self._install_taps()

    def _install_taps(self) -> None:
        """Give the protocol what is to be called; the caller holds the lock."""
        protocol, watching = self._protocol, self._watch_taps
        taps = [each.guarded for each in watching]
        if self._tap is not None:
            taps.append(self._tap)
        protocol.gate = None  # a frame that is skipped must not have been another tap's
        protocol.tap = joined(taps)
        if len(taps) == len(watching) == 1:
            protocol.gate = watching[0].gate

    def _state(self) -> str:
        return f"closed {self.close_code}" if self.is_closed else "open"

    def _ready(self, size: int) -> None:
        # The caller holds the lock. Before the message is framed, so that compression and the
        # fragment state see messages in the order in which they leave.
        if self._outbound.queued:
            self._outbound.wait_for_room(size)
        if self._outbound.lost:
            raise self._protocol.closed()

    def _write(
        self, opcode: int, payload: BytesLike, compress: bool | None, fin: bool = True
    ) -> None:
        outbound = self._outbound
        # A with statement, though compiled it costs twice as much as acquire() and release():
        # Ctrl-C between acquire() and try would leave the lock taken.
        with outbound.lock:
            if outbound.queued or outbound.lost:
                self._ready(len(payload))
            outbound.put(self._protocol.data(opcode, payload, compress, fin))
            self._messages_out += fin

    def _control(self, opcode: int, data: BytesLike) -> None:
        outbound, payload = self._outbound, _octets(data)
        with outbound.lock:
            self._ready(len(payload))
            outbound.put(self._protocol.control(opcode, payload))

    def _close(self, code: int | None, reason: str) -> None:
        outbound = self._outbound
        with outbound.lock:
            try:
                frame = self._protocol.close(code, reason)
            except ConnectionClosed:
                return
            if outbound.lost:
                return
            outbound.put(frame)
            if not outbound.gathering:
                outbound.flush()
        outbound.engine.attend()

    def _close_with(self, payload: bytes) -> None:
        try:
            code, reason = parse_close(payload)
        except ProtocolError as error:  # ours, not the peer's
            raise ValueError(f"data: {error}") from None
        self._close(None if code == 1005 else code, reason)

    def _offer(self, frame: bytes) -> bool:
        """Queue a ready frame unless that would make anyone wait; for broadcasts."""
        outbound = self._outbound
        with outbound.lock:
            if self.is_closed or not outbound.has_room(len(frame)):
                return False
            try:
                outbound.put(self._protocol.framed(frame))
            except ValueError:
                return False  # the application is in the middle of a message of its own
            self._messages_out += 1
            return True

    def _send_unchecked(self, first: int, payload: BytesLike, *, masked: bool) -> None:
        """Send a frame that may break any rule, for tools; ConnectionClosed if it is lost."""
        outbound = self._outbound
        with outbound.lock:
            self._ready(len(payload))
            outbound.put(self._protocol.unchecked(first, payload, masked=masked))

    def _discard(self) -> None:
        """Make it unusable: its handshake failed, and somebody may have kept it."""
        with self._outbound.lock:
            self._outbound.abandon()
            self._protocol.lose()

    def _keep_alive(self, now: float) -> None:
        """Send a keepalive ping, unless the queue is full: then the peer does not answer anyway."""
        outbound = self._outbound
        with outbound.lock:
            self._ping_sent = now  # before the answer can be here
            if not self.is_closed and outbound.has_room(8):
                outbound.put(self._protocol.control(PING, KEEPALIVE))

    def _pong(self, data: str | bytes) -> None:
        if data == KEEPALIVE and self._ping_sent is not None:
            self._latency = time.monotonic() - self._ping_sent


KEEPALIVE = b"wskit"


class _WatchTap(NamedTuple):
    tap: Tap
    guarded: Tap
    gate: Gate | None


def _octets(data: BytesLike) -> BytesLike:
    if isinstance(data, bytes | bytearray):
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"data: must be bytes-like, not {type(data).__name__}") from None
    return view.cast("B") if view.c_contiguous else view.tobytes()


def _text_octets(data: str | BytesLike) -> BytesLike:
    if isinstance(data, str):
        return data.encode()
    octets = _octets(data)
    str(octets, "utf-8")  # UnicodeDecodeError is the contract
    return octets


def format_address(address: Address) -> str:
    """Return ``host:port``, with brackets around IPv6, or the path of a Unix socket."""
    if isinstance(address, str):
        return address or "unix"
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
