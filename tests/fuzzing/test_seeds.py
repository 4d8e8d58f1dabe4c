"""The seed corpus: small, and in tests/corpus as the module makes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wskit.fuzzing.seeds import main, seeds
from wskit.fuzzing.targets import NAMES

CORPUS = Path(__file__).parents[1] / "corpus"


@pytest.mark.parametrize("name", NAMES)
def test_seeds_are_small(name: str) -> None:
    assert 4 < len(seeds(name)) < 30
    assert sum(map(len, seeds(name).values())) < 100_000


def test_the_files_are_what_the_module_makes(tmp_path: Path) -> None:
    main(str(tmp_path))
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.bin")}
    assert made
    for path, data in made.items():
        assert (CORPUS / path).read_bytes() == data, (
            "run python -m wskit.fuzzing.seeds tests/corpus"
        )
