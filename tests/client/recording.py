"""Handlers of read loops that write down what they are told, and scripted servers for them."""

from __future__ import annotations

import threading

from tests.client.raw import Peer, Script
from tests.protocol.wire import SERVER
from wskit.testing import ServerPeer


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


def one_of_each(peer: ServerPeer) -> None:
    """Be a server that sends a message of either kind, a ping and a pong."""
    peer.send("t")
    peer.send(b"b")
    peer.ping(b"1")
    peer.pong(b"2")


def sending(*data: bytes) -> Script:
    """Give a script that sends these bytes, then waits for the client's close."""

    def script(peer: Peer) -> None:
        peer.accept()
        for each in data:
            peer.send(each)
        peer.close_code()

    return script


ALL = (SERVER.text("t"), SERVER.binary(b"b"), SERVER.ping(b"1"), SERVER.pong(b"2"))
