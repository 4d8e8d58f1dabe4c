"""The help."""

from __future__ import annotations

import re

import pytest
from textual.binding import Binding
from textual.pilot import Pilot

from tests.tui.playing import Given, play, said, traffic
from wskit.tui.app import Inspector
from wskit.tui.filters import Filter
from wskit.tui.help_screen import _EXAMPLES, _SENDING, HelpScreen, help_lines
from wskit.tui.keys import KEYS
from wskit.tui.outgoing import HELP
from wskit.tui.said import Said


def test_it_says_everything() -> None:
    text = "\n".join(help_lines())
    for binding in KEYS:
        assert isinstance(binding, Binding)
        assert binding.tooltip in text
    assert "64 MiB" in text
    assert "/regex/i" in text
    assert all(line.isprintable() for line in help_lines())


def test_its_examples_are_filters() -> None:
    for line in _EXAMPLES.splitlines():
        Filter(line.partition("   ")[0])


def test_it_has_every_command_that_can_be_sent() -> None:
    words = [word.rstrip(",") for word in HELP.split() if re.match(r"/\w", word)]
    assert len(words) >= 6
    assert all(word in _SENDING for word in words)


@pytest.mark.parametrize("keys", ["?h", "hq", "??"])
def test_keys_open_and_close_it(keys: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press(keys[0])
        assert isinstance(app.screen, HelpScreen)
        assert "Everywhere" in app.screen.query_one("#help", Said).said
        await pilot.press("j", "j", "k", "pagedown", keys[1])
        assert not isinstance(app.screen, HelpScreen)
        assert said(app, "#problem") == ""

    play(scene, Given(traffic(3)))


def test_it_can_be_quit_from_there() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("f1", "ctrl+c")
        assert not app.is_running or app._exit

    given = Given(traffic(3))
    play(scene, given)
    assert given.over
