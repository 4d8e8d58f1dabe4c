"""Differential runs: no unknown difference in a slice; one that is planted is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.campaign import examined
from wskit.fuzzing.differential import Comparison, DiffConfig, compared, differ, missing
from wskit.fuzzing.engines import ENGINES, Verdict
from wskit.fuzzing.findings import Exit, Finding


def test_a_slice_finds_no_unknown_difference() -> None:
    report = differ(DiffConfig(seconds=60.0, executions=1000, seed=11))
    assert report.findings == ()
    assert report.exit_code == Exit.NOTHING_FOUND
    assert any("shortest form" in note for note in report.notes)


def test_a_fault_of_wskit_is_a_difference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[tuple[Finding, Path | None]] = []
    with monkeypatch.context() as planted:
        plant(planted, "wskit.protocol.parser", "if size & 0x80 != mask_bit:", "if size < 0:")
        config = DiffConfig(seconds=60.0, executions=2000, seed=3, corpus=tmp_path)
        report = differ(config, found=lambda finding, path: told.append((finding, path)))
    assert report.exit_code == Exit.FINDINGS
    finding, path = told[0]
    assert path is not None
    assert "--diff websockets,wsproto" in finding.command(str(path))
    assert compared(finding.data, ["websockets", "wsproto"]) == []


def test_what_they_raise_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(stream: bytes, settings: object) -> Verdict:
        raise KeyError("theirs")

    monkeypatch.setitem(ENGINES, "wsproto", broken)
    (finding,) = examined(Comparison(("wsproto",)), b"\x79\x00\x81\x01a")
    assert "KeyError" in finding.detail


def test_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing(("websockets", "wsproto")) == ""
    assert missing(("no_such_library",)) == "no_such_library"
    with pytest.raises(ValueError, match="none of"):
        compared(b"", ["x"])
