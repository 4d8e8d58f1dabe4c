"""Reports as a table, as JSON and as JUnit XML."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from wskit.fuzzing.attacks.building import attack, closed
from wskit.fuzzing.cases import Cases, ProbeReport
from wskit.fuzzing.findings import Finding, Report
from wskit.fuzzing.reports import drawn, json_text, junit_text
from wskit.fuzzing.verdicts import Fault

URL = "ws://127.0.0.1:1/"


@pytest.fixture
def report() -> ProbeReport:
    cases = Cases(URL, (URL,))
    fault = Fault("close code 1002", "closed with 1000\x1b[2J [red]", "RFC 6455 §5.2")
    cases.add(attack("bad", "5.2", closed(1002), b"a"), 0.25, [fault])
    cases.add(attack("good", "5.10", closed(1002), b"a"), 0.5, [])
    note = Fault("close frame", "no close frame", "RFC 6455 §7.1.7", must=False)
    cases.add(attack("noted", "5.2", closed(1002), b"a"), 0.5, [note])
    cases.skip(attack("left out", "7692 7.1", closed(1002), b"a"), "not agreed on")
    return cases.report(executions=3, seconds=1.5, notes=["what it is like"], interrupted=False)


class TestTable:
    def test_sections_are_in_order(self, report: ProbeReport) -> None:
        lines = drawn(report, width=100, colour=False)
        rows = [line.split() for line in lines if line.strip().startswith("rfc")]
        assert rows == [
            ["rfc6455.5_2", "2", "1", "1", "0"],
            ["rfc6455.5_10", "1", "0", "0", "0"],
            ["rfc7692.7_1", "1", "0", "0", "1"],
        ]

    def test_a_finding_has_the_command_that_replays_it(self, report: ProbeReport) -> None:
        key = report.findings[0].key
        path = "a-long-name" * 9
        lines = drawn(report, width=90, colour=False, paths={key: path})
        at = lines.index(r"1. close code 1002: bad: closed with 1000\x1b[2J [red] (RFC 6455 §5.2)")
        assert lines[at + 1 :] == [
            f"  replay: wskit fuzz {URL} --replay {path}",
            "note: what it is like",
            "note: no close frame (RFC 6455 §7.1.7): noted",
            "1 findings in 3 executions, 1.5 s",
        ]

    def test_what_a_peer_wrote_is_text(self, report: ProbeReport) -> None:
        text = "\n".join(drawn(report, width=200, colour=False))
        assert "\x1b" not in text
        assert "[red]" in text

    def test_colour_and_width(self, report: ProbeReport) -> None:
        assert any("\x1b[" in line for line in drawn(report, width=60, colour=True))
        lines = drawn(report, width=60, colour=False)
        assert max(len(line) for line in lines if "replay: " not in line) <= 60

    def test_other_reports(self) -> None:
        made = Report(executions=9, coverage=(3, 4), interrupted=True, problem="a fault")
        assert drawn(made, width=80, colour=False) == [
            "0 findings in 9 executions, 0.0 s, 3 of 4 lines reached; interrupted; a fault"
        ]


class TestJSON:
    def test_everything_is_there(self, report: ProbeReport) -> None:
        fields = json.loads(json_text(report))
        assert (fields["exit_code"], fields["executions"], fields["target"]) == (1, 3, URL)
        (finding,) = fields["findings"]
        assert finding["command"] == f"wskit fuzz {URL} --replay FINDING"
        assert "def test_" in finding["snippet"]
        assert bytes.fromhex(finding["data"]) == report.findings[0].data
        assert [case["name"] for case in fields["cases"]] == ["bad", "good", "noted", "left out"]
        assert fields["cases"][0]["findings"] == [finding["key"]]

    def test_other_reports(self) -> None:
        fields = json.loads(json_text(Report(coverage=(3, 4))))
        assert fields["coverage"] == [3, 4]
        assert "cases" not in fields


class TestJUnit:
    def test_a_case_for_each_attack(self, report: ProbeReport) -> None:
        (suite,) = ElementTree.fromstring(junit_text(report))
        counts = [suite.get(name) for name in ("tests", "failures", "skipped", "errors")]
        assert counts == ["4", "1", "1", "0"]
        names = [(case.get("classname"), case.get("name")) for case in suite]
        assert names[0] == ("rfc6455.5_2", "bad")
        assert names[3] == ("rfc7692.7_1", "left out")
        assert suite[0].get("time") == "0.250"

    def test_a_failure_has_its_command_and_its_snippet(self, report: ProbeReport) -> None:
        failure = ElementTree.fromstring(junit_text(report)).find(".//failure")
        assert failure is not None
        assert failure.get("type") == "close code 1002"
        assert failure.get("message") == r"bad: closed with 1000\x1b[2J [red]"
        assert failure.text is not None
        assert f"wskit fuzz {URL} --replay" in failure.text
        assert "def test_" in failure.text

    def test_notes(self, report: ProbeReport) -> None:
        said = ElementTree.fromstring(junit_text(report)).findtext(".//system-out")
        assert said == "no close frame (RFC 6455 §7.1.7)"

    def test_other_reports(self) -> None:
        found = Finding("a check", "parser", "a detail", b"\x81")
        (suite,) = ElementTree.fromstring(junit_text(Report((found,), executions=5)))
        assert [case.get("classname") for case in suite] == ["wskit.fuzz.parser"]
        (suite,) = ElementTree.fromstring(junit_text(Report(executions=5, problem="a fault")))
        assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
        (suite,) = ElementTree.fromstring(junit_text(Report()))
        assert suite.get("tests") == "0"
