"""Peers that never block: what they send waits in them, and they read when they are told to."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator

from tests.server.peer import CLOSE, PING, PONG, TEXT, Frame, Peer, frame

__all__ = ["Remote"]


class Remote:
    """One connection as its peer sees it; ``frames`` is all that came.

    It answers a close frame as soon as it reads it. ``disorderly``: it left without a closing
    handshake, so what was on its way may be lost.
    """

    def __init__(self, port: int, path: str, *, narrow: bool) -> None:
        self.path = path
        self.peer = Peer(port, narrow=narrow)
        self.peer.sock.setblocking(False)
        self.out = bytearray(self.peer.request(path))
        self.opened = False
        self.ended = False
        self.disorderly = False
        self.frames: list[Frame] = []
        self.sent: list[str] = []  # messages
        self.pings: list[bytes] = []
        self.close_sent: int | None = None
        self.broke_a_rule = False
        self._data = bytearray()

    # -- sending -------------------------------------------------------------------------------

    @property
    def talks(self) -> bool:
        """Whether it may still send messages."""
        return not (self.ended or self.disorderly or self.broke_a_rule) and self.close_sent is None

    def text(self, *messages: str) -> None:
        self.sent += messages
        self._send(b"".join(frame(TEXT, message.encode()) for message in messages))

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)
        self._send(frame(PING, payload))

    def close(self, code: int) -> None:
        self.close_sent = code
        self._send(frame(CLOSE, code.to_bytes(2, "big")))

    def break_a_rule(self) -> None:
        self.broke_a_rule = True
        self._send(frame(3, b"reserved"))

    def reset(self) -> None:
        self.disorderly = self.ended = True
        self.peer.reset()

    def finish_in_a_frame(self) -> None:
        self._send(frame(TEXT, b"echo:" + bytes(60_000))[:9000])
        self.finish_sending()

    def finish_sending(self) -> None:
        self.flush()
        self.disorderly = True
        with contextlib.suppress(OSError):
            self.peer.finish_sending()

    def flush(self) -> None:
        """Send what waits, as far as it goes."""
        with contextlib.suppress(BlockingIOError):
            while self.out and not self.ended and not self.disorderly:
                try:
                    del self.out[: self.peer.sock.send(self.out)]
                except ConnectionError:
                    self.out.clear()

    def _send(self, data: bytes) -> None:
        self.out += data
        self.flush()

    # -- reading -------------------------------------------------------------------------------

    def read(self, timeout: float = 0.002) -> bool:
        """Read what is there or comes soon, and send what there is room for; whether any came."""
        self.flush()
        if self.ended or not select.select([self.peer.sock], [], [], timeout)[0]:
            return False
        try:
            data = self.peer.sock.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self.ended = True
            self.peer.hang_up()
        self._data += data
        self._take()
        return True

    def _take(self) -> None:
        if not self.opened:
            head, separator, rest = bytes(self._data).partition(b"\r\n\r\n")
            if not separator:
                return
            assert head.startswith(b"HTTP/1.1 101 "), head
            self.opened, self._data = True, bytearray(rest)
        for got in self._whole():
            self.frames.append(got)
            # After a violation of its own, too: the server may have closed before it came.
            if got.opcode == CLOSE and self.close_sent is None and not self.disorderly:
                self.close(got.code or 1000)

    def _whole(self) -> Iterator[Frame]:
        data = self._data
        while len(data) >= 2:
            extra = {126: 2, 127: 8}.get(data[1], 0)
            size = int.from_bytes(data[2 : 2 + extra], "big") if extra else data[1]
            if len(data) < 2 + extra + size:
                return
            payload = bytes(data[2 + extra : 2 + extra + size])
            got = Frame(data[0] & 15, payload, data[0] >= 0x80, data[0] >> 4 & 7)
            del data[: 2 + extra + size]
            yield got

    # -- what came -----------------------------------------------------------------------------

    @property
    def close_received(self) -> int | None:
        """The code of the close frame that came."""
        return next((got.code for got in self.frames if got.opcode == CLOSE), None)

    @property
    def pongs(self) -> list[bytes]:
        return [got.payload for got in self.frames if got.opcode == PONG]

    def numbers(self) -> dict[str, list[int]]:
        """Give the numbers of the messages that came, by who wrote them."""
        found: dict[str, list[int]] = {}
        for got in self.frames:
            if got.opcode == TEXT:
                writer, number, _ = got.payload.decode().split(":")
                found.setdefault(writer, []).append(int(number))
        return found
