"""What is counted: plain values, each explained where it is declared."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.server.adopting import linked
from wskit.stats import ConnStats, ServerStats

RIDDLES = {
    ConnStats: {"queued", "compression_bytes", "latency"},
    ServerStats: {
        "compression_bytes",
        "handshake_failures",
        "queue_depth",
        "threads",
        "threads_busy",
    },
}


@pytest.mark.parametrize("kind", [ConnStats, ServerStats])
def test_what_its_name_does_not_say_the_documentation_says(kind: type) -> None:
    assert kind.__doc__
    assert set(re.findall(r"``(\w+)``", kind.__doc__)) >= RIDDLES[kind]


def test_they_are_values_that_do_not_change() -> None:
    stats = ConnStats(1, 2, 3, 4, 5, 6, None)
    assert stats == ConnStats(1, 2, 3, 4, 5, 6, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        stats.queued = 1  # type: ignore[misc]


def test_a_server_gives_them_as_a_dictionary_for_json() -> None:
    with linked(blocking=False) as link:
        stats = dataclasses.asdict(link.server.stats())
    assert stats["connections"] == 1
    assert stats["large_buffers"]["size"] == 1 << 16
