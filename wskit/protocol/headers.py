"""HTTP header fields: those that came, those an application adds, and the rule for their text.

Names are compared without case (RFC 9110 §5.1) and kept in lower case where they came from a peer.
Nothing gets into a head that could end its line: that is how headers are injected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import HeaderFields

__all__ = [
    "TOKEN",
    "Headers",
    "ResponseHeaders",
    "check_field",
    "is_token",
    "list_elements",
    "request_fields",
]

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
"""The pattern of a token (RFC 9110 §5.6.2)."""

_TOKEN = re.compile(TOKEN)
# RFC 9110 §5.5: visible ASCII, blanks and obs-text; a control character is never right.
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

# What the handshake or HTTP's framing says itself; said twice it would be ambiguous.
_RESERVED = frozenset(
    (
        "connection",
        "content-length",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "transfer-encoding",
        "upgrade",
    )
)


class Headers:
    """Header fields in the order of their arrival, found by name in any case; never changes.

    Iteration gives (name, value) pairs with the names in lower case.
    """

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        """Take (name, value) pairs."""
        self._fields = [(name.lower(), value) for name, value in fields]
        self._values: dict[str, list[str]] = {}
        for name, value in self._fields:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of the field ``name``, or ``default``."""
        values = self._values.get(name.lower())
        return default if values is None else values[0]

    def get_all(self, name: str) -> list[str]:
        """Return every value of the field ``name`` in order; an empty list if there is none."""
        return list(self._values.get(name.lower(), ()))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield (name, value) for each field line."""
        return iter(self._fields)

    def __len__(self) -> int:
        """Return the number of field lines."""
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a field ``name``."""
        return isinstance(name, str) and name.lower() in self._values

    def __repr__(self) -> str:
        """Show every field."""
        return f"Headers({self._fields!r})"


class ResponseHeaders:
    """Fields that an application adds to the 101 response, up to ``limit`` of them."""

    __slots__ = ("_fields", "_limit")

    def __init__(self, limit: int = 32) -> None:
        """Start empty."""
        self._fields: list[tuple[str, str]] = []
        self._limit = limit

    def add(self, name: str, value: str) -> None:
        """Add one field; the case of ``name`` is kept.

        Raises ValueError for a name that is no token or belongs to the handshake, for a control
        character in ``value``, and beyond the limit.
        """
        check_field(name, value)
        if name.lower() in _RESERVED:
            raise ValueError(f"name: {name} is the handshake's own")
        if len(self._fields) >= self._limit:
            raise ValueError(f"max_res_headers: the response has its {self._limit} headers already")
        self._fields.append((name, value))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield (name, value) in the order they were added."""
        return iter(self._fields)

    def __len__(self) -> int:
        """Return the number of fields added."""
        return len(self._fields)


def is_token(text: str) -> bool:
    """Tell whether ``text`` is a token, as header names and subprotocols are (RFC 9110 §5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def check_field(name: str, value: str) -> None:
    """Raise TypeError or ValueError unless this may be a line of a head; no value is repeated."""
    for field, text in (("name", name), ("value", value)):
        if not isinstance(text, str):
            raise TypeError(f"{field}: must be str, not {type(text).__name__}")
    if not is_token(name):
        raise ValueError(f"name: must be a token (RFC 9110 §5.6.2), not {name!r}")
    if _VALUE.fullmatch(value) is None:
        raise ValueError(f"value: that of {name} has a control or non-Latin-1 character")


def list_elements(values: Iterable[str]) -> list[str]:
    """Split comma-separated lists, over several lines, into elements (RFC 9110 §5.6.1)."""
    elements = (element.strip(" \t") for value in values for element in value.split(","))
    return [element for element in elements if element]


def request_fields(headers: str | HeaderFields) -> list[tuple[str, str]]:
    r"""Return a user's own request headers as pairs, from "Name: value\r\n" lines, a dict or pairs.

    Raises ValueError for what would change the request beyond its own line, for a name that the
    handshake sets itself, and for a second Host.
    """
    if isinstance(headers, str):
        fields = [_field(line) for line in headers.removesuffix("\r\n").split("\r\n") if headers]
    else:
        fields = list(headers.items() if hasattr(headers, "items") else headers)
    for name, value in fields:
        try:
            check_field(name, value)
        except (TypeError, ValueError) as exc:
            raise type(exc)(f"headers: {exc}") from None
        if name.lower() in _RESERVED:
            raise ValueError(f"headers: {name} is the handshake's own")
    if sum(name.lower() == "host" for name, _ in fields) > 1:
        raise ValueError("headers: Host may be given once")
    return [(name, value.strip(" \t")) for name, value in fields]


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError('headers: a line must read "Name: value"')
    return name, value
