"""What libFuzzer calls: findings are told as lines of JSON, and limits end the process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.libfuzzer_process import Feeder, Order
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.targets import make_target

ORDER = Order("parser", (), "", seed=3, seconds=60.0, executions=None, most_findings=9)
SEEDS = list(seeds("parser").values())


class Left(Exception):
    pass


def leave(code: int) -> NoReturn:
    assert code == 0
    raise Left


class Lines:
    """The other end of a pipe."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in os.read(self.reading, 65536).splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    made = Lines()
    yield made
    os.close(made.reading)
    os.close(made.writing)


def feeder(lines: Lines, order: Order = ORDER) -> Feeder:
    return Feeder(order, make_target("parser"), lines.writing, leave=leave)


@pytest.mark.parametrize(
    ("order", "count"), [(replace(ORDER, executions=2), 2), (replace(ORDER, seconds=0.0), 0)]
)
def test_limits_end_it(lines: Lines, order: Order, count: int) -> None:
    run = feeder(lines, order)
    for _ in range(count):
        run.one(SEEDS[0])
    with pytest.raises(Left):
        run.one(SEEDS[0])
    assert lines.told() == [{"executions": count, "over": True}]


def test_it_says_now_and_then_how_far_it_is(lines: Lines) -> None:
    run = feeder(lines)
    for _ in range(250):
        run.one(SEEDS[0])
    assert lines.told() == [{"executions": 100}, {"executions": 200}]


def test_without_whoever_asked_it_ends(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def left(code: int) -> NoReturn:
        codes.append(code)
        raise Left

    run = Feeder(ORDER, make_target("parser"), lines.writing, leave=left)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(Left):
        run.one(SEEDS[0])
    assert codes == [1]


def test_a_finding_is_told_once_and_small(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    long = SEEDS[0][:2] + b"\x82\x05hello" * 3
    run = feeder(lines)
    with monkeypatch.context() as planted:
        plant(planted, "wskit.protocol.parser", "if size & 0x80 != mask_bit:", "if size < 0:")
        run.one(long)
        run.one(long)
    (told,) = lines.told()
    finding = told["finding"]
    assert isinstance(finding, dict)
    assert finding["target"] == "parser"
    assert len(bytes.fromhex(finding["data"])) < len(long)


def test_enough_findings_end_it(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    run = feeder(lines, replace(ORDER, most_findings=1))
    plant(monkeypatch, "wskit.protocol.parser", "if size & 0x80 != mask_bit:", "if size < 0:")
    with pytest.raises(Left):
        run.one(b"\0\0\x82\x05hello")
    assert [list(line) for line in lines.told()] == [["finding"], ["executions", "over"]]


def test_inputs_are_made_within_the_size_that_is_asked_for(lines: Lines) -> None:
    run = feeder(lines)
    made = [run.mutated(data, 30, 0) for data in SEEDS * 20]
    assert max(map(len, made)) == 30
    assert len(set(made)) > 50
