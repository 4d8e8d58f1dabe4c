"""What a line that is typed means: a message, or after a slash a frame of another kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..client import Client
from ..errors import ConnectionClosed

__all__ = ["HELP", "NotSent", "send"]

HELP = "text, or /ping /pong /close [code [reason]] /hex de ad /file PATH, //text for a slash"
"""What can be typed, on one line."""


class NotSent(ValueError):
    """Why nothing was sent, in one line."""


def send(client: Client, line: str) -> None:
    """Send what ``line`` says over ``client``; raises NotSent."""
    try:
        if line.startswith("/") and not line.startswith("//"):
            name, _, rest = line[1:].partition(" ")
            _verb(name)(client, rest)
        else:
            client.write(line.removeprefix("/") if line.startswith("//") else line)
    except ConnectionClosed as closed:
        raise NotSent(f"the connection is closed: {closed}") from None
    except (OSError, ValueError) as error:
        raise NotSent(str(error)) from None


def _verb(name: str) -> Callable[[Client, str], None]:
    verb = _VERBS.get(name)
    if verb is None:
        raise NotSent(f"/{name}: no such command; there are {', '.join(f'/{v}' for v in _VERBS)}")
    return verb


def _ping(client: Client, rest: str) -> None:
    client.write_ping(rest.encode())


def _pong(client: Client, rest: str) -> None:
    client.write_pong(rest.encode())


def _close(client: Client, rest: str) -> None:
    code, _, reason = rest.partition(" ")
    if code and not code.isdecimal():
        raise NotSent(f"/close: {code!r} is no code such as 1000")
    client.close(int(code) if code else 1000, reason)


def _hex(client: Client, rest: str) -> None:
    try:
        data = bytes.fromhex(rest)
    except ValueError:
        raise NotSent(f"/hex: {rest!r} is no bytes such as 'de ad be ef'") from None
    client.write(data)


def _file(client: Client, rest: str) -> None:
    try:
        client.write(Path(rest).expanduser().read_bytes())
    except OSError as error:
        raise NotSent(f"/file: {rest}: {error.strerror or error}") from None


_VERBS: dict[str, Callable[[Client, str], None]] = {
    "ping": _ping,
    "pong": _pong,
    "close": _close,
    "hex": _hex,
    "file": _file,
}
