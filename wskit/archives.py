"""Conversations read from HAR files: those of wskit, Chrome, mitmproxy and Playwright.

The law of this file: what is wrong with a file is said in one line, with its name and the place.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from .protocol.frames import Direction, FrameRecord
from .protocol.opcodes import BINARY, TEXT, Message, MessageType, Side
from .trace import printable

__all__ = ["ERROR", "RecordedClose", "RecordedMessage", "Recording", "read_har"]

ERROR = -1
"""The opcode under which Chrome notes what broke the protocol."""

T = TypeVar("T")

_SCHEMES = {"ws": "ws", "http": "ws", "wss": "wss", "https": "wss"}
_SENDERS = {"send": Side.CLIENT, "receive": Side.SERVER}
_MILLISECONDS = 1e11  # Unix times above it are no seconds: it would be the year 5138
_LATEST = 1e15
_WORDS = {dict: "an object", list: "a list", str: "a string", int: "an integer", bool: "a boolean"}


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A data message; ``time`` is in seconds from the beginning of its connection.

    ``whole`` is False where the record has only its start.
    """

    sender: Side
    time: float
    message: Message
    whole: bool = True


@dataclass(frozen=True, slots=True)
class RecordedClose:
    """How the connection ended: the first close frame, or code 1006 where there was none.

    ``initiated_by`` is "client" or "server": who sent it, or who dropped the connection; None where
    that is not known. ``clean`` says whether both ends sent a close frame.
    """

    code: int
    reason: str
    initiated_by: str | None
    clean: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """One conversation. ``url`` is a ws or wss URL, headers are (name, value) pairs.

    ``status`` other than 101 is a refusal, with its ``body``; ``close`` None an end that nobody
    recorded. ``started`` is in Unix seconds, 0 if nobody knows. ``frames`` are those of the client,
    with their times, where wskit wrote the file; else there are none.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    status: int
    response_headers: tuple[tuple[str, str], ...]
    subprotocol: str | None
    messages: tuple[RecordedMessage, ...]
    close: RecordedClose | None
    body: bytes = b""
    started: float = 0.0
    frames: tuple[tuple[float, FrameRecord], ...] = ()


def read_har(path: str | os.PathLike[str]) -> list[Recording]:
    """Return the WebSocket conversations in a HAR file, in its order.

    Messages that Playwright put into a file of their own are read from there. Raises OSError, and
    ValueError naming ``path`` and what is wrong with it.
    """
    path = Path(path)
    try:
        document = _parsed(path.read_bytes())
        entries = _field(_field(document, "log", dict), "entries", list, "log")
        found = []
        for number, entry in enumerate(entries):
            where = f"log.entries[{number}]"
            if _is_websocket(_checked(entry, dict, where)):
                found.append(_recording(entry, where, path.parent))
        return found
    except ValueError as error:
        raise ValueError(printable(f"{path}: {error}")) from None


def _parsed(data: bytes) -> dict[str, object]:
    try:
        return _checked(json.loads(data), dict, "the file")
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None


def _is_websocket(entry: Mapping[str, object]) -> bool:
    return "_webSocketMessages" in entry or entry.get("_resourceType") == "websocket"


def _recording(entry: Mapping[str, object], where: str, folder: Path) -> Recording:
    request = _field(entry, "request", dict, where)
    response = _field(entry, "response", dict, where)
    response_headers = _headers(response, f"{where}.response")
    named = {name.lower(): value for name, value in response_headers}
    listed, place = _message_list(entry, response, where, folder)
    start = _start(entry)
    messages = tuple(_messages(listed, place, start))
    status = _field(response, "status", int, f"{where}.response")
    return Recording(
        url=_url(_field(request, "url", str, f"{where}.request"), f"{where}.request.url"),
        headers=_headers(request, f"{where}.request"),
        # Some tools do not see the response of a handshake that succeeded, and write 0 or -1.
        status=101 if status < 100 and listed else status,
        response_headers=response_headers,
        subprotocol=named.get("sec-websocket-protocol"),
        messages=messages,
        close=_close(entry, where),
        body=_body(response, where),
        started=start if start is not None else _first_moment(listed, place),
        frames=tuple(_frames(entry, where)),
    )


def _url(url: str, where: str) -> str:
    scheme, colon, rest = url.partition("://")
    if not colon or scheme.lower() not in _SCHEMES:
        raise ValueError(f"{where}: must begin with ws, wss, http or https, not {url[:40]!r}")
    return f"{_SCHEMES[scheme.lower()]}://{rest.partition('#')[0]}"


def _headers(message: Mapping[str, object], where: str) -> tuple[tuple[str, str], ...]:
    fields = []
    for number, header in enumerate(_optional(message, "headers", list, where) or ()):
        place = f"{where}.headers[{number}]"
        header = _checked(header, dict, place)
        fields.append((_field(header, "name", str, place), _field(header, "value", str, place)))
    return tuple(fields)


def _body(response: Mapping[str, object], where: str) -> bytes:
    place = f"{where}.response.content"
    content = _optional(response, "content", dict, f"{where}.response") or {}
    text = _optional(content, "text", str, place) or ""
    if content.get("encoding") == "base64":
        return _decoded(text, f"{place}.text")
    return _octets(text, f"{place}.text")


# -- messages ----------------------------------------------------------------------------------


def _message_list(
    entry: Mapping[str, object], response: Mapping[str, object], where: str, folder: Path
) -> tuple[list[object], str]:
    """Return the messages as JSON values, and the place where they are."""
    messages = _optional(entry, "_webSocketMessages", list, where)
    if messages is not None:
        return messages, f"{where}._webSocketMessages"
    content = _optional(response, "content", dict, f"{where}.response") or {}
    for key in ("_file", "_sha1"):
        name = _optional(content, key, str, f"{where}.response.content")
        if name is not None:
            return _attached(name, folder, f"{where}.response.content.{key}")
    return [], where


def _attached(name: str, folder: Path, where: str) -> tuple[list[object], str]:
    """Read Playwright's file of messages: a list, or in later versions a message on each line."""
    if not name or name != Path(name).name or "\\" in name or name in ("..", "."):
        raise ValueError(f"{where}: must be the name of a file beside this one, not {name!r}")
    try:
        text = (folder / name).read_bytes().decode()
        if text.lstrip().startswith("["):
            return _checked(json.loads(text), list, name), name
        return [json.loads(line) for line in text.splitlines() if line.strip()], name
    except OSError as error:
        raise ValueError(f"{where}: {name!r} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{name}: not JSON: {error}") from None


def _messages(
    messages: Sequence[object], where: str, start: float | None
) -> Iterator[RecordedMessage]:
    for number, value in enumerate(messages):
        place = f"{where}[{number}]"
        message = _checked(value, dict, place)
        opcode = _field(message, "opcode", int, place)
        moment = _time(message, place)
        start = moment if start is None else start
        if opcode == ERROR or opcode > BINARY:
            continue  # not a message: what broke the protocol, or a control frame
        kind = _field(message, "type", str, place)
        if kind not in _SENDERS:
            raise ValueError(f'{place}.type: must be "send" or "receive", not {kind!r}')
        if opcode not in (TEXT, BINARY):
            raise ValueError(f"{place}.opcode: must be 1 or 2, not {opcode}")
        data = _data(opcode, _field(message, "data", str, place), f"{place}.data")
        whole = not message.get("_truncated", False)
        offset = max(moment - start, 0.0)
        yield RecordedMessage(_SENDERS[kind], offset, Message(MessageType(opcode), data), whole)


def _first_moment(messages: Sequence[object], where: str) -> float:
    return _time(_checked(messages[0], dict, f"{where}[0]"), f"{where}[0]") if messages else 0.0


def _frames(entry: Mapping[str, object], where: str) -> Iterator[tuple[float, FrameRecord]]:
    for number, value in enumerate(_optional(entry, "_wskitFrames", list, where) or ()):
        place = f"{where}._wskitFrames[{number}]"
        frame = _checked(value, dict, place)
        way = _field(frame, "direction", str, place)
        if way not in _SENDERS:
            raise ValueError(f'{place}.direction: must be "send" or "receive", not {way!r}')
        data = _field(frame, "data", str, place)
        decode = _decoded if frame.get("encoding") == "base64" else _octets
        payload = decode(data, f"{place}.data")
        record = FrameRecord(
            Direction.OUT if way == "send" else Direction.IN,
            _number(frame, "opcode", 15, place),
            _field(frame, "fin", bool, place),
            _number(frame, "rsv", 7, place),
            _field(frame, "masked", bool, place),
            _number(frame, "wireLength", 1 << 63, place),
            max(_number(frame, "length", 1 << 63, place), len(payload)),
            payload,
        )
        yield _time(frame, place), record


def _data(opcode: int, data: str, where: str) -> str | bytes:
    if opcode == BINARY:
        return _decoded(data, where)
    _octets(data, where)
    return data


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"{where}: is not base64") from None


def _octets(text: str, where: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: has half of a surrogate pair") from None


# -- moments -----------------------------------------------------------------------------------


def _start(entry: Mapping[str, object]) -> float | None:
    """Return the Unix time of the request; None where there is none, then the first message's."""
    try:
        return datetime.fromisoformat(str(entry.get("startedDateTime"))).timestamp()
    except (ValueError, OverflowError):
        return None


def _time(message: Mapping[str, object], where: str) -> float:
    value = message.get("time", 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where}.time: must be a number, not {_kind(value)}")
    if not abs(value) < _LATEST:  # nor is it NaN, which Python's JSON knows
        raise ValueError(f"{where}.time: is no time")
    return value / 1000 if value > _MILLISECONDS else float(value)


def _close(entry: Mapping[str, object], where: str) -> RecordedClose | None:
    close = _optional(entry, "_wskitClose", dict, where)
    if close is None:
        return None
    place = f"{where}._wskitClose"
    by = _optional(close, "initiatedBy", str, place)
    if by not in (None, "client", "server"):
        raise ValueError(f'{place}.initiatedBy: must be "client" or "server", not {by!r}')
    return RecordedClose(
        _field(close, "code", int, place),
        _field(close, "reason", str, place),
        by,
        _field(close, "clean", bool, place),
    )


# -- JSON values that must be of a kind --------------------------------------------------------


def _field(values: Mapping[str, object], name: str, kind: type[T], where: str = "") -> T:
    place = f"{where}.{name}" if where else name
    if name not in values:
        raise ValueError(f"{place}: is missing")
    return _checked(values[name], kind, place)


def _number(values: Mapping[str, object], name: str, most: int, where: str) -> int:
    value = _field(values, name, int, where)
    if not 0 <= value <= most:
        raise ValueError(f"{where}.{name}: must be 0..{most}, not {value}")
    return value


def _optional(values: Mapping[str, object], name: str, kind: type[T], where: str) -> T | None:
    return None if values.get(name) is None else _field(values, name, kind, where)


def _checked(value: object, kind: type[T], where: str) -> T:
    # True is an int in Python and none in JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{where}: must be {_WORDS[kind]}, not {_kind(value)}")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return _WORDS.get(type(value), "a number")
