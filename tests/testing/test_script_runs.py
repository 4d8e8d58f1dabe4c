"""How a script is named; the rest of a run is seen through its server (test_scripts.py)."""

from __future__ import annotations

import functools

from wskit.testing import ServerPeer
from wskit.testing.script_runs import script_name


def first(peer: ServerPeer) -> None:
    """Do nothing."""


def test_a_script_has_the_name_of_its_function() -> None:
    assert script_name(first) == "first"
    assert "functools.partial" in script_name(functools.partial(first))
