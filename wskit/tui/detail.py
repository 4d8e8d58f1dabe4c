"""One frame in detail, as lines: what it is, its header, what its payload says, its bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from ..protocol.opcodes import CLOSE
from ..trace import printable
from .decoders import Pairing, decode
from .entries import Entry
from .explaining import close_words, header_lines, hex_lines, sentence, value_lines
from .handshakes import handshake_lines
from .history import History
from .protocols import JsonRpc
from .rows import duration

__all__ = ["detail_lines"]

_LOOKED_BACK = 5000  # frames, for what a response answers; decoding them takes some 50 ms
_ASKED = 1 << 14  # bytes of a frame that is looked at for that
_DECODED = 1 << 20  # bytes of a payload that is decoded: above it a key would wait
_LINES = 1000  # of a decoded payload, and of its bytes


def detail_lines(
    entry: Entry, history: History, width: int = 100, *, secrets: bool = False
) -> list[str]:
    """Return everything about ``entry``, of which ``history`` tells what it answers.

    The handshake of its connection comes last, with ``secrets`` as in ``handshake_lines``. No line
    has anything but printable characters.
    """
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.capture.time))
    fraction = f"{entry.capture.time % 1:.6f}"[1:]
    lines = [
        f"frame {entry.number} on #{entry.conn} ({printable(entry.capture.connection)}): "
        f"{sentence(entry)}",
        f"{moment}{fraction}",
        "",
        *header_lines(entry.frame),
        *_close(entry),
        *_decoded(entry, history, width),
    ]
    if entry.frame.payload:
        lines += ["", *_first(hex_lines(entry.frame.payload))]
    if entry.is_cut:
        lines.append(f"… {entry.frame.length - len(entry.frame.payload)} more bytes were not kept")
    connection = history.connection(entry.conn)
    if connection is not None and connection.opening is not None:
        lines += ["", "handshake"]
        lines += handshake_lines(connection.opening, width=width, secrets=secrets)
    return lines


def _close(entry: Entry) -> Iterator[str]:
    if entry.frame.opcode == CLOSE and len(entry.frame.payload) >= 2:
        code = int.from_bytes(entry.frame.payload[:2], "big")
        name, meaning = close_words(code)
        yield ""
        yield f"{code} {name}: {meaning}"


def _first(lines: Iterator[str]) -> Iterator[str]:
    yield from islice(lines, _LINES)
    if next(lines, None) is not None:
        yield "… and more, which a copy or an export has"


def _decoded(entry: Entry, history: History, width: int) -> Iterator[str]:
    if len(entry.frame.payload) > _DECODED:
        yield ""
        yield f"not decoded, as it has more than {_DECODED} bytes"
        return
    for decoded in decode(entry):
        yield ""
        yield f"{decoded.name}: {decoded.title}"
        if decoded.name == JsonRpc.name and (asked := _request(entry, history)) is not None:
            ago = duration(entry.capture.time - asked.capture.time)
            yield f"answers frame {asked.number}, {ago} later"
        yield from _first(value_lines(decoded.value, width=width))


def _request(entry: Entry, history: History) -> Entry | None:
    """Return the JSON-RPC request that ``entry`` answers, among the frames just before it."""
    pairing, decoder, answered = Pairing(), JsonRpc(), None
    for other in history.since(entry.number - 1 - _LOOKED_BACK):
        if other.number > entry.number:
            break
        small = not other.is_cut and len(other.frame.payload) <= _ASKED
        if other.conn == entry.conn and other.is_data and small:
            decoded = decoder.decode(other, other.frame.payload)
            answered = pairing.add(other, decoded) if decoded is not None else None
    return answered if history.entry(entry.number) is entry else None
