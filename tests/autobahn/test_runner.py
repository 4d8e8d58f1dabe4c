"""Each part runs a peer and a wstest of its own; a part that fails costs its own cases only."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from runner import Agent, PartRun, run_agent
from suite import Suite

from tests.deadlines import scaled

# What stands in for wstest: reads the specification, and says OK to every case in it.
WSTEST = """
import json, sys
specification = json.load(open("specification.json"))
entry = {"behavior": "OK", "behaviorClose": "OK", "reportfile": "case.json"}
with open("index.json", "w") as index:
    json.dump({"wskit": {case: entry for case in specification["cases"]}}, index)
if "fuzzingserver" in sys.argv:
    print("ws://127.0.0.1:1", flush=True)
    sys.stdin.read()
"""
SERVER = "import sys; print('ws://127.0.0.1:2', flush=True); sys.stdin.read()"
CLIENT = "import sys; print(sys.argv[1:])"
CRASHES_IN_PART_2 = "import os, sys; sys.exit(3) if os.getcwd().endswith('2') else None;" + SERVER


@dataclass(frozen=True)
class StandIn(Suite):
    """A suite that needs no Python 2.7."""

    code: str = WSTEST

    def command(self, directory: Path, *arguments: str) -> list[str]:
        return [sys.executable, "-c", self.code, *arguments]


def run(
    directory: Path, code: str, *, is_server: bool, suite: Suite | None = None
) -> tuple[dict[str, PartRun], dict[str, str]]:
    """Run two parts of one case; give what became of the parts, and the verdicts."""
    done: list[PartRun] = []
    results = run_agent(
        Agent("tested", (sys.executable, "-c", code), is_server),
        suite or StandIn(),
        {"1": ["1.1.1"], "2": ["2.1"]},
        directory / "tested",
        processes=2,
        done=done.append,
    )
    verdicts = {case: result.verdict.outcome for case, result in results.items()}
    return {part.name: part for part in done}, verdicts


def specification(directory: Path, part: str) -> dict[str, object]:
    text = (directory / "tested" / part / "specification.json").read_text()
    content: dict[str, object] = json.loads(text)
    return content


def test_a_server_is_tested_part_by_part_at_the_url_it_prints(tmp_path: Path) -> None:
    parts, verdicts = run(tmp_path, SERVER, is_server=True)
    assert verdicts == {"1.1.1": "OK", "2.1": "OK"}
    assert [parts[name].problem for name in "12"] == ["", ""]
    wanted = specification(tmp_path, "2")
    assert wanted["servers"] == [{"agent": "wskit", "url": "ws://127.0.0.1:2"}]
    assert wanted["cases"] == ["2.1"]


def test_nothing_is_excluded_and_what_fails_is_dropped(tmp_path: Path) -> None:
    run(tmp_path, SERVER, is_server=True)
    wanted = specification(tmp_path, "1")
    assert (wanted["exclude-cases"], wanted["exclude-agent-cases"]) == ([], {})
    assert wanted["options"] == {"failByDrop": True}


def test_a_client_is_given_the_url_and_the_name_of_the_reports(tmp_path: Path) -> None:
    _, verdicts = run(tmp_path, CLIENT, is_server=False)
    assert verdicts == {"1.1.1": "OK", "2.1": "OK"}
    log = (tmp_path / "tested" / "1" / "peer.log").read_text()
    assert log == "['ws://127.0.0.1:1', 'wskit']\n"


def test_a_fuzzing_server_listens_on_any_port_of_loopback(tmp_path: Path) -> None:
    run(tmp_path, CLIENT, is_server=False)
    assert specification(tmp_path, "1")["url"] == "ws://127.0.0.1:0"


def test_a_peer_that_crashes_costs_its_own_part(tmp_path: Path) -> None:
    parts, verdicts = run(tmp_path, CRASHES_IN_PART_2, is_server=True)
    assert verdicts == {"1.1.1": "OK"}
    assert parts["1"].problem == ""
    assert "ended before it listened" in parts["2"].problem


def test_a_suite_that_ends_without_an_index_gives_no_verdict(tmp_path: Path) -> None:
    parts, verdicts = run(tmp_path, SERVER, is_server=True, suite=StandIn("print('Bye')"))
    assert verdicts == {}
    assert parts["1"].asked == 1
    assert parts["1"].results == {}
    assert "see wstest.log" in parts["1"].problem


def test_an_interrupted_run_ends_what_runs_and_starts_no_more(tmp_path: Path) -> None:
    # The first part ends, the others would not; the fixture of all tests sees if a child is left,
    # by the thread that copies its output.
    def interrupt(part: PartRun) -> None:
        raise KeyboardInterrupt

    hangs = WSTEST + "if specification['cases'] != ['1.1']: sys.stdin.read()"
    agent = Agent("tested", (sys.executable, "-c", SERVER), is_server=True)
    parts = {str(number): [f"{number}.1"] for number in range(1, 5)}
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_agent(agent, StandIn(hangs), parts, tmp_path / "tested", processes=2, done=interrupt)
    assert time.monotonic() - started < scaled(30)
    assert not (tmp_path / "tested" / "4").exists()
