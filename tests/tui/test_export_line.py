"""What is shown is written to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.playing import Given, play, settled, traffic, until
from wskit.tui.app import Inspector


def notices(app: Inspector) -> list[str]:
    return [each.message for each in app._notifications]


async def export(app: Inspector, pilot: Pilot[None], name: str) -> str:
    await pilot.press("e")
    app.typed["export"].value = name
    await pilot.press("enter")
    await until(lambda: not app.typed["export"].busy, app, pilot)
    return notices(app)[-1]


@pytest.mark.parametrize("suffix", ["har", "jsonl", "pcapng", "py"])
def test_the_suffix_says_how(tmp_path: Path, suffix: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        file = tmp_path / f"chat.{suffix}"
        assert str(file) in await export(app, pilot, str(file))
        assert file.stat().st_size > 100

    play(scene, Given(traffic(10)))


def test_a_filter_chooses_what_is_written(tmp_path: Path) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        file = tmp_path / "chat.jsonl"
        await export(app, pilot, str(file))
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert len([line for line in lines if "opcode" in line]) == 5

    play(scene, Given(traffic(10)), filter="op:binary")


def test_nothing_is_written_over_and_what_is_wrong_is_said(tmp_path: Path) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        file = tmp_path / "chat.har"
        file.write_text("precious")
        assert "File exists" in await export(app, pilot, str(file))
        assert file.read_text() == "precious"
        assert "must end with" in await export(app, pilot, str(tmp_path / "chat.docx"))
        assert "No such file" in await export(app, pilot, str(tmp_path / "no" / "chat.har"))
        before = len(notices(app))
        await pilot.press("ctrl+u", "enter")
        await settled(app, pilot)
        assert len(notices(app)) == before, "no name, no file"

    play(scene, Given(traffic(10)))
