"""An open connection between stdin and stdout: lines out in one thread, messages in in another."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

from ..client import Client
from ..errors import ConnectionClosed
from ..protocol.opcodes import Message
from ..trace import json_line, payload_fields, printable
from .exits import Failure
from .interrupts import interruptibly
from .streams import Output

__all__ = ["Conversation", "Printer"]

_CHUNK = 65536  # bytes read from stdin at once


class Printer:
    """Prints messages to stdout: text as a line, binary as one in hexadecimal, or as JSON.

    ``binary``: it is written as it is, unless to a terminal. There, control characters of text are
    escaped; in a pipe the data are the data.
    """

    def __init__(self, output: Output, *, binary: bool, json: bool) -> None:
        """Print to ``output``."""
        self._output = output
        self._json = json
        self._terminal = output.is_terminal
        self._raw = binary and not self._terminal

    def show(self, message: Message) -> None:
        """Print one message; raises what the output does."""
        data = message.data
        if self._json:
            kind = message.type.name.lower()
            fields = payload_fields(data)
            self._output.line(json_line("message", time=time.time(), type=kind, **fields))
        elif isinstance(data, str):
            self._output.line(printable(data, keep="\t\n") if self._terminal else data)
        elif self._raw:
            self._output.octets(data)
        else:
            self._output.line(data.hex())


class Conversation:
    """Sends the lines of stdin, and closes once stdin has ended and the server is silent.

    ``linger`` is that silence in seconds, None to leave the end to the server. ``binary`` sends
    lines as binary messages, else they must be UTF-8.
    """

    def __init__(self, client: Client, *, linger: float | None, binary: bool) -> None:
        """Talk over ``client``."""
        self._client = client
        self._linger = linger
        self._binary = binary
        self._heard = threading.Event()  # something came since this was cleared
        self._showing = threading.Lock()  # held while a message is printed
        self._failure: Failure | None = None

    def run(self, show: Callable[[Message], None]) -> None:
        """Give messages to ``show`` until the connection is over; from the main thread.

        Raises ProtocolError if the server breaks the protocol, Failure if stdin cannot be sent,
        and KeyboardInterrupt, with the connection as it was.
        """
        # A daemon, as nothing can wake it from waiting for a person to type.
        threading.Thread(target=self._send, name="wskit-stdin", daemon=True).start()
        try:
            interruptibly(lambda: self._hear(show))
        except ConnectionClosed:
            if self._failure is not None:
                raise self._failure from None

    def _hear(self, show: Callable[[Message], None]) -> None:
        while (message := self._client.read()) is not None:
            with self._showing:
                show(message)
                self._heard.set()

    def _send(self) -> None:
        try:
            for number, line in enumerate(_lines(), 1):
                self._client.write(line if self._binary else _text(line, number))
            self._wait_for_silence()
        except ConnectionClosed:
            return
        except Failure as failure:
            self._failure = failure
        self._client.close()

    def _wait_for_silence(self) -> None:
        while True:
            if self._heard.wait(self._linger):
                self._heard.clear()
                continue
            with self._showing:  # whoever reads our stdout may be slow; that is no silence
                if not self._heard.is_set():
                    return


def _lines() -> Iterator[bytes]:
    # Not through sys.stdin: Python aborts at exit if a daemon thread is in the lock of its buffer.
    if sys.stdin is None:
        return
    fd = sys.stdin.fileno()
    begun: list[bytes] = []  # the pieces of a line whose end has not come
    while chunk := _read(fd):
        first, *others = chunk.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun = [others[-1]]
    if any(begun):
        yield b"".join(begun)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _CHUNK)
    except OSError:  # the terminal is gone
        return b""


def _text(line: bytes, number: int) -> str:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise Failure(f"stdin: line {number} is not UTF-8; --binary would send it") from None
