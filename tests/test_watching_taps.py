"""Taps that tools in the same process have on connections."""

from __future__ import annotations

import pytest

from tests.client.raw import Peer, raw_server
from tests.deadlines import scaled
from tests.protocol.wire import SERVER, TEXT
from tests.testing.faults.echoes import Echo
from wskit import Conn, Handshake, Server, ServerConfig, connect, watching
from wskit.protocol.frames import Direction, FrameRecord, Tap
from wskit.protocol.opcodes import Side
from wskit.protocol.response import ClientHandshakeResult

IN, OUT = Direction.IN, Direction.OUT


class Tapping(watching.Watcher):
    """Has a tap on every connection."""

    def __init__(self) -> None:
        self.frames: list[tuple[Side, list[FrameRecord]]] = []

    def opened(self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult) -> Tap:
        frames: list[FrameRecord] = []
        self.frames.append((side, frames))
        return frames.append

    def seen(self, side: Side) -> list[list[tuple[Direction, bytes]]]:
        """Give the text frames of each connection of ``side``."""
        return [
            [(each.direction, each.payload) for each in frames if each.opcode == TEXT]
            for of, frames in self.frames
            if of is side
        ]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody watch, not even the plugin."""
    monkeypatch.setattr(watching, "_watchers", ())


@pytest.fixture
def tapping(nobody: None) -> Tapping:
    tapping = Tapping()
    watching.watch(tapping)
    return tapping


def test_each_gets_the_frames_of_its_connection(tapping: Tapping) -> None:
    with Server(Echo, ServerConfig(port=0)) as server:
        server.listen_in_new_thread()
        url = f"ws://127.0.0.1:{server.port}/"
        with connect(url) as one, connect(url) as other:
            for client, text in ((one, "1"), (other, "2"), (one, "3")):
                client.write(text)
                assert client.read(scaled(5)) is not None
    assert tapping.seen(Side.CLIENT) == [
        [(OUT, b"1"), (IN, b"1"), (OUT, b"3"), (IN, b"3")],
        [(OUT, b"2"), (IN, b"2")],
    ]
    assert tapping.seen(Side.SERVER) == [
        [(IN, b"1"), (OUT, b"1"), (IN, b"3"), (OUT, b"3")],
        [(IN, b"2"), (OUT, b"2")],
    ]


def test_what_comes_with_the_response_is_not_missed(tapping: Tapping) -> None:
    def script(peer: Peer) -> None:
        peer.accept(after=SERVER.text("early"))
        peer.finish()

    with raw_server(script) as url, connect(url) as client:
        assert client.read(scaled(5)) is not None
    assert tapping.seen(Side.CLIENT) == [[(IN, b"early")]]


def test_what_the_handler_writes_first_is_not_missed(tapping: Tapping) -> None:
    class Greeting(Echo):
        def __init__(self, handshake: Handshake, conn: Conn) -> None:
            conn.write("hello")

    with Server(Greeting, ServerConfig(port=0)) as server:
        server.listen_in_new_thread()
        with connect(f"ws://127.0.0.1:{server.port}/") as client:
            assert client.read(scaled(5)) is not None
    assert tapping.seen(Side.SERVER) == [[(OUT, b"hello")]]


def test_every_watcher_has_one_and_the_application_another(tapping: Tapping) -> None:
    other, own = Tapping(), list[bytes]()
    watching.watch(watching.Watcher())
    watching.watch(other)
    with Server(Echo, ServerConfig(port=0)) as server:
        server.listen_in_new_thread()
        with connect(f"ws://127.0.0.1:{server.port}/") as client:
            for tap in (lambda record: own.append(record.payload), None):
                client.set_tap(tap)
                client.write("hi")
                assert client.read(scaled(5)) is not None
    assert own == [b"hi", b"hi"]
    for watcher in (tapping, other):
        assert watcher.seen(Side.CLIENT) == [[(OUT, b"hi"), (IN, b"hi")] * 2]
        assert watcher.seen(Side.SERVER) == [[(IN, b"hi"), (OUT, b"hi")] * 2]
