"""Every finding that was ever stored, and the seed corpus, replayed: nothing may fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wskit.fuzzing.campaign import examined
from wskit.fuzzing.replaying import replayed
from wskit.fuzzing.store import Store
from wskit.fuzzing.targets import NAMES, Target, make_target

CORPUS = Path(__file__).parents[1] / "corpus"
FINDINGS = sorted((CORPUS / "findings").glob("*/*.bin"))


@pytest.fixture(params=NAMES)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    made = make_target(request.param)
    yield made
    made.close()


def test_the_seed_corpus_passes(target: Target) -> None:
    inputs = Store(CORPUS).inputs(target.name)
    assert inputs
    for data in inputs:
        assert examined(target, data) == []


def test_what_was_found_is_mended() -> None:
    for path in FINDINGS:
        folder = path.parent.name
        arguments: tuple[str, ...]
        if folder.startswith("diff-"):
            arguments = ("--diff", folder.removeprefix("diff-").replace("-", ","))
        else:
            arguments = ("--self", "--target", folder)
        assert replayed(path.read_bytes(), *arguments) == [], path.name
