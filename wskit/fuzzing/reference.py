"""A second opinion on a byte stream: a slow, plain decoder of RFC 6455 and RFC 7692.

The law of this file: it sees all bytes at once, shares no code with ``wskit.protocol``, and where
the RFCs leave a choice (limits, close codes) it says what wskit documents.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .pieces import xored

__all__ = ["Reading", "Rules", "close_code_may_appear", "is_utf8", "read"]

Judge = Literal["all", "data", "headers"]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_TAIL = b"\x00\x00\xff\xff"
_FINAL_BLOCK = b"\x03\x00"
_INCOMPLETE = "the compressed message is incomplete (RFC 7692 §7.2.2)"

# RFC 3629 §4, character by character, and what may be the start of one more.
_TWO, _AFTER = rb"[\xc2-\xdf]", rb"[\x80-\xbf]"
_THREE = rb"(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])"
_FOUR = rb"(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])"
_WHOLE = re.compile(
    rb"(?:[\x00-\x7f]|" + _TWO + _AFTER + rb"|" + _THREE + _AFTER + rb"|" + _FOUR + _AFTER * 2
    + rb")*"
)  # fmt: skip
_START = re.compile(rb"(?:[\xc2-\xf4]|" + _THREE + rb"|" + _FOUR + _AFTER + rb"?)?")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the end that receives demands; sizes in bytes, inflated."""

    masked: bool
    deflate: bool = False
    fresh: bool = False  # no_context_takeover of whoever sends
    max_size: int = 1 << 20
    max_fragments: int = 4096
    slack: int = 1024  # that a compressed frame may be larger, beside an eighth


@dataclass(slots=True)
class Reading:
    """What a stream says: whole messages and control frames, and how it ends.

    ``code`` is the close code that its first violation earns, None for none; ``why`` says it.
    ``frames`` are (first byte, unmasked wire payload); ``judged`` counts the bytes of the stream
    after which the violation is certain; ``rest`` those of an unfinished frame.
    """

    events: list[tuple[int, str | bytes]] = field(default_factory=list)
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    code: int | None = None
    why: str = ""
    judged: int = 0
    rest: int = 0
    close: tuple[int, str] | None = None
    message_open: bool = False
    either: bool = False  # 1007 and 1009 are both right
    # After how many events there first was ...
    final_block: int | None = None  # ... a block with BFINAL set in compressed data
    bare: int | None = None  # ... a compressed message without a byte
    interrupted: int | None = None  # ... a control frame inside a compressed message

    def agrees(self, events: Sequence[tuple[int, str | bytes]], code: int | None) -> bool:
        """Tell whether this is what the stream says."""
        either = self.either and code in (1007, 1009)
        return list(events) == self.events and (either or code == self.code)


class _Broken(Exception):
    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def read(stream: bytes, rules: Rules, *, judge: Judge = "all") -> Reading:
    """Decode ``stream`` until its first violation, its close frame or its end.

    With ``judge="headers"`` only these are judged, with "data" the content of messages, too.
    """
    decoder = _Decoder(stream, rules, judge)
    try:
        while decoder.frame():
            pass
    except _Broken as broken:
        decoder.reading.code, decoder.reading.why = broken.code, str(broken)
        decoder.reading.judged = decoder.seen
    decoder.reading.message_open = decoder.opcode is not None
    return decoder.reading


def is_utf8(data: bytes, final: bool = True) -> bool:
    """Tell whether ``data`` is UTF-8, or, unless ``final``, may become it."""
    match = _WHOLE.match(data)
    rest = data[match.end() :] if match else data
    return not rest or (not final and _START.fullmatch(rest) is not None)


def close_code_may_appear(code: int) -> bool:
    """Tell whether a close frame may have ``code``: RFC 6455 §7.4 and the IANA registry."""
    if 3000 <= code <= 4999:
        return True
    return code in {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}


class _Decoder:
    def __init__(self, stream: bytes, rules: Rules, judge: Judge) -> None:
        self.stream, self.rules, self.judge = stream, rules, judge
        self.reading = Reading()
        self.at = self.seen = 0
        self.opcode: int | None = None  # of the open message
        self.compressed = False
        self.content = b""  # of the open message, inflated
        self.fragments = 0
        self.window: zlib._Decompress | None = None
        self.begun = False

    def frame(self) -> bool:
        """Decode one frame; whether there may be another."""
        stream, start = self.stream, self.at
        self.reading.rest = len(stream) - start
        if start == len(stream):
            return False
        first = stream[start]
        self._judge_first(first)
        size = self._size(first)
        if size is None:
            return False
        body = self.at + (4 if self.rules.masked else 0)
        if len(stream) < body:
            return False
        key = stream[self.at : body]
        self.seen = min(body + size, len(stream))
        payload = xored(stream[body : body + size], key)
        whole = len(payload) == size
        self._take(first, payload, whole)
        if whole:
            self.at = body + size
            self.reading.rest = len(stream) - self.at
        return whole and self.reading.close is None

    def _judge_first(self, first: int) -> None:
        self.seen = self.at + 1
        opcode, rsv = first & 0x0F, first & 0x70
        if opcode not in (0, 1, 2, 8, 9, 10):
            raise _Broken(1002, f"opcode {opcode} is reserved (§5.2)")
        if rsv and not (self.rules.deflate and rsv == 0x40 and opcode in (1, 2)):
            raise _Broken(1002, "a reserved bit is set (§5.2, RFC 7692 §6.1)")
        if opcode >= 8:
            if not first & 0x80:
                raise _Broken(1002, "a control frame is fragmented (§5.5)")
        elif (opcode == 0) != (self.opcode is not None):
            raise _Broken(1002, "fragments are out of order (§5.4)")

    def _size(self, first: int) -> int | None:
        """Judge the rest of the header; the payload's size, None while it is not known."""
        stream, at = self.stream, self.at
        if len(stream) < at + 2:
            return None
        self.seen = at + 2
        if (stream[at + 1] & 0x80 != 0) != self.rules.masked:
            raise _Broken(1002, "masked, or not, against §5.1")
        size = stream[at + 1] & 0x7F
        control = first & 0x08 != 0
        if control and size > 125:
            raise _Broken(1002, "a control frame of more than 125 bytes (§5.5)")
        form = {126: 2, 127: 8}.get(size, 0)
        if len(stream) < at + 2 + form:
            return None
        self.at = self.seen = at + 2 + form
        if form:
            size = int.from_bytes(stream[at + 2 : self.at], "big")
            if size < (126 if form == 2 else 65536):
                raise _Broken(1002, "the length is not in its shortest form (§5.2)")
            if size >= 1 << 63:
                raise _Broken(1002, "the top bit of the length is set (§5.2)")
        if not control and size > self._room(first):
            raise _Broken(1009, "the message is too big")
        return size

    def _room(self, first: int) -> int:
        most = self.rules.max_size
        if first & 0x40 or (self.opcode is not None and self.compressed):
            # Compressed bytes may be a little more than what they inflate to.
            return most + most // 8 + self.rules.slack
        return most - (len(self.content) if self.opcode is not None else 0)

    def _take(self, first: int, payload: bytes, whole: bool) -> None:
        if whole:
            self.reading.frames.append((first, payload))
        if self.judge == "headers":
            if not first & 0x08:
                self.opcode = None if first & 0x80 else 0
            return
        if first & 0x08:
            if self.reading.interrupted is None and self.opcode is not None and self.compressed:
                self.reading.interrupted = len(self.reading.events)
            if whole:
                self._control(first & 0x0F, payload)
            return
        if self.opcode is None:
            self.opcode, self.compressed = first & 0x0F, first & 0x40 != 0
            self.content, self.fragments, self.begun = b"", 0, False
        final = whole and first & 0x80 != 0
        self.content += self._inflated(payload, final) if self.compressed else payload
        self._judge_text(self.content, final)
        if whole:
            self.fragments += 1
            if self.fragments > self.rules.max_fragments:
                raise _Broken(1009, "too many fragments")
        if final:
            data = self.content.decode() if self.opcode == TEXT else self.content
            self.reading.events.append((self.opcode, data))
            self.opcode = None

    def _judge_text(self, content: bytes, final: bool) -> None:
        if self.opcode == TEXT and not is_utf8(content, final):
            raise _Broken(1007, "text is not UTF-8 (§8.1)")

    def _control(self, opcode: int, payload: bytes) -> None:
        if self.judge == "data":
            return
        if opcode == CLOSE:
            self.reading.close = _closing(payload)
        self.reading.events.append((opcode, payload))

    def _inflated(self, payload: bytes, final: bool) -> bytes:
        self.begun = self.begun or payload != b""
        if not self.begun:
            if self.reading.bare is None:
                self.reading.bare = len(self.reading.events)
            return b""  # an empty message that was not compressed at all
        window = self.window.copy() if self.window is not None else None
        try:
            output = self._decompressed(payload)
        except zlib.error:
            self._judge_order(window, payload)
            raise _Broken(1007, "the compressed data is corrupt (RFC 7692 §7.2.2)") from None
        if final and self.window is not None:
            self._complete(self.window)
        return output

    def _decompressed(self, data: bytes) -> bytes:
        output, room = b"", self.rules.max_size - len(self.content)
        while data:
            if self.window is None:
                self.window = zlib.decompressobj(-15)
            output += self.window.decompress(data, room - len(output) + 1)
            if len(output) > room:
                self._judge_text(self.content + output[:room], False)
                self.reading.either = _fails_next(self.window)
                raise _Broken(1009, "the message is too big when inflated")
            data = self.window.unused_data
            if self.window.eof:
                self.window = None  # §7.2.3.4: a block with BFINAL set
                if self.reading.final_block is None:
                    self.reading.final_block = len(self.reading.events)
        return output

    def _complete(self, window: zlib._Decompress) -> None:
        """Add what was left off: it ends a block, and gives not one byte (RFC 7692 §7.2.2)."""
        try:
            added = window.decompress(_TAIL)
            if added or window.eof:
                raise _Broken(1007, _INCOMPLETE)
            if self.rules.fresh:
                # Where the window need not stay, one more block shows whether that was the end.
                added = window.decompress(_FINAL_BLOCK)
                if added or not window.eof or window.unused_data:
                    raise _Broken(1007, _INCOMPLETE)
                self.window = None
        except zlib.error:
            raise _Broken(1007, _INCOMPLETE) from None

    def _judge_order(self, window: zlib._Decompress | None, data: bytes) -> None:
        """See whether byte by byte the limit is passed before zlib finds the data corrupt.

        Given all at once, zlib may find it first, so both codes are right then.
        """
        self.window, content = window, self.content
        try:
            for at in range(len(data)):
                self.content += self._decompressed(data[at : at + 1])
        except zlib.error:
            pass
        except _Broken as broken:
            self.reading.either = broken.code == 1009
        self.content = content


def _fails_next(window: zlib._Decompress) -> bool:
    """Whether a fault comes before another byte: one zlib sees it at once, another later."""
    try:
        window.copy().decompress(window.unconsumed_tail, 1)
    except zlib.error:
        return True
    return False


def _closing(payload: bytes) -> tuple[int, str]:
    if not payload:
        return 1005, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not close_code_may_appear(code):
        raise _Broken(1002, "a close code that may not appear (§7.4)")
    if not is_utf8(payload[2:]):
        raise _Broken(1007, "the close reason is not UTF-8 (§5.5.1)")
    return code, payload[2:].decode()
