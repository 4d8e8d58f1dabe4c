"""What a test can send: messages, and everything that a well-behaved end would not."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import ProtocolError
from ..protocol.frames import FIN, BytesLike, parse_close
from ..protocol.masking import KEY, masked
from ..protocol.opcodes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Side
from .stream import Stream
from .timeouts import Patience

__all__ = ["LENGTH_FORMS", "Sending"]

LENGTH_FORMS = (7, 16, 64)
"""The bits of the three forms of a frame's length (RFC 6455 §5.2)."""


class Sending:
    """The sending half of a Peer. Each method returns when the kernel has taken the bytes.

    All raise ConnectionClosed where nothing can be sent any more, AssertionError where the
    server rejected the handshake, and TimeoutError if the other end reads nothing for as long as
    expectations wait.
    """

    _stream: Stream

    def send(self, data: str | BytesLike, *, compress: bool | None = None) -> None:
        """Send ``str`` as a text message, bytes-like as a binary one.

        ``compress`` decides about permessage-deflate, where it was agreed on.
        """
        if isinstance(data, str):
            self._data(TEXT, data.encode(), compress, True)
        else:
            self._data(BINARY, _octets("data", data), compress, True)

    def send_json(self, value: object) -> None:
        """Send ``value`` as JSON in a text message."""
        self.send(json.dumps(value))

    def send_fragments(self, parts: Sequence[str | BytesLike]) -> None:
        """Send one message in as many frames as there are ``parts``, at least two, all str or none.

        Bytes of a text message may be cut in the middle of a character: then send the parts with
        ``send_frame``.
        """
        if isinstance(parts, str | bytes) or len(parts) < 2:
            raise ValueError("parts: must be a sequence of at least two parts")
        if len({isinstance(part, str) for part in parts}) == 2:
            raise TypeError("parts: must be all str or all bytes")
        opcode = TEXT if isinstance(parts[0], str) else BINARY
        for number, part in enumerate(parts, 1):
            payload = part.encode() if isinstance(part, str) else _octets("parts", part)
            self._data(opcode, payload, None, number == len(parts))
            opcode = CONTINUATION

    def ping(self, data: BytesLike = b"") -> None:
        """Send a ping with up to 125 bytes (ValueError)."""
        self._control(PING, data)

    def pong(self, data: BytesLike = b"") -> None:
        """Send a pong that nobody asked for, with up to 125 bytes (ValueError)."""
        self._control(PONG, data)

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Send a close frame and return; ``expect_close`` waits for the answer.

        Raises ValueError for what may not be sent (RFC 6455 §7.4): that takes ``send_frame``.
        """
        self._may_send()
        with self._stream._writing:
            self._put(self._stream.close_frame(code, reason))

    def send_frame(
        self,
        opcode: int,
        payload: str | BytesLike = b"",
        *,
        fin: bool = True,
        rsv1: bool = False,
        rsv2: bool = False,
        rsv3: bool = False,
        mask: bool | bytes | None = None,
        length_form: int | None = None,
    ) -> None:
        """Send one frame as it is told, legal or not.

        ``mask`` None masks as this end must, False not, 4 bytes are the key; ``length_form`` is the
        size of the length in bits: 7, 16 or 64, None the shortest that holds it.
        """
        self._may_send()
        data = payload.encode() if isinstance(payload, str) else _octets("payload", payload)
        rsv = rsv1 << 2 | rsv2 << 1 | rsv3
        first = FIN * fin | rsv << 4 | _opcode(opcode)
        key = self._key(mask)
        frame = _head(first, len(data), key, length_form)
        stream = self._stream
        with stream._writing:
            stream.record(opcode, data, fin, rsv, key is not None)
            if opcode == CLOSE:
                stream.sent_close(_close_words(data))
            body = data if key is None else masked(data, KEY.unpack(key)[0])
            self._put(frame + body)

    def send_raw(self, data: BytesLike) -> None:
        """Send bytes as they are; they do not appear among the frames of a report."""
        octets = _octets("data", data)
        self._check_accepted()
        with self._stream._writing:
            self._stream.raw = True
            self._put(octets)

    def half_close(self) -> None:
        """Send the end of the stream (FIN) without closing the WebSocket; reading goes on."""
        self._check_accepted()
        self._stream.shut_down_writing()

    def abort(self) -> None:
        """Drop the connection at once: over TCP with RST, over a socket pair with its end."""
        self._stream.reset()

    def _ready(self) -> None:
        """Do what has to come before the first frame; raise if there can be none."""

    def _check_accepted(self) -> None:
        """Raise AssertionError where the server rejected the handshake."""

    def _may_send(self) -> None:
        __tracebackhide__ = True
        self._ready()
        self._check_accepted()

    def _control(self, opcode: int, data: BytesLike) -> None:
        payload = _octets("data", data)
        self._may_send()
        with self._stream._writing:
            self._put(self._stream.protocol.control(opcode, payload))

    def _data(self, opcode: int, payload: bytes, compress: bool | None, fin: bool) -> None:
        self._may_send()
        with self._stream._writing:
            self._put(self._stream.protocol.data(opcode, payload, compress, fin))

    def _put(self, frame: bytes) -> None:
        self._stream.send(frame, Patience(None))

    def _key(self, mask: bool | bytes | None) -> bytes | None:
        if isinstance(mask, bytes):
            if len(mask) != 4:
                raise ValueError(f"mask: a key has 4 bytes, not {len(mask)}")
            return mask
        if mask is not None and not isinstance(mask, bool):
            raise TypeError(f"mask: must be True, False or 4 bytes, not {mask!r}")
        wanted = self._stream.side is Side.CLIENT if mask is None else mask
        return b"\x5a\xa5\x0f\xf0" if wanted else None


def _octets(name: str, data: BytesLike) -> bytes:
    # bytes() would take an int, too, for a number of zeros, and a list.
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"{name}: must be bytes-like, not {type(data).__name__}")
    return bytes(data)


def _opcode(opcode: int) -> int:
    if not 0 <= opcode <= 15:
        raise ValueError(f"opcode: must be 0..15, not {opcode}")
    return int(opcode)


def _head(first: int, size: int, key: bytes | None, form: int | None) -> bytes:
    if form is None:
        form = 7 if size < 126 else 16 if size < 1 << 16 else 64
    if form not in LENGTH_FORMS:
        raise ValueError(f"length_form: must be 7, 16 or 64, not {form!r}")
    if size >= (126 if form == 7 else 1 << form):
        raise ValueError(f"length_form: {form} bits cannot hold {size}")
    bit = 0x80 if key is not None else 0
    if form == 7:
        length = bytes([bit | size])
    else:
        length = bytes([bit | (126 if form == 16 else 127)]) + size.to_bytes(form // 8, "big")
    return bytes([first]) + length + (key or b"")


def _close_words(payload: bytes) -> tuple[int, str]:
    try:
        return parse_close(payload)
    except ProtocolError as error:
        return int.from_bytes(payload[:2], "big"), f"({error})"
