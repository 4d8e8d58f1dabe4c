"""Every test module in README.md and docs/ does what is said of it, in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.deadlines import scaled
from tests.examples.documents import ROOT, Block, blocks_of, documents
from tests.pytest_runs import OTHERS, uncounted

PAGES = {
    page: [block for block in blocks_of(page) if block.kind.endswith("test")]
    for page in documents()
    if page.is_file()
}
TESTED = [page for page, blocks in PAGES.items() if blocks]
FAILING = [
    (block, after)
    for page in TESTED
    for block, after in zip(blocks_of(page), blocks_of(page)[1:], strict=False)
    if block.kind == "python failing test"
]
OPTIONS = (
    *("-W", "error", "--strict-markers", "--color=no", "--junit-xml=results.xml"),
    *(*OTHERS, "-p", "no:cacheprovider"),
)


def test_there_are_some() -> None:
    """Else all below would pass where nothing is found."""
    assert ROOT / "README.md" in TESTED
    assert FAILING


@pytest.mark.parametrize("page", TESTED, ids=lambda page: page.name)
def test_passing_modules_pass(page: Path, tmp_path: Path) -> None:
    blocks = [block for block in PAGES[page] if block.kind == "python test"]
    for block in blocks:
        (tmp_path / f"test_line_{block.line}.py").write_text(block.text)
    output = run_pytest(tmp_path, 0)
    verdicts = outcomes(tmp_path)
    assert {f"test_line_{block.line}" for block in blocks} == set(verdicts), output
    assert all(passed for tests in verdicts.values() for passed in tests), output


@pytest.mark.parametrize(("block", "report"), FAILING, ids=str)
def test_failing_modules_fail_with_the_report_that_is_shown(
    block: Block, report: Block, tmp_path: Path
) -> None:
    assert report.kind == "text report", f"{block}: its report must come next"
    (tmp_path / "test_shown.py").write_text(block.text)
    output = plain(run_pytest(tmp_path, 1))
    found = iter(output.splitlines())
    for line in plain(report.text).splitlines():
        assert line.strip() == "..." or line.rstrip() in found, f"{report}: {line!r} in\n{output}"


def run_pytest(folder: Path, code: int) -> str:
    """Run the modules in ``folder`` as a user would, warnings being errors; give the output."""
    (folder / "pytest.ini").write_text("[pytest]\njunit_logging = no\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS],
        cwd=folder,
        env={**uncounted(), "PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTEST_ADDOPTS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    return output


def outcomes(folder: Path) -> dict[str, list[bool]]:
    """Give for each module whether each of its tests passed; a skip is no pass."""
    found: dict[str, list[bool]] = {}
    for case in ElementTree.parse(folder / "results.xml").iter("testcase"):
        module = case.get("classname", "").split(".")[0]
        found.setdefault(module, []).append(len(case) == 0)
    return found


def plain(text: str) -> str:
    """Take out what differs from run to run: times, ports, the width of rules."""
    text = re.sub(r"\b\d+\.\d{3}\b", "0.000", text)
    text = re.sub(r"in \d+\.\d+s", "in 0.00s", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", text)
    text = re.sub(r"([-_=])\1{3,}", r"\1\1\1\1", text)
    return "\n".join(line.rstrip() for line in text.splitlines())
