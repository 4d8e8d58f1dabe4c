"""Pictures of the screen (SVG) that are kept: what is drawn now is compared with them.

With ``WSKIT_REWRITE=1`` in the environment they are written anew: for somebody to look at.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["compare", "fixed_surroundings"]

_REWRITE = "WSKIT_REWRITE"


def compare(svg: str, kept: Path) -> None:
    """Compare ``svg`` with the picture that is ``kept``, or keep it."""
    svg = svg.rstrip() + "\n"
    if os.environ.get(_REWRITE):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(svg, "utf-8")
    before = kept.read_text("utf-8") if kept.exists() else ""
    if svg != before:
        first = [line for line in svg.splitlines() if line not in set(before.splitlines())][:3]
        pytest.fail(
            f"{kept.name} looks otherwise: {first}; {_REWRITE}=1 keeps what is drawn now", False
        )


@pytest.fixture
def fixed_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away what differs from machine to machine: zone, colours, animations."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
