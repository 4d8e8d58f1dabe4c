"""The traffic of the demo's screen: all that there can be comes by, and ends when it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.deadlines import wait_for
from wskit import watching
from wskit.cli import demo_traffic
from wskit.cli.demo_traffic import Traffic
from wskit.conn import Address, Conn
from wskit.errors import HandshakeError
from wskit.protocol.frames import Direction, FrameRecord, Tap
from wskit.protocol.handshake import Handshake
from wskit.protocol.opcodes import Opcode, Side
from wskit.protocol.response import ClientHandshakeResult


class Observer(watching.Watcher):
    def __init__(self) -> None:
        self.frames: list[FrameRecord] = []
        self.subprotocols: set[str | None] = set()
        self.refusals: list[int] = []

    def opened(
        self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult
    ) -> Tap | None:
        if side is Side.CLIENT:
            self.subprotocols.add(opening.subprotocol)
            return None
        return self.frames.append

    def refused(self, address: Address, error: HandshakeError) -> None:
        self.refusals.append(error.status)


@pytest.fixture
def observer() -> Iterator[Observer]:
    watcher = Observer()
    watching.watch(watcher)
    yield watcher
    watching.unwatch(watcher)


def test_whatever_there_can_be_comes_by(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_traffic, "_BEAT", 0.001)
    traffic = Traffic()
    traffic.start()
    try:
        every = {(direction, opcode) for direction in Direction for opcode in Opcode}
        # The server has no use for fragments, and its keepalive takes its time.
        every -= {(Direction.OUT, Opcode.CONTINUATION)}
        every -= {(Direction.OUT, Opcode.PING), (Direction.IN, Opcode.PONG)}
        wait_for(lambda: every <= {(f.direction, f.opcode) for f in list(observer.frames)}, 20)
        wait_for(lambda: observer.refusals, 20)
        closes = wait_for(lambda: {f.payload[:2] for f in observer.frames if f.opcode == 8}, 20)
        wait_for(lambda: any(f.rsv == 4 for f in list(observer.frames)), 20)
    finally:
        traffic.end()
    traffic.end()
    assert set(observer.refusals) == {403}
    assert closes
    assert {"jsonrpc", "chat", None} <= observer.subprotocols


def test_a_request_is_answered_and_the_rest_echoed() -> None:
    answer = json.loads(demo_traffic._answer('{"jsonrpc": "2.0", "id": 5, "method": "quote"}'))
    assert answer["id"] == 5
    assert "price" in answer["result"]
    for text in ("hello", "[1]", '{"type": "trade"}'):
        assert demo_traffic._answer(text) == text


def test_it_may_end_before_it_began() -> None:
    Traffic().end()


def test_it_goes_on_when_the_clients_are_gone(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_traffic, "_BEAT", 0.001)
    traffic = Traffic()
    traffic.start()
    try:
        wait_for(lambda: len(observer.frames) > 10, 20)
        for conn in traffic.server.connections:
            conn.close(1012)
        before = len(observer.frames)
        wait_for(lambda: len(observer.frames) > before + 50, 20)
    finally:
        traffic.end()
