"""Handlers of read loops that write down what they are told, and scripted servers for them."""

from __future__ import annotations

import threading

from tests.client.raw import Peer, Script
from tests.protocol.wire import SERVER, Frame


class Recorder:
    """Writes down what is called, and whether two calls ever overlapped."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.overlapped = False
        self.threads: set[int] = set()
        self._inside = threading.Lock()

    def note(self, name: str, data: object = None) -> None:
        if not self._inside.acquire(blocking=False):
            self.overlapped = True
            return
        self.threads.add(threading.get_ident())
        self.calls.append((name, data))
        self._inside.release()

    def server_message(self, data: str | bytes) -> None:
        self.note("message", data)

    def close(self) -> None:
        self.note("close")


class Everything(Recorder):
    def server_ping(self, data: bytes) -> None:
        self.note("ping", data)

    def server_pong(self, data: bytes) -> None:
        self.note("pong", data)

    def server_close(self, data: bytes) -> None:
        self.note("close frame", data)


def sending(*data: bytes, answers: list[Frame] | None = None) -> Script:
    """Give a script that sends these bytes, then waits for the client's close."""

    def script(peer: Peer) -> None:
        peer.accept()
        for each in data:
            peer.send(each)
        while (frame := peer.frame()).opcode != 8:
            if answers is not None:
                answers.append(frame)
        if answers is not None:
            answers.append(frame)

    return script


ALL = (SERVER.text("t"), SERVER.binary(b"b"), SERVER.ping(b"1"), SERVER.pong(b"2"))
