"""A conversation as a test: what the client said is said again, what the server said is expected.

The law of this file: the code runs as it is, black has nothing to change in it, and what is not
said again is said in a comment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..archiving import SECRETS, shown_url
from ..errors import ProtocolError
from ..protocol.frames import parse_close
from ..protocol.opcodes import BINARY, CLOSE
from ..trace import printable
from ..urls import parse_url
from .command_lines import elements, own_fields
from .dialogues import Line, said
from .entries import Entry
from .excerpts import Conversation, excerpt
from .history import History
from .python_literals import Code, call, literal

__all__ = ["as_pytest", "pytest_code"]

_TESTS = 50  # of a module
_MESSAGES = 500  # of all its tests
_BYTES = 256 << 10  # of their payloads
_LONGEST = 16 << 10  # of a payload; of longer ones the beginning is expected
_PATIENCE = 0.5  # seconds; what took longer gets a timeout of its own: the default is 1 second
_SECRET = {name.lower() for name in SECRETS}
# What browsers send to any server.
_USUAL = frozenset(
    (
        *("accept", "accept-encoding", "accept-language", "cache-control", "dnt", "origin"),
        *("pragma", "priority", "user-agent"),
    )
)


def as_pytest(history: History, connection: int) -> str:
    """Return a module with a test that says again what was said on the connection.

    Headers with secrets become environment variables. ValueError where the connection is not
    known, was not answered, or has no proper URL.
    """
    return pytest_code(excerpt(history, connection=connection).conversations)


def pytest_code(conversations: Sequence[Conversation]) -> str:
    """Return a module with a test for each of ``conversations``, up to 50; raises ValueError."""
    answered = [each for each in conversations if each.opened.status]
    if not answered:
        raise ValueError("nothing was answered: there is nothing to test")
    server, room = _server(answered[0]), _Room(_MESSAGES, _BYTES)
    lines = [_HEAD, *call("SERVER = os.environ.get", ["WSKIT_SERVER", server], indent=0)]
    for conversation in answered[:_TESTS]:
        lines += ["", "", *_Writer(conversation, server, room).test()]
    if len(answered) > _TESTS:
        lines += ["", "", f"# Other connections that are not here: {len(answered) - _TESTS}."]
    return "\n".join(lines) + "\n"


_HEAD = '''"""Conversations that wskit inspect has seen, to be had again.

WSKIT_SERVER in the environment names another server, as ws://127.0.0.1:8000.
"""

import os
'''


def _server(conversation: Conversation) -> str:
    """Return the URL without path and query."""
    url = shown_url(conversation.opened)
    parse_url(url)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(slots=True)
class _Omitted:
    """What is not said again."""

    fragmented: int = 0
    controls: int = 0
    broken: int = 0
    later: int = 0

    def comments(self) -> Iterator[str]:
        if self.fragmented:
            yield f"Messages that were fragmented, here one frame each: {self.fragmented}."
        if self.controls:
            yield f"Pings and pongs that are not here: {self.controls}."
        if self.broken:
            yield f"Frames that broke the protocol, not here: {self.broken}."
        if self.later:
            yield f"Later messages that are not here, nor is the end: {self.later}. They are too"
            yield "many, or one that the client sent was not kept whole."


@dataclass(slots=True)
class _Writer:
    """Writes one test."""

    conversation: Conversation
    server: str
    room: _Room
    lines: list[str] = field(default_factory=list)
    omitted: _Omitted = field(default_factory=_Omitted)

    def test(self) -> list[str]:
        """Return its lines."""
        conversation = self.conversation
        if conversation.opened.status != 101:
            self._refused()
        else:
            self._talk()
        notes = list(self.omitted.comments())
        if conversation.left_out:
            notes.insert(0, f"Other frames that are not here: {conversation.left_out}.")
        head = f"def test_connection_{conversation.number}(ws_client):"
        return [head, *(f"    # {note}" for note in notes), *self._opening(), *self.lines]

    def _opening(self) -> list[str]:
        opened, server = self.conversation.opened, _server(self.conversation)
        path = shown_url(opened)[len(server) :]
        own = "SERVER" if server == self.server else literal(server)
        arguments = [Code(f"{own} + {literal(path)}" if path else own)]
        fields, lines = [f for f in own_fields(opened) if _is_latin(f[1])], list[str]()
        if wanted := [f for f in fields if f[0].lower() not in _USUAL]:
            lines += _list("headers", [line for f in wanted for line in _header(*f)])
            arguments.append(Code("headers=headers"))
        if offered := elements(opened, "sec-websocket-protocol"):
            lines += _list("subprotocols", [f"        {literal(name)}," for name in offered])
            arguments.append(Code("subprotocols=subprotocols"))
        origins = [value for name, value in fields if name.lower() == "origin"]
        arguments += [Code(f"origin={literal(origin)}") for origin in origins[:1]]
        return [*lines, *call("ws = ws_client", arguments)]

    def _refused(self) -> None:
        self.lines += call("ws.expect_rejected", [Code(str(self.conversation.opened.status))])

    def _talk(self) -> None:
        opened = self.conversation.opened
        chosen = [v for name, v in opened.response if name.lower() == "sec-websocket-protocol"]
        if chosen:
            # A refusal would make a poor message: None is not what was chosen.
            self.lines.append("    assert ws.rejection is None")
            self.lines.append(f"    assert ws.subprotocol == {literal(chosen[0].strip())}")
        moment, closer = opened.time, ""
        for each in said(self.conversation):
            if isinstance(each, Entry):
                self.omitted.broken += 1
            elif each.opcode == CLOSE:
                again, closer = closer, closer or ("client" if each.by_client else "server")
                if not self.omitted.later and not (again and each.by_client):
                    self._close(each, closer)
                if not each.by_client:
                    return  # nothing can be said any more
            elif each.opcode > BINARY:
                self.omitted.controls += 1
            elif not self.omitted.later and self.room.takes(each):
                self._message(each, each.time - moment)
            else:
                self.omitted.later += 1
            moment = each.capture.time if isinstance(each, Entry) else each.time
        ended = self.conversation.ended
        if ended is not None and not closer and not self.omitted.later:
            how = f": {printable(ended.how)}" if ended.how else ""
            self.lines.append(f"    # The connection ended without a close frame{how}.")

    def _message(self, message: Line, delay: float) -> None:
        data = message.data
        if data is None:
            self.omitted.broken += message.frames
            return
        self.omitted.fragmented += message.frames > 1
        if message.by_client:
            self.lines += call("ws.send", [data])
            return
        kind = "text" if isinstance(data, str) else "binary"
        patience = [Code(f"timeout={math.ceil(delay * 2)}")] if delay > _PATIENCE else []
        if message.whole and len(data) <= _LONGEST:
            self.lines += call(f"ws.expect_{kind}", [data, *patience])
            return
        self.lines += call(f"{kind} = ws.expect_{kind}", patience)
        self.lines += call(f"assert {kind}.startswith", [data[:_LONGEST]])

    def _close(self, close: Line, closer: str) -> None:
        try:
            code, reason = parse_close(close.payload)
        except ProtocolError:
            self.omitted.broken += 1
            return
        if not close.by_client:
            words = [Code(str(code)), *([reason] if reason else [])]
            self.lines += call("ws.expect_close", [*words, Code(f'initiated_by="{closer}"')])
        else:
            words = [Code("None" if code == 1005 else str(code)), *([reason] if reason else [])]
            self.lines += call("ws.close", words)


@dataclass(slots=True)
class _Room:
    """How much the tests may still hold; once there is no room, there never is."""

    messages: int
    octets: int

    def takes(self, message: Line) -> bool:
        """Whether ``message`` can be said again; what comes after one that cannot may need it."""
        if message.by_client and not message.whole:
            return False
        size = len(message.payload)
        self.messages -= 1
        self.octets -= size if message.by_client else min(size, _LONGEST)
        return self.messages >= 0 and self.octets >= 0


def _header(name: str, value: str) -> list[str]:
    """Return the lines of name and value; of a secret there is the environment variable with it."""
    shown: str | Code = value
    if name.lower() in _SECRET:
        variable = f"WSKIT_{name.upper().replace('-', '_')}"
        shown = Code(f"os.environ[{literal(variable)}]")
    lines = call("", [name, shown], indent=8)
    return [*lines[:-1], f"{lines[-1]},"]


def _list(name: str, items: Sequence[str]) -> list[str]:
    return [f"    {name} = [", *items, "    ]"]


def _is_latin(value: str) -> bool:
    return all(character <= "\xff" for character in value)
