"""A second opinion on heads of opening handshakes: what RFC 6455 §4 demands of one that counts.

The law of this file: it shares no code with ``wskit.protocol``, and judges what was accepted only;
whatever is refused is refused.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

__all__ = ["problem_of_answer", "problem_of_request", "problem_of_response"]

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_Fields = list[tuple[str, str]]


def problem_of_request(head: bytes) -> str:
    """Say why a server may not accept ``head`` (§4.2.1); "" where it may."""
    first, fields = _head(head)
    words = first.split(" ")
    if words[0] != "GET" or words[-1] != "HTTP/1.1" or len(words) != 3:
        return "the request line is not GET and HTTP/1.1"
    if len(_values(fields, "host")) != 1:
        return "there is not one Host"
    if "websocket" not in _tokens(fields, "upgrade"):
        return "Upgrade does not name websocket"
    if "upgrade" not in _tokens(fields, "connection"):
        return "Connection does not name upgrade"
    if _values(fields, "sec-websocket-version") != ["13"]:
        return "the version is not 13"
    keys = _values(fields, "sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        return "there is not one key of 16 bytes"
    return ""


def problem_of_response(head: bytes, key: str, protocols: Sequence[str] | None = None) -> str:
    """Say why ``head`` does not open a connection for ``key`` (§4.1); "" where it does.

    ``protocols`` are those that were offered; None is for a response of our own, which is judged
    by what may be sent.
    """
    first, fields = _head(head)
    if not first.startswith("HTTP/1.1 101"):
        # Responses before the last one are for information only (RFC 9110 §15.2).
        return _after_information(head, key, protocols)
    if protocols is None and not _well_formed(fields):
        return "a header line is malformed"
    if _tokens(fields, "upgrade") != ["websocket"]:
        return "Upgrade is not websocket"
    if "upgrade" not in _tokens(fields, "connection"):
        return "Connection does not name upgrade"
    digest = hashlib.sha1((key + _GUID).encode("latin-1"), usedforsecurity=False).digest()
    if _values(fields, "sec-websocket-accept") != [base64.b64encode(digest).decode()]:
        return "Sec-WebSocket-Accept is not the key's"
    chosen = _values(fields, "sec-websocket-protocol")
    if protocols is not None and chosen and (len(chosen) > 1 or chosen[0] not in protocols):
        return "the subprotocol was not offered"
    return ""


def problem_of_answer(response: bytes, status: int) -> str:
    """Say why ``response`` is no whole HTTP response with ``status``; "" if it is one."""
    head, blank, body = response.partition(b"\r\n\r\n")
    first, fields = _head(head)
    if not blank or not first.startswith(f"HTTP/1.1 {status} "):
        return "no status line, or no blank line"
    if not _well_formed(fields):
        return "a header line is malformed"
    if _values(fields, "content-length") != [str(len(body))]:
        return "Content-Length is not the body's"
    if "close" not in _tokens(fields, "connection"):
        return "Connection does not say close"
    return ""


def _after_information(head: bytes, key: str, protocols: Sequence[str] | None) -> str:
    first, blank, rest = head.partition(b"\n\r\n")
    if not blank:
        first, blank, rest = head.partition(b"\n\n")
    if not blank or not rest or not first.startswith(b"HTTP/1.1 1"):
        return "the status is not 101"
    return problem_of_response(rest, key, protocols)


def _head(head: bytes) -> tuple[str, _Fields]:
    lines = [line.rstrip("\r") for line in head.decode("latin-1").split("\n")]
    fields: _Fields = []
    for line in lines[1:]:
        if line[:1] in (" ", "\t") and fields:  # obs-fold (RFC 9112 §5.2)
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}".strip())
        elif line:
            name, _, value = line.partition(":")
            fields.append((name.lower(), value.strip(" \t")))
    return lines[0], fields


def _values(fields: _Fields, name: str) -> list[str]:
    return [value for other, value in fields if other == name]


def _tokens(fields: _Fields, name: str) -> list[str]:
    values = ",".join(_values(fields, name)).split(",")
    return [value.strip(" \t").lower() for value in values if value.strip(" \t")]


def _well_formed(fields: _Fields) -> bool:
    return all(_NAME.fullmatch(name) and value.isprintable() for name, value in fields)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except ValueError:
        return False
