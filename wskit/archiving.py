"""HAR files (HTTP Archive 1.2) with the messages of WebSockets, as Chrome writes them.

The law of this file: ``_webSocketMessages`` holds what others can read, whole messages only; every
frame and the end of the connection are in fields of our own, ``_wskitFrames`` and ``_wskitClose``.
`archives` reads them.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from .archives import ERROR
from .errors import ProtocolError
from .events import Opened
from .protocol.frames import Direction, FrameRecord, parse_close
from .protocol.opcodes import BINARY, CLOSE, CONTINUATION, TEXT, Side
from .taps import Capture

__all__ = ["REDACTED", "SECRETS", "archive", "conversation_entry", "shown_url", "whole_url"]

SECRETS = ("Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie")
"""The headers whose values are not written."""

REDACTED = "REDACTED"
"""What is written instead."""

_USER = re.compile(r"(?<=://)[^/?#]*@")
_DROPPED = re.compile(r"(?:dropped|reset) by the (client|server)")


def archive(entries: Iterable[dict[str, object]]) -> Iterator[str]:
    """Yield the text of a HAR file with ``entries``, each on a line of its own."""
    from . import __version__

    creator = json.dumps({"name": "wskit", "version": __version__})
    yield f'{{"log": {{"version": "1.2", "creator": {creator}, "pages": [], "entries": ['
    for number, entry in enumerate(entries):
        # Without indents: these would take five times as long.
        yield ("," if number else "") + "\n" + json.dumps(entry)
    yield "\n]}}\n"


def conversation_entry(
    opened: Opened,
    captures: Sequence[Capture],
    ending: str | None,
    *,
    left_out: int = 0,
    before: int = 0,
    redact: Collection[str] = SECRETS,
) -> dict[str, object]:
    """Return the entry of one connection; ``ending`` says how it ended, None while it is open.

    ``left_out`` counts frames that are not among ``captures``: they were ahead of
    ``captures[before]``. Headers named in ``redact``, in any case, are written without values;
    with Authorization among them, URLs without user and password. Cut payloads are marked.
    """
    start, side = opened.time, opened.side
    last = captures[-1].time if captures else start
    runs = [captures[:before], captures[before:]] if left_out else [captures]
    entry: dict[str, object] = {
        "startedDateTime": _iso(start),
        "time": round(max(last - start, 0.0) * 1000, 3),
        "request": _request(opened, redact),
        "response": _response(opened, redact),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        **_server_address(opened),
        "_resourceType": "websocket",
        "_webSocketMessages": [message for run in runs for message in _messages(run, side)],
        "_wskitFrames": [_frame(capture, side) for capture in captures],
    }
    if left_out:
        entry["_wskitFramesLeftOut"] = left_out
    if opened.status == 101 and (close := _close(captures, side, ending)) is not None:
        entry["_wskitClose"] = close
    return entry


def whole_url(opened: Opened) -> str:
    """Return the URL; where only the target is known, as of a server's end, with the Host."""
    if not opened.url.startswith("/"):
        return opened.url or "ws://localhost/"
    hosts = [value for name, value in opened.request if name.lower() == "host"]
    return f"ws://{hosts[0] if hosts else 'localhost'}{opened.url}"


def shown_url(opened: Opened) -> str:
    """Return the URL without user and password."""
    return _USER.sub("", whole_url(opened))


# -- the opening handshake ---------------------------------------------------------------------


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _request(opened: Opened, redact: Collection[str]) -> dict[str, object]:
    secret = any(name.lower() == "authorization" for name in redact)
    url = shown_url(opened) if secret else whole_url(opened)
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return {
        "method": "GET",
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": _headers(opened.request, redact),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "cookies": [],
        "headersSize": -1,
        "bodySize": 0,
    }


def _response(opened: Opened, redact: Collection[str]) -> dict[str, object]:
    body, fields = opened.body, {name.lower(): value for name, value in opened.response}
    content: dict[str, object] = {"size": len(body), "mimeType": fields.get("content-type", "")}
    if body:
        content |= _named("text", body, BINARY if _text(body) is None else TEXT)
    return {
        "status": opened.status,
        "statusText": _phrase(opened.status),
        "httpVersion": "HTTP/1.1",
        "headers": _headers(opened.response, redact),
        "cookies": [],
        "content": content,
        "redirectURL": fields.get("location", ""),
        "headersSize": -1,
        "bodySize": len(body) if body else -1,
    }


def _server_address(opened: Opened) -> dict[str, str]:
    """Return the field with the IP address of the server, where that is known."""
    if opened.side is not Side.CLIENT:
        return {}
    host = opened.peer.rpartition(":")[0].strip("[]")
    try:
        return {"serverIPAddress": str(ip_address(host))}
    except ValueError:
        return {}


def _headers(fields: Sequence[tuple[str, str]], redact: Collection[str]) -> list[dict[str, str]]:
    secrets = {name.lower() for name in redact}
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


def _messages(captures: Sequence[Capture], side: Side) -> list[dict[str, object]]:
    """Put messages together from their frames."""
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


def _close(captures: Sequence[Capture], side: Side, ending: str | None) -> dict[str, object] | None:
    """Return how the connection ended; None while it is open."""
    closes = [capture.frame for capture in captures if capture.frame.opcode == CLOSE]
    if not closes and ending is None:
        return None
    code, reason, by = 1006, "", None
    if closes:
        code, reason = _code(closes[0].payload)
        by = "client" if _way(closes[0], side) == "send" else "server"
    elif (dropped := _DROPPED.search(ending or "")) is not None:
        by = dropped[1]
    return {
        "code": code,
        "reason": reason,
        "initiatedBy": by,
        "clean": len({frame.direction for frame in closes}) == 2,
        "ending": ending,
    }


def _code(payload: bytes) -> tuple[int, str]:
    try:
        return parse_close(payload)
    except ProtocolError as error:
        return int.from_bytes(payload[:2], "big"), f"({error})"
