"""Reports of the parts are merged into one, and nothing else of the user is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reports import merge, prepare, read_part
from verdicts import Deviation, Result, Verdict, read_index

OK = Verdict("OK", "OK")
UNCLEAN = Verdict("OK", "UNCLEAN")


def test_a_report_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    agent = tmp_path / "client"
    prepare(agent, {"1": ["1.1.1"]})
    (agent / "1").mkdir()
    prepare(agent, {"2": ["2.1"]})
    assert [each.name for each in agent.iterdir()] == ["parts.json"]
    assert json.loads((agent / "parts.json").read_text()) == {"2": ["2.1"]}


def test_a_folder_that_is_no_report_is_left_alone(tmp_path: Path) -> None:
    treasure = tmp_path / "client" / "treasure"
    treasure.mkdir(parents=True)
    with pytest.raises(ValueError, match="reports: "):
        prepare(tmp_path / "client", {})
    assert treasure.exists()


def test_a_part_without_an_index_has_no_results(tmp_path: Path) -> None:
    assert read_part(tmp_path) == {}


def test_results_of_a_part_name_the_report_in_its_folder(tmp_path: Path) -> None:
    part = tmp_path / "12.1"
    part.mkdir()
    entry = {"behavior": "OK", "behaviorClose": "OK", "reportfile": "case.json"}
    (part / "index.json").write_text(json.dumps({"wskit": {"12.1.1": entry}}))
    assert read_part(part) == {"12.1.1": Result(OK, "12.1/case.json")}


def test_the_merged_index_reads_as_the_suites_own(tmp_path: Path) -> None:
    results = {"10.1.1": Result(OK, "10/a.json"), "9.1.1": Result(UNCLEAN, "9/b.json")}
    merge(tmp_path, "client", results, [])
    text = (tmp_path / "index.json").read_text()
    assert read_index(text) == results
    assert text.index("9.1.1") < text.index("10.1.1")


def test_the_page_links_every_case_and_marks_what_is_not_as_expected(tmp_path: Path) -> None:
    results = {"1.1.1": Result(OK, "1/a.json"), "9.1.1": Result(UNCLEAN, "9/b.json")}
    wrong = [Deviation("9.1.1", OK, results["9.1.1"]), Deviation("9.1.2", OK, None)]
    merge(tmp_path, "client", results, wrong)
    page = (tmp_path / "index.html").read_text()
    assert '<a href="1/a.html">1.1.1</a>' in page
    assert '<tr class="deviation"><td><a href="9/b.html">9.1.1</a></td>' in page
    assert '<tr class="deviation"><td>9.1.2</td><td>missing</td>' in page
    assert page.count('class="deviation"') == 2
