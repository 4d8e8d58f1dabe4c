"""Runs of pytest and programs that tests start: what they leave out."""

from __future__ import annotations

import os

__all__ = ["OTHERS", "uncounted"]

# Plugins of others that are here by chance: to load them takes five times as long as the rest.
OTHERS = [f"-pno:{name}" for name in ("anyio", "faker", "hypothesispytest", "randomly")]


def uncounted() -> dict[str, str]:
    """Give the environment of a child whose lines coverage need not count: it starts faster."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}
