"""What is wrong with a frame, by the rules of RFC 6455 that one frame in its place shows.

Frames of a wskit server or client were judged by its parser before they are seen here. Those of a
proxy, of a recording, or of an end that was told to misbehave were not.
"""

from __future__ import annotations

from ..errors import ProtocolError
from ..protocol.frames import MAX_CONTROL, FrameRecord, parse_close
from ..protocol.opcodes import BINARY, CLOSE, CONTINUATION, TEXT, Opcode

__all__ = ["violation"]

_KNOWN = frozenset(int(opcode) for opcode in Opcode)
_RSV1 = 4


def violation(frame: FrameRecord, *, message_open: bool) -> str:
    """Return the rule that ``frame`` breaks, "" for none.

    ``message_open`` is whether a fragmented message of the same direction is unfinished.
    """
    if frame.opcode not in _KNOWN:
        return "reserved opcode (§5.2)"
    if frame.opcode > BINARY:
        return _control(frame)
    if frame.opcode == CONTINUATION and not message_open:
        return "continuation of nothing (§5.4)"
    if frame.opcode != CONTINUATION and message_open:
        return "new message inside an unfinished one (§5.4)"
    if frame.rsv & ~_RSV1 or (frame.rsv and frame.opcode == CONTINUATION):
        return "reserved bits set (§5.2)"
    return _text(frame)


def _control(frame: FrameRecord) -> str:
    if frame.rsv:
        return "reserved bits set (§5.2)"
    if not frame.fin:
        return "control frame in fragments (§5.5)"
    if frame.wire_length > MAX_CONTROL:
        return "control frame of more than 125 bytes (§5.5)"
    if frame.opcode == CLOSE and len(frame.payload) == frame.length:
        try:
            parse_close(frame.payload)
        except ProtocolError as error:
            return f"{error} (§7.4)"
    return ""


def _text(frame: FrameRecord) -> str:
    """Judge a text that is whole here; one in pieces is for whoever joins them."""
    whole = frame.fin and len(frame.payload) == frame.length
    if frame.opcode == TEXT and whole:
        try:
            frame.payload.decode()
        except UnicodeDecodeError:
            return "text is not UTF-8 (§8.1)"
    return ""
