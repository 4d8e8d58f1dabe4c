"""A client made by hand: it may send any bytes, at any moment, and shares no code with wskit."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from types import TracebackType
from typing import NamedTuple

from tests.deadlines import scaled

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "KEY",
    "PING",
    "PONG",
    "TEXT",
    "Frame",
    "Peer",
    "frame",
]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 §1.3, as is the answer to it
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x11\x22\x33\x44"


class Frame(NamedTuple):
    """A frame as it was on the wire."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def code(self) -> int | None:
        """The close code; None where there is none."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = MASK
) -> bytes:
    """Encode a frame, right or wrong, as a client sends it."""
    size = len(payload)
    bit = 0x80 if mask is not None else 0
    head = bytes([fin << 7 | rsv << 4 | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    if mask is None:
        return head + payload
    stream = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return head + mask + mixed.to_bytes(size, "big")


class Peer:
    """One TCP (or TLS) connection to a server; every wait in it has a deadline, in seconds."""

    def __init__(
        self,
        port: int,
        *,
        narrow: bool = False,
        tls: ssl.SSLContext | None = None,
        timeout: float = 5.0,
    ) -> None:
        """Connect, and no more; a ``narrow`` peer is soon full, both ways."""
        self.timeout = timeout
        self._data = bytearray()
        raw = socket.socket()
        if narrow:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(scaled(timeout))
        self.sock = raw
        try:
            raw.connect(("127.0.0.1", port))
            if tls is not None:
                self.sock = tls.wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            self.sock.close()
            raise

    # -- the opening handshake -----------------------------------------------------------------

    def open(self, path: str = "/", *headers: str, after: bytes = b"") -> Peer:
        """Do the opening handshake, with the bytes of ``after`` behind it in the same packet."""
        self.sock.sendall(self.request(path, *headers) + after)
        head = self.read_head()
        assert head.startswith("HTTP/1.1 101 "), head
        assert f"sec-websocket-accept: {ACCEPT}".lower() in head.lower()
        return self

    def request(self, path: str = "/", *headers: str) -> bytes:
        """Return the bytes of a request for an upgrade."""
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {KEY}",
            "Sec-WebSocket-Version: 13",
            *headers,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def read_head(self) -> str:
        """Read up to the blank line that ends an HTTP head."""
        while b"\r\n\r\n" not in self._data:
            assert self._more(self._deadline(None)), f"ended inside a head: {bytes(self._data)!r}"
        head, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        self._data = bytearray(rest)
        return head.decode()

    # -- sending -------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send these very bytes."""
        self.sock.sendall(data)

    def text(self, *messages: str) -> None:
        """Send text messages, all in one packet if they fit."""
        self.send(b"".join(frame(TEXT, message.encode()) for message in messages))

    def binary(self, data: bytes) -> None:
        """Send a binary message."""
        self.send(frame(BINARY, data))

    def close_frame(self, code: int | None = 1000, reason: bytes = b"") -> None:
        """Send a close frame."""
        self.send(frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason))

    def fill(self, data: bytes) -> int:
        """Send ``data`` again and again until the way is full; return how many bytes went."""
        total = 0
        self.sock.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                total += self.sock.send(data)
        self.sock.settimeout(scaled(self.timeout))
        return total

    # -- reading -------------------------------------------------------------------------------

    def read(self, timeout: float | None = None) -> Frame:
        """Read a frame; EOFError where the stream ends, TimeoutError after ``timeout``."""
        deadline = self._deadline(timeout)
        first, second = self._take(2, deadline)
        assert not second & 0x80, "a server must not mask (RFC 6455 §5.1)"
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self._take(2 if size == 126 else 8, deadline), "big")
        return Frame(first & 15, self._take(size, deadline), first >= 0x80, first >> 4 & 7)

    def read_text(self, timeout: float | None = None) -> str:
        """Read a frame that must be an unfragmented text."""
        got = self.read(timeout)
        assert (got.opcode, got.fin, got.rsv) == (TEXT, True, 0), got
        return got.payload.decode()

    def read_close(self, timeout: float | None = None) -> int | None:
        """Read up to the close frame and return its code."""
        while (got := self.read(timeout)).opcode != CLOSE:
            pass
        return got.code

    def read_end(self, timeout: float | None = None) -> None:
        """Wait for the end of the stream, before which nothing more may come."""
        deadline = self._deadline(timeout)
        assert not self._more(deadline), f"not the end but {bytes(self._data)!r}"
        assert not self._data, bytes(self._data)

    def ended(self, timeout: float | None = None) -> bool:
        """Read on until the stream ends in any way, a reset included."""
        deadline = self._deadline(timeout)
        with contextlib.suppress(ConnectionError):
            while self._more(deadline):
                self._data.clear()
        return True

    def nothing_arrives(self, within: float) -> bool:
        """Whether the wire stays silent for ``within`` seconds."""
        if self._data:
            return False
        try:
            return not self._more(time.monotonic() + within) and False
        except TimeoutError:
            return True

    # -- ending --------------------------------------------------------------------------------

    def finish_sending(self) -> None:
        """Send FIN, and go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Send RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hang_up(self) -> None:
        """Close the socket."""
        self.sock.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hang_up()

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + scaled(self.timeout if timeout is None else timeout)

    def _take(self, size: int, deadline: float) -> bytes:
        while len(self._data) < size:
            if not self._more(deadline):
                raise EOFError(f"ended after {bytes(self._data)!r}")
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken

    def _more(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing came")
        self.sock.settimeout(left)
        data = self.sock.recv(1 << 16)
        self.sock.settimeout(scaled(self.timeout))
        self._data += data
        return bool(data)
