"""The closing tables: the counters as they are, in as many columns as there are."""

from __future__ import annotations

import pytest

from wskit.cli.scenes import Stage
from wskit.cli.tables import drawn


@pytest.fixture
def played() -> Stage:
    """Give a stage on which everything has happened."""
    stage = Stage()
    with stage.open():
        for _, scene in stage.scenes():
            scene()
    return stage


def test_they_show_the_counters(played: Stage) -> None:
    stats = played.server.stats()
    lines = drawn(played.conns, stats, width=80, colour=False)
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    bob = played.conns["bob"].stats()
    assert rows["bob"] == ["2", "3", f"{bob.bytes_in:,}", f"{bob.bytes_out:,}", "4001"]
    assert rows["all"][:2] == [str(stats.messages_in), str(stats.messages_out)]
    assert rows["all"][4:] == ["1", "refused", "with", "403"]
    large = stats.large_buffers
    assert rows["large"] == [
        "32,768",
        str(large.count),
        "0",
        str(large.high_water),
        str(large.hits),
        str(large.misses),
        str(large.dynamic),
    ]


def test_they_fit_and_are_plain_unless_colours_are_asked_for(played: Stage) -> None:
    stats = played.server.stats()
    for width in (60, 80, 200):
        lines = drawn(played.conns, stats, width=width, colour=False)
        assert max(map(len, lines)) <= width
        assert "\x1b" not in "".join(lines)
    coloured = drawn(played.conns, stats, width=80, colour=True)
    assert any("\x1b[1mConnections" in line for line in coloured)


def test_the_terminal_of_the_process_does_not_matter(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = played.server.stats()
    before = drawn(played.conns, stats, width=80, colour=False)
    for name, value in (("COLUMNS", "20"), ("FORCE_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    assert drawn(played.conns, stats, width=80, colour=False) == before
