"""The suite of inspection: each test has a place of its own, and nobody else watches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inspection.homes import home_of_its_own
from wskit import watching


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with home_of_its_own(monkeypatch) as home:
        yield home


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody watch, not even the plugin."""
    monkeypatch.setattr(watching, "_watchers", ())
