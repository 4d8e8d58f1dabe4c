"""A slice of the campaigns, from a fixed seed, finds nothing; a seed repeats a run."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from typing import Literal

import pytest

from wskit.fuzzing.campaign import Campaign, Limits, examined
from wskit.fuzzing.checks import ERRORS, Check, Violation
from wskit.fuzzing.findings import Exit, Finding
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.targets import NAMES, make_target
from wskit.fuzzing.targets.target import Watch

# What fits into a second, as `make fuzz` does the rest; the seconds only guard against a machine
# that stands still.
SLICE = {"client": 120, "server": 200}


@pytest.mark.parametrize("name", NAMES)
def test_a_slice_finds_nothing(name: str) -> None:
    target = make_target(name)
    try:
        campaign = Campaign(target, list(seeds(name).values()), seed=2026)
        report = campaign.run(Limits(60.0, SLICE.get(name, 800)))
    finally:
        target.close()
    assert report.findings == ()
    assert report.executions > 100
    assert report.exit_code == Exit.NOTHING_FOUND
    assert report.coverage is not None
    reached, every = report.coverage
    assert 0.3 < reached / every <= 1


class Recorder:
    """A target that fails for bytes with a 7 after the settings, and keeps all it was given."""

    name = "recorder"
    checks: tuple[Check, ...] = (ERRORS,)
    files: tuple[str, ...] = ("protocol/opcodes.py",)
    structure: Literal["frames", "head", "bytes"] = "bytes"

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        self.given.append(data)
        with watch():
            pass
        if b"\x07" in data[2:]:
            raise Violation(ERRORS, f"a 7 in {len(data)} bytes", "seven")
        return len(data)

    def close(self) -> None:
        pass


def test_a_seed_repeats_a_run() -> None:
    first, second, third = Recorder(), Recorder(), Recorder()
    for target, seed in ((first, 4), (second, 4), (third, 5)):
        Campaign(target, [b"\0\0abc"], seed=seed).run(Limits(60.0, 200))
    assert first.given == second.given
    assert first.given != third.given


def test_a_finding_is_minimised_and_told_once() -> None:
    told: list[Finding] = []
    campaign = Campaign(Recorder(), [b"\x09\x09ab\x07cd\x07"], seed=1, found=told.append)
    report = campaign.run(Limits(60.0, 300))
    assert [each.data for each in told] == [b"\0\0\x07"]
    assert report.findings == tuple(told)
    assert report.findings[0].detail == "a 7 in 3 bytes"
    assert report.exit_code == Exit.FINDINGS


def test_it_ends_after_so_many_findings() -> None:
    campaign = Campaign(Recorder(), [b"\0\0\x07"], seed=1, most_findings=1)
    assert campaign.run(Limits(60.0)).executions == 1


def test_it_ends_in_time() -> None:
    report = Campaign(Recorder(), [], seed=1).run(Limits(0.05))
    assert report.executions > 0
    assert report.seconds >= 0.05


def test_ctrl_c_ends_it_with_what_was_found() -> None:
    class Impatient(Recorder):
        def examine(self, data: bytes, watch: Watch) -> Hashable:
            if len(self.given) == 3:
                raise KeyboardInterrupt
            return super().examine(data, watch)

    report = Campaign(Impatient(), [b"\0\0\x07"], seed=1).run(Limits(60.0))
    assert report.exit_code == Exit.INTERRUPTED
    assert len(report.findings) == 1


def test_inputs_that_reach_new_lines_are_kept() -> None:
    kept: list[bytes] = []
    target = make_target("deflate")
    Campaign(target, list(seeds("deflate").values()), seed=1, kept=kept.append).run(Limits(60.0, 9))
    assert kept
    assert set(kept) <= set(seeds("deflate").values()) | set(kept)


def test_one_input_is_examined_alone() -> None:
    assert examined(Recorder(), b"\0\0ab") == []
    (finding,) = examined(Recorder(), b"\0\0\x07")
    assert (finding.check, finding.target, finding.fault) == (ERRORS.name, "recorder", "seven")
    assert finding.source == "invariant 1"


def test_it_survives_more_inputs_than_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.fuzzing.campaign._MOST_INPUTS", 4)
    with contextlib.closing(Recorder()) as target:
        assert Campaign(target, [bytes(9)], seed=1).run(Limits(60.0, 300)).executions == 300
