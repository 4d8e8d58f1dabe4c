"""The menu that asks what to copy."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.tui.frames import capture, frame
from tests.tui.playing import Given, play, traffic
from wskit.tui.app import Inspector
from wskit.tui.copy_menu import CopyMenu


def notices(app: Inspector) -> list[str]:
    return [each.message for each in app._notifications]


def test_a_key_copies_and_says_how_much() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("y", "p")
        assert app.clipboard == "[b]hello[/b]"
        assert notices(app) == ["copied the payload: 12 characters"]
        assert app.frames.has_focus

    play(scene, Given([capture(1.0, frame(1, b"[b]hello[/b]"))]))


def test_a_part_of_a_payload_is_said_to_be_one() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("y", "p")
        assert notices(app) == ["copied the payload: 5 characters; its end was not kept"]

    play(scene, Given([capture(1.0, frame(1, b"hello", length=9000))]))


def test_enter_and_a_click_copy() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("y", "down", "enter")
        assert app.clipboard == "68 69"
        await pilot.press("y")
        await pilot.click("OptionList", offset=(4, 1))
        assert app.clipboard == "hi"

    play(scene, Given([capture(1.0, frame(1, b"hi"))]))


def test_what_cannot_be_copied_is_said() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("3", "y", "w", "y", "p")
        assert notices(app) == [
            "the handshake of this connection is not known",
            "no frame is chosen",
        ]
        assert app.clipboard == ""

    play(scene, Given(traffic(3)))


@pytest.mark.parametrize("key", ["escape", "q", "y"])
def test_it_can_be_left(key: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        assert isinstance(app.screen, CopyMenu)
        await pilot.press(key)
        assert not isinstance(app.screen, CopyMenu)
        assert app.clipboard == ""

    play(scene, Given(traffic(3)))
