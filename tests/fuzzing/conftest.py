"""Waits of probes, made short for tests that are not about them."""

from __future__ import annotations

import pytest

from tests.deadlines import scaled
from wskit.fuzzing import client_ground, conducting, resources, server_ground


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a probe wait less for what need not come: greetings, answers, second thoughts."""
    monkeypatch.setattr(conducting, "_PAUSE", 0.05)
    monkeypatch.setattr(conducting, "_BRIEF", 0.02)
    monkeypatch.setattr(client_ground, "_START", scaled(2))
    monkeypatch.setattr(client_ground, "_STILL", 0.02)
    monkeypatch.setattr(client_ground, "_REACTION", 0.2)
    monkeypatch.setattr(server_ground, "_GREETING", 0.01)
    monkeypatch.setattr(server_ground, "_REACTION", 0.2)
    monkeypatch.setattr(resources, "_SETTLED", 0.05)
