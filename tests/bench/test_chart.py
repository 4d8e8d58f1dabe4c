"""The chart has a bar for each peer, the best first."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def test_the_chart_has_a_bar_for_each_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    draw, tally = import_module("chart").draw, import_module("report").Tally()
    assert draw(tally) is None
    tally.add("echo100", "aiohttp_uvloop", 1, {"cpu_us": 10.0})
    tally.add("echo100", "wskit_event", 1, {"cpu_us": 5.0})
    drawn = draw(tally)
    assert drawn.count("<rect") == 2
    assert drawn.index('class="wskit"') < drawn.index('class="other"')
    assert "200,000" in drawn
