"""Targets: what all of them have."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

import wskit
from wskit.fuzzing.checks import CHECKS
from wskit.fuzzing.targets import NAMES, Target, make_target


@pytest.mark.parametrize("name", NAMES)
def test_each_has_what_a_campaign_needs(name: str) -> None:
    target: Target = make_target(name)
    with contextlib.closing(target):
        assert target.name == name
        assert target.checks
        assert set(target.checks) <= set(CHECKS)
        for file in target.files:
            assert (Path(wskit.__file__).parent / file).is_file()
        assert target.structure in ("frames", "head", "bytes")
