"""The show: scenes in order, frames below their scene, and an error that is a line."""

from __future__ import annotations

import pytest

from wskit.cli.demonstration import demonstrate
from wskit.cli.exits import Failure
from wskit.cli.scenes import Stage

Captured = pytest.CaptureFixture[str]


def test_each_scene_is_followed_by_its_frames(capfd: Captured) -> None:
    demonstrate()
    shown = capfd.readouterr().out
    titles = [title for title, _ in Stage().scenes()]
    places = [shown.index(f"\n{title}\n") for title in titles]
    assert places == sorted(places)
    first = shown[places[0] : places[1]].strip().splitlines()
    assert [line.split()[1:4] for line in first[1:]] == [
        ["alice", "<-", "text"],
        ["alice", "->", "text"],
    ]


def test_where_nothing_can_listen_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_sockets(*args: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("wskit.server.engine.listen_on", no_sockets)
    with pytest.raises(Failure, match="demo: Too many open files"):
        demonstrate()
