"""What was typed before comes back."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.testing.conversing import Echo
from tests.tui.playing import play, said, settled
from wskit import connect
from wskit.testing import ws_server
from wskit.tui.app import Inspector
from wskit.tui.sources import ClientSource
from wskit.tui.typed_line import TypedLine


def test_messages_are_sent_and_remembered() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("s", *"hello", "enter", *"/nothing", "enter")
        assert "/nothing: no such command" in said(app, "#problem")
        line = app.query_one("#send", TypedLine)
        await pilot.press("up", "up")
        assert line.value == "hello"
        await pilot.press("down", "down")
        assert line.value == ""
        await pilot.press("up", "up", "enter")
        while app.history.total < 4:
            await settled(app, pilot)
        assert [entry.frame.payload for entry in app.history] == [b"hello"] * 4

    with ws_server(Echo) as server:
        play(scene, ClientSource(connect(server.url)))
