"""Each planted bug still has its place in the sources; ``make mutants`` plants and hunts them."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from tests.mutants.bugs import BUGS, Bug

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_can_be_planted(bug: Bug, tmp_path: Path) -> None:
    copy = tmp_path / bug.module
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / bug.module, copy)
    bug.plant(tmp_path)
    assert copy.read_text() != (ROOT / bug.module).read_text()
    ast.parse(copy.read_text())
    with pytest.raises(ValueError, match=f"{bug.name}: matches 0 times"):
        bug.plant(tmp_path)


def test_there_are_twelve() -> None:
    assert len({bug.name for bug in BUGS}) == 12
