"""``--self``: every target in turn, findings stored and told, a sum at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import CHECKS, PURE
from wskit.fuzzing.findings import Exit, Finding, Report
from wskit.fuzzing.running import SelfConfig, fuzz, left_out, listing, summary
from wskit.fuzzing.targets import NAMES
from wskit.testing.builds import build


def test_targets_run_in_turn_and_are_summed() -> None:
    done: list[str] = []
    config = SelfConfig(targets=("parser", "deflate"), seconds=60.0, executions=50)
    report = fuzz(config, done=lambda name, report: done.append(summary(name, report)))
    assert report.executions == 100
    assert report.exit_code == Exit.NOTHING_FOUND
    assert list(report.notes) == done
    assert [line.split(":")[0] for line in done] == ["parser", "deflate"]
    assert report.coverage is not None
    assert report.coverage[0] < report.coverage[1]


def test_findings_have_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[tuple[Finding, Path | None]] = []
    config = SelfConfig(targets=("parser",), executions=500, corpus=tmp_path, grow=True)
    with monkeypatch.context() as planted:
        plant(planted, "wskit.protocol.parser", "if size & 0x80 != mask_bit:", "if size < 0:")
        report = fuzz(config, found=lambda finding, path: told.append((finding, path)))
    assert report.exit_code == Exit.FINDINGS
    for finding, path in told:
        assert path is not None
        assert path.read_bytes() == finding.data
    assert list((tmp_path / "parser").iterdir())


def test_a_corpus_is_read(tmp_path: Path) -> None:
    (tmp_path / "deflate").mkdir()
    (tmp_path / "deflate" / "mine.bin").write_bytes(b"\0\0mine")
    assert fuzz(SelfConfig(("deflate",), executions=20, corpus=tmp_path)).executions == 20


def test_an_interruption_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object, limits: object) -> Report:
        return Report(executions=1, interrupted=True)

    monkeypatch.setattr("wskit.fuzzing.campaign.Campaign.run", interrupted)
    report = fuzz(SelfConfig(targets=("parser", "deflate")))
    assert report.exit_code == Exit.INTERRUPTED
    assert report.executions == 1


def test_every_check_is_listed() -> None:
    rows = listing()
    assert {check for _, check, _ in rows} == {check.name for check in CHECKS} - {
        "other libraries agree"
    }
    if build() == "pure":
        assert [row for row in rows if row[0] == ""] == [("", PURE.name, PURE.source)]
        assert "pure" in left_out(PURE.name)
    else:
        whose = {target for target, check, _ in rows if check == PURE.name}
        assert whose == {"parser", "assembler", "protocol"}
    assert {target for target, _, _ in rows} - {""} == {*NAMES}
