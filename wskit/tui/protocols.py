"""JSON and the sub-protocols on top of it that wskit reads in payloads: a decoder for each.

The law of this file: a payload is hostile. How deep it nests and how much is in it is bounded
before anything is made of it, no decoder raises, and titles show a peer's text as ``printable``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..protocol.opcodes import BINARY
from ..trace import printable
from .entries import Entry
from .explaining import DEEPEST, counted

__all__ = ["MOST_ITEMS", "Decoded", "GraphQL", "Json", "JsonRpc", "SocketIO", "shape_words"]

MOST_ITEMS = 500_000
"""How many values and keys are read of one payload; more is neither quick nor for a screen."""

_LONGEST_TITLE = 200  # characters
_LONGEST_WORD = 60  # characters of one name in a title

# A string, which may lack its end, or a sign of the structure. Possessive, so that it takes linear
# time: no payload finds a way to have it tried twice.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,\]}]', re.DOTALL)
_JSON_START = re.compile(rb"[ \t\r\n]*+[\[{]")

_NEW, _OLD = "graphql-transport-ws", "graphql-ws"
_BOTH = f"{_NEW} or {_OLD}"
# Which sub-protocol has a type, and whether it needs an id.
_GRAPHQL = {
    "connection_init": (_BOTH, False),
    "connection_ack": (_BOTH, False),
    "connection_error": (_OLD, False),
    "connection_terminate": (_OLD, False),
    "ka": (_OLD, False),
    "ping": (_NEW, False),
    "pong": (_NEW, False),
    "subscribe": (_NEW, True),
    "start": (_OLD, True),
    "next": (_NEW, True),
    "data": (_OLD, True),
    "error": (_BOTH, True),
    "complete": (_BOTH, True),
    "stop": (_OLD, True),
}
_STARTS = ("subscribe", "start")
_RESULTS = ("next", "data")
# Behind blanks and comments, which are possessive too.
_OPERATION = re.compile(
    r"(?:[\s,]++|#[^\n]*+)*+(query|mutation|subscription)\b\s*+([_A-Za-z][_0-9A-Za-z]*+)?"
)

_ENGINE = {
    b"0": "open",
    b"1": "close",
    b"2": "ping",
    b"3": "pong",
    b"4": "message",
    b"5": "upgrade",
    b"6": "noop",
}
_SOCKET = ("connect", "disconnect", "event", "ack", "connect error", "binary event", "binary ack")
# Type, number of attachments, namespace, id of the acknowledgement; JSON follows.
_PACKET = re.compile(r"4([0-6])(?:([0-9]{1,9})-)?(?:(/[^,]*+)(?:,|\Z))?([0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a decoder made of a payload: ``title`` sums it up, ``value`` holds all of it.

    ``value`` is made of dict, list, str, int, float, bool, None and bytes. ``name``, the decoder's,
    and ``title`` become printable here, and are cut at 200 characters.
    """

    name: str
    title: str
    value: object

    def __post_init__(self) -> None:
        """Make both texts fit for a screen, whoever wrote the decoder."""
        object.__setattr__(self, "name", _title(self.name))
        object.__setattr__(self, "title", _title(self.title))


class Json:
    """JSON objects and arrays; a lone string or number can be read as it is.

    The title names what other parsers may read otherwise: a key that is there twice, NaN.
    """

    name = "JSON"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return the value; of a key that is there twice the last one, as most parsers do."""
        parsed = _json_payload(payload)
        if parsed is None:
            return None
        title = shape_words(parsed.value, "object")
        return Decoded(self.name, "; ".join((title, *parsed.oddities)), parsed.value)


class JsonRpc:
    """JSON-RPC 2.0: requests, notifications, responses, errors, and batches of them.

    The value has a ``kind``, and ``id``, ``method``, ``params``, ``result``, ``error`` where they
    are there; a batch has its ``calls``.
    """

    name = "JSON-RPC"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return the call or the batch; None where a single one is not by the book."""
        parsed = _json_payload(payload) if b'"jsonrpc"' in payload else None
        if parsed is None:
            return None
        if isinstance(parsed.value, list):
            calls = [call for each in parsed.value if (call := _call(each)) is not None]
            title = f"batch, {counted(len(calls), 'call')}"
            whole = bool(calls) and len(calls) == len(parsed.value)
            return Decoded(self.name, title, {"kind": "batch", "calls": calls}) if whole else None
        call = _call(parsed.value)
        return None if call is None else Decoded(self.name, _call_words(call), call)


class GraphQL:
    """GraphQL over WebSocket, by either sub-protocol: graphql-transport-ws, graphql-ws.

    The value is the message, with its ``sub-protocol`` and its ``operation``, if it names one.
    """

    name = "GraphQL"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return the message; None for JSON that has more than a message of GraphQL may have."""
        parsed = _json_payload(payload) if b'"type"' in payload else None
        message = None if parsed is None else parsed.value
        if not isinstance(message, dict) or not message.keys() <= {"id", "type", "payload"}:
            return None
        spoken = _graphql_protocol(message)
        if not spoken:
            return None
        operation = _operation(message["payload"]) if message["type"] in _STARTS else ""
        value = {"sub-protocol": spoken, **message}
        if operation:
            value["operation"] = operation
        number = f", id {_word(message['id'])}" if message.get("id") is not None else ""
        words = f" {_word(operation)}" if operation else ""
        return Decoded(self.name, f"{message['type']}{words}{number}", value)


class SocketIO:
    """Socket.IO v5 in the text frames of Engine.IO v4.

    The value has the ``packet`` by name and, of Socket.IO, the ``namespace``, the ``ack`` id, the
    number of binary ``attachments``, ``event`` and ``args``, or else ``data``.
    """

    name = "Socket.IO"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        """Return the packet; None for one that Socket.IO itself would not take."""
        if entry.frame.opcode == BINARY or payload[:1] not in _ENGINE:
            return None
        if payload[:1] != b"4":
            return self._engine(payload)
        try:
            packet = _socket_packet(payload.decode())
        except UnicodeDecodeError:
            return None
        return None if packet is None else Decoded(self.name, _packet_words(packet), packet)

    def _engine(self, payload: bytes) -> Decoded | None:
        packet, rest = _ENGINE[payload[:1]], payload[1:]
        value: dict[str, object] = {"packet": packet}
        if packet == "open":
            parsed = _json_payload(rest)
            if parsed is None or not isinstance(parsed.value, dict) or "sid" not in parsed.value:
                return None
            value["data"] = parsed.value
        elif rest:
            if rest != b"probe" or packet not in ("ping", "pong"):
                return None
            value["data"] = "probe"
        return Decoded(self.name, f"Engine.IO {packet}", value)


class _Parsed(NamedTuple):
    value: object
    oddities: Sequence[str]


def shape_words(value: object, map_name: str) -> str:
    """Return what ``value`` is and how much is in it, such as "object, 3 keys"."""
    if isinstance(value, dict):
        return f"{map_name}, {counted(len(value), 'key')}"
    return f"array, {counted(len(value), 'item')}" if isinstance(value, list) else "value"


def _title(text: str) -> str:
    return printable(text[:_LONGEST_TITLE])[:_LONGEST_TITLE]


def _word(value: object) -> str:
    """Return a name or an id for a title."""
    if isinstance(value, str) and len(value) > _LONGEST_WORD:
        return f"{value[:_LONGEST_WORD]!r}…"
    return repr(value)


def _json_payload(payload: bytes) -> _Parsed | None:
    """Return the JSON object or array that ``payload`` is, None for anything else."""
    if not _JSON_START.match(payload):
        return None
    try:
        return _json(payload.decode())
    except UnicodeDecodeError:
        return None


def _json(text: str) -> _Parsed | None:
    """Return the JSON value that ``text`` is, None for anything else or beyond the bounds."""
    oddities: dict[str, None] = {}  # a set in order

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            oddities["a key is there twice"] = None
        return made

    def constant(word: str) -> float:
        oddities[f"{word} is no JSON"] = None
        return float(word)

    if not _is_bounded(text):
        return None
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except (ValueError, RecursionError):  # the latter where little is left of the stack
        return None
    return _Parsed(value, tuple(oddities))


def _is_bounded(text: str) -> bool:
    """Whether JSON ``text`` is neither too deep nor too much, without reading all of it."""
    openings = text.count("[") + text.count("{")
    if openings <= DEEPEST and openings + text.count(",") + text.count('"') <= MOST_ITEMS:
        return True
    depth = 0
    for number, token in enumerate(_JSON_TOKEN.finditer(text)):
        sign = text[token.start()]
        depth += (sign in "[{") - (sign in "]}")
        if depth > DEEPEST or number > MOST_ITEMS:
            return False
    return True


def _call(value: object) -> dict[str, object] | None:
    """Return what matters of a single JSON-RPC call, None for what is none."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        return None
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, str | int | float | None):
        return None
    kind = _call_kind(value)
    keys = [key for key in ("id", "method", "params", "result", "error") if key in value]
    return {"kind": kind, **{key: value[key] for key in keys}} if kind else None


def _call_kind(value: dict[str, object]) -> str:
    if "method" in value:
        if not isinstance(value["method"], str) or value.keys() & {"result", "error"}:
            return ""
        return "request" if "id" in value else "notification"
    if "id" not in value or not value.keys() & {"result", "error"}:
        return ""
    # Some send both, one of them null; that breaks the rules and yet is clear.
    return "response" if value.get("error") is None else "error"


def _call_words(call: dict[str, object]) -> str:
    words = str(call["kind"])
    error = call.get("error")
    if "method" in call:
        words += f" {_word(call['method'])}"
    elif isinstance(error, dict):
        told = [error[key] for key in ("code", "message") if isinstance(error.get(key), str | int)]
        words = " ".join((words, *map(_word, told)))
    return f"{words}, id {_word(call['id'])}" if "id" in call else words


def _graphql_protocol(message: dict[str, object]) -> str:
    """Return the sub-protocol that ``message`` is of, "" for none."""
    kind, payload = message.get("type"), message.get("payload")
    if not isinstance(kind, str) or kind not in _GRAPHQL:
        return ""
    spoken, has_id = _GRAPHQL[kind]
    if not isinstance(message.get("id"), str if has_id else str | None):
        return ""
    if kind == "error":  # a list of errors in the one, an error in the other
        return _NEW if isinstance(payload, list) else _OLD if isinstance(payload, dict) else ""
    if kind not in _STARTS + _RESULTS:
        return spoken if isinstance(payload, dict | None) else ""
    needed = {"query", "extensions"} if kind in _STARTS else {"data", "errors"}
    return spoken if isinstance(payload, dict) and payload.keys() & needed else ""


def _operation(payload: dict[str, object]) -> str:
    """Return kind and name of the operation, as far as they are there."""
    query, wanted = payload.get("query"), payload.get("operationName")
    found = _OPERATION.match(query) if isinstance(query, str) else None
    kind, name = found.groups() if found else (None, None)
    if isinstance(wanted, str) and wanted != name:
        kind, name = None, wanted  # of several operations, or of a query that is not sent along
    return " ".join(filter(None, (kind, name)))


def _socket_packet(text: str) -> dict[str, object] | None:
    match = _PACKET.match(text)
    if match is None:
        return None
    kind, rest = _SOCKET[int(match[1])], text[match.end() :]
    parsed = _json(rest) if rest else _Parsed(..., ())
    contents = None if parsed is None else _contents(kind, parsed.value)
    if contents is None or not _is_numbered_right(kind, match[2], match[4]):
        return None
    packet: dict[str, object] = {"packet": kind, "namespace": match[3] or "/"}
    if match[4]:
        packet["ack"] = int(match[4])
    if match[2]:
        packet["attachments"] = int(match[2])
    return packet | contents


def _is_numbered_right(kind: str, attachments: str | None, ack: str | None) -> bool:
    """Whether a packet has the numbers that its kind must have, and no others."""
    if kind.startswith("binary") != (attachments is not None):
        return False
    return kind.endswith("event") or kind.endswith("ack") == (ack is not None)


def _contents(kind: str, data: object) -> dict[str, object] | None:
    """Return what a packet carries, None where one of its kind must not; ``...`` is nothing."""
    if kind.endswith("event"):
        if not isinstance(data, list) or not data or type(data[0]) not in (str, int):
            return None
        return {"event": data[0], "args": data[1:]}
    if kind.endswith("ack"):
        return {"args": data} if isinstance(data, list) else None
    if data is ...:
        return {} if kind in ("connect", "disconnect") else None
    allowed = {"connect": dict, "connect error": dict | str}.get(kind, ())
    return {"data": data} if isinstance(data, allowed) else None


def _packet_words(packet: dict[str, object]) -> str:
    words = str(packet["packet"])
    if "event" in packet:
        words += f" {_word(packet['event'])}"
    if packet["namespace"] != "/":
        words += f" in {_word(packet['namespace'])}"
    return f"{words}, ack {packet['ack']}" if "ack" in packet else words
