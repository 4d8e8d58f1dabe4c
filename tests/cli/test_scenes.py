"""The traffic of the demo: the same frames every time, complete when their scene returns."""

from __future__ import annotations

import pytest

from wskit.cli.exits import Failure
from wskit.cli.scenes import Stage
from wskit.protocol.frames import Direction
from wskit.protocol.opcodes import Opcode

Frames = list[tuple[str, str, int, bool, int]]


def play() -> list[Frames]:
    """Play all scenes and give the frames of each: name, direction, opcode, fin, length."""
    stage, played = Stage(), []
    with stage.open():
        for _, scene in stage.scenes():
            scene()
            seen = [(each.connection, each.frame) for each in stage.frames()]
            played.append([(who, f.direction.value, f.opcode, f.fin, f.length) for who, f in seen])
    assert stage.feed.take(0) == []
    assert stage.feed.lost == 0
    return played


def test_it_is_the_same_each_time() -> None:
    first = play()
    assert all(play() == first for _ in range(3))


def test_it_has_all_that_there_is() -> None:
    frames = [frame for scene in play() for frame in scene]
    assert {opcode for _, _, opcode, _, _ in frames} == set(Opcode)
    assert {direction for _, direction, _, _, _ in frames} == {each.value for each in Direction}
    assert any(not fin for _, _, _, fin, _ in frames)
    assert {name for name, *_ in frames} == {"alice", "bob", "carol", "dave", "eve"}


def test_compression_and_the_codes_are_real() -> None:
    stage = Stage()
    with stage.open():
        for _, scene in stage.scenes():
            scene()
        frames = [each.frame for each in stage.frames()]
    compressed = [frame for frame in frames if frame.rsv == 4]
    assert {frame.direction for frame in compressed} == set(Direction)
    assert all(frame.wire_length < frame.length for frame in compressed)
    codes = {name: conn.close_code for name, conn in stage.conns.items()}
    assert codes == {"alice": 1000, "bob": 4001, "carol": 1005, "dave": 1001, "eve": 1002}
    stats = stage.server.stats()
    assert stats.handshake_failures == {403: 1}
    assert stats.large_buffers.hits > 0
    assert stats.small_buffers.in_use == stats.large_buffers.in_use == 0


def test_a_stage_that_falls_down_leaves_nobody_behind() -> None:
    stage = Stage()
    with pytest.raises(Failure, match="no more"), stage.open():
        raise Failure("no more")
    assert stage.server.connections == []
