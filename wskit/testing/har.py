"""HAR files (HTTP Archive 1.2) with the messages of WebSockets, as Chrome writes them.

The law of this file: ``_webSocketMessages`` holds what others can read, whole messages only; every
frame and the end of the connection are in fields of our own, ``_wskitFrames`` and ``_wskitClose``.
`wskit/archives.py` reads them.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from ..archives import ERROR
from ..errors import ProtocolError
from ..protocol.frames import Direction, FrameRecord, parse_close
from ..protocol.opcodes import BINARY, CLOSE, CONTINUATION, TEXT, Side
from ..taps import Capture
from .wires import Exchange, Wire

__all__ = ["REDACTED", "SECRETS", "archive", "har_entry", "har_text"]

SECRETS = ("Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie")
"""The headers whose values are not written."""

REDACTED = "REDACTED"
"""What is written instead."""

_UNKNOWN = Exchange("ws://localhost/", (), 101, ())
_USER = re.compile(r"(?<=://)[^/?#]*@")
_DROPPED = re.compile(r"(?:dropped|reset) by the (client|server)")


def har_text(wires: Sequence[Wire], *, redact: Collection[str] = SECRETS) -> str:
    """Return the conversations on ``wires`` as the text of a HAR file, one entry for each.

    Headers named in ``redact``, in any case, are written without their values; with Authorization
    among them, URLs without user and password. Where a wire kept less than a whole payload the
    message is marked ``_truncated``, and ``_wskitFramesLeftOut`` counts frames that it dropped.
    """
    return archive([har_entry(wire, redact=redact) for wire in wires])


def archive(entries: Iterable[dict[str, object]]) -> str:
    """Return the text of a HAR file with ``entries``."""
    from .. import __version__

    creator = {"name": "wskit", "version": __version__}
    log = {"version": "1.2", "creator": creator, "pages": [], "entries": list(entries)}
    return json.dumps({"log": log}, indent=1) + "\n"


def har_entry(
    wire: Wire, *, redact: Collection[str] = SECRETS, body: bytes = b""
) -> dict[str, object]:
    """Return the entry of one connection; ``body`` is that of a refusal."""
    count, captures = wire.count, wire.captures
    exchange = wire.exchange or _UNKNOWN
    secrets = {name.lower() for name in redact}
    last = captures[-1].time if captures else wire.start
    left_out = max(count - len(captures), 0)
    entry: dict[str, object] = {
        "startedDateTime": _iso(wire.start),
        "time": round(max(last - wire.start, 0.0) * 1000, 3),
        "request": _request(exchange, secrets),
        "response": _response(exchange, secrets, body),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_resourceType": "websocket",
        "_webSocketMessages": _messages(captures, wire.side, gap=left_out > 0),
        "_wskitFrames": [_frame(capture, wire.side) for capture in captures],
    }
    if left_out:
        entry["_wskitFramesLeftOut"] = left_out
    if exchange.status == 101 and (close := _close(wire, captures)) is not None:
        entry["_wskitClose"] = close
    return entry


# -- the opening handshake ---------------------------------------------------------------------


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _request(exchange: Exchange, secrets: set[str]) -> dict[str, object]:
    url = _whole_url(exchange)
    if "authorization" in secrets:
        url = _USER.sub("", url)
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return {
        "method": "GET",
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": _headers(exchange.request, secrets),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "cookies": [],
        "headersSize": -1,
        "bodySize": 0,
    }


def _response(exchange: Exchange, secrets: set[str], body: bytes) -> dict[str, object]:
    fields = {name.lower(): value for name, value in exchange.response}
    content: dict[str, object] = {"size": len(body), "mimeType": fields.get("content-type", "")}
    if body:
        content |= _named("text", body, BINARY if _text(body) is None else TEXT)
    return {
        "status": exchange.status,
        "statusText": _phrase(exchange.status),
        "httpVersion": "HTTP/1.1",
        "headers": _headers(exchange.response, secrets),
        "cookies": [],
        "content": content,
        "redirectURL": fields.get("location", ""),
        "headersSize": -1,
        "bodySize": len(body) if body else -1,
    }


def _whole_url(exchange: Exchange) -> str:
    """Return the URL; of a server's end only the target is known."""
    if not exchange.url.startswith("/"):
        return exchange.url
    hosts = [value for name, value in exchange.request if name.lower() == "host"]
    return f"ws://{hosts[0] if hosts else 'localhost'}{exchange.url}"


def _headers(fields: Sequence[tuple[str, str]], secrets: set[str]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": REDACTED if name.lower() in secrets else value}
        for name, value in fields
    ]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


# -- frames and messages -----------------------------------------------------------------------


def _way(frame: FrameRecord, side: Side) -> str:
    """Return the direction of a frame as the client sees it."""
    by_client = (frame.direction is Direction.OUT) == (side is Side.CLIENT)
    return "send" if by_client else "receive"


def _messages(captures: Sequence[Capture], side: Side, *, gap: bool) -> list[dict[str, object]]:
    """Put messages together from their frames; ``gap`` says that the middle of them is missing."""
    if gap:
        half = len(captures) // 2  # a wire keeps as many of the first as of the last
        first = _messages(captures[:half], side, gap=False)
        return first + _messages(captures[half:], side, gap=False)
    messages: list[dict[str, object]] = []
    unfinished: dict[str, list[FrameRecord]] = {"send": [], "receive": []}
    for capture in captures:
        frame = capture.frame
        way = _way(frame, side)
        frames = unfinished[way]
        # What is out of order belongs to no message (RFC 6455 §5.4).
        if frame.opcode > BINARY or (frame.opcode == CONTINUATION) != bool(frames):
            continue
        frames.append(frame)
        if frame.fin:
            messages.append(_message(way, capture.time, frames))
            unfinished[way] = []
    return messages


def _message(way: str, moment: float, frames: Sequence[FrameRecord]) -> dict[str, object]:
    payload, opcode = b"".join(frame.payload for frame in frames), frames[0].opcode
    cut = any(len(frame.payload) < frame.length for frame in frames)
    fields = _named("data", payload, opcode, cut=cut)
    if opcode == TEXT and fields.pop("encoding", None):
        opcode, fields = ERROR, {"data": "text that is not UTF-8"}
    message: dict[str, object] = {"type": way, "time": moment, "opcode": opcode, **fields}
    if opcode == BINARY:
        del message["encoding"]  # the opcode says it
    return message | ({"_truncated": True} if cut else {})


def _frame(capture: Capture, side: Side) -> dict[str, object]:
    frame = capture.frame
    cut = len(frame.payload) < frame.length
    # A close frame begins with its code, which is no text; the others may be.
    kind = BINARY if frame.opcode in (BINARY, CLOSE) else TEXT
    fields: dict[str, object] = {
        "direction": _way(frame, side),
        "time": capture.time,
        "opcode": frame.opcode,
        "fin": frame.fin,
        "rsv": frame.rsv,
        "masked": frame.masked,
        "wireLength": frame.wire_length,
        "length": frame.length,
        **_named("data", frame.payload, kind, cut=cut),
    }
    return fields | ({"_truncated": True} if cut else {})


def _named(key: str, data: bytes, opcode: int, *, cut: bool = False) -> dict[str, object]:
    """Return ``data`` as text if it should and can be, else in base64, and saying so."""
    text = _text(data, cut=cut) if opcode == TEXT else None
    if text is not None:
        return {key: text}
    return {key: base64.b64encode(data).decode(), "encoding": "base64"}


def _text(data: bytes, *, cut: bool = False) -> str | None:
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=not cut)
    except UnicodeDecodeError:
        return None


def _close(wire: Wire, captures: Sequence[Capture]) -> dict[str, object] | None:
    """Return how the connection ended; None while it is open."""
    closes = [capture.frame for capture in captures if capture.frame.opcode == CLOSE]
    if not closes and wire.ending is None:
        return None
    code, reason, by = 1006, "", None
    if closes:
        code, reason = _code(closes[0].payload)
        by = "client" if _way(closes[0], wire.side) == "send" else "server"
    elif (dropped := _DROPPED.search(wire.ending or "")) is not None:
        by = dropped[1]
    return {
        "code": code,
        "reason": reason,
        "initiatedBy": by,
        "clean": len({frame.direction for frame in closes}) == 2,
        "ending": wire.ending,
    }


def _code(payload: bytes) -> tuple[int, str]:
    try:
        return parse_close(payload)
    except ProtocolError as error:
        return int.from_bytes(payload[:2], "big"), f"({error})"
