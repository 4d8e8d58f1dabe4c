"""The demo as a source: openings, frames, refusals and samples of a server that is really there."""

from __future__ import annotations

import pytest

from tests.deadlines import wait_for
from wskit.cli import demo_source, demo_traffic
from wskit.cli.demo_source import DemoSource
from wskit.cli.exits import Failure
from wskit.events import Ended, Event, Opened, Sample
from wskit.protocol.frames import Direction
from wskit.taps import Capture
from wskit.tui.outgoing import NotSent, parsed


def echoed(events: list[Event]) -> bool:
    return any(
        isinstance(event, Capture)
        and event.frame.payload == b"hello from you"
        and event.frame.direction is Direction.OUT
        for event in events
    )


def test_everything_that_happens_at_the_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_traffic, "_BEAT", 0.001)
    monkeypatch.setattr(demo_source, "_SAMPLED", 0.01)
    source, seen = DemoSource(), list[Event]()

    def everything() -> bool:
        seen.extend(source.take(0.01))
        kinds = {type(event) for event in seen}
        statuses = {event.status for event in seen if isinstance(event, Opened)}
        return kinds >= {Opened, Capture, Ended, Sample} and statuses >= {101, 403}

    try:
        wait_for(everything, 20)
        assert not source.ended
        source.send("", parsed("hello from you"))
        wait_for(lambda: everything() and echoed(seen), 20)
        source.send("", parsed("/close 4000"))
        source.send("", parsed("once more"))
    finally:
        source.end()
    assert source.ended
    source.end()
    with pytest.raises(NotSent):
        source.send("", parsed("too late"))
    seen += source.take(0)
    opened = {event.connection for event in seen if isinstance(event, Opened)}
    assert {event.connection for event in seen if isinstance(event, Capture)} <= opened
    [server] = {event.server for event in seen if isinstance(event, Sample)}
    assert server.startswith("127.0.0.1:")


def test_where_nothing_can_listen_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_sockets(*args: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("wskit.server.engine.listen_on", no_sockets)
    with pytest.raises(Failure, match="demo: Too many open files"):
        DemoSource()
