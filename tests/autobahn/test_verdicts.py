"""Verdicts are compared strictly: worse, better, other and missing are all deviations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runner import AGENTS
from verdicts import Deviation, Expectations, Result, Verdict, deviations, read_index

OK = Verdict("OK", "OK")
INFORMATIONAL = Verdict("INFORMATIONAL", "INFORMATIONAL")
EXPECTED_JSON = Path(__file__).resolve().parents[2] / "autobahn" / "expected.json"
EXPECTATIONS = Expectations({"7": 2}, OK, {"server": {"7.1.6": INFORMATIONAL}, "client": {}})


def result(verdict: Verdict) -> Result:
    return Result(verdict, "case.json")


def index(**agents: dict[str, tuple[str, str]]) -> str:
    return json.dumps(
        {
            agent: {
                case: {"behavior": words[0], "behaviorClose": words[1], "reportfile": "case.json"}
                for case, words in cases.items()
            }
            for agent, cases in agents.items()
        }
    )


@pytest.mark.parametrize(
    ("behavior", "close", "outcome"),
    [
        ("OK", "OK", "OK"),
        ("INFORMATIONAL", "INFORMATIONAL", "INFORMATIONAL"),
        ("NON-STRICT", "OK", "NON-STRICT"),
        ("OK", "UNCLEAN", "UNCLEAN"),
        ("NON-STRICT", "UNCLEAN", "UNCLEAN"),
        ("FAILED", "OK", "FAILED"),
        ("OK", "WRONG CODE", "FAILED"),
        ("OK", "FAILED BY CLIENT", "FAILED"),
        ("UNIMPLEMENTED", "OK", "FAILED"),
    ],
)
def test_a_verdict_counts_as_the_worse_of_its_two_words(
    behavior: str, close: str, outcome: str
) -> None:
    assert Verdict(behavior, close).outcome == outcome


def test_a_verdict_reads_as_one_word_where_both_agree() -> None:
    assert [str(OK), str(Verdict("OK", "UNCLEAN"))] == ["OK", "OK / UNCLEAN"]


def test_an_index_gives_the_verdict_and_the_report_of_each_case() -> None:
    found = read_index(index(wskit={"1.1.1": ("OK", "UNCLEAN")}))
    assert found == {"1.1.1": Result(Verdict("OK", "UNCLEAN"), "case.json")}


def test_an_index_without_agents_has_no_results() -> None:
    assert read_index("{}") == {}


def test_an_index_of_two_agents_is_refused() -> None:
    with pytest.raises(ValueError, match="one agent"):
        read_index(index(wskit={}, other={}))


def test_what_is_as_expected_is_no_deviation() -> None:
    results = {"7.1.1": result(OK), "7.1.6": result(INFORMATIONAL)}
    assert deviations("server", ["7.1.1", "7.1.6"], results, EXPECTATIONS) == []


@pytest.mark.parametrize("words", [("NON-STRICT", "OK"), ("OK", "UNCLEAN"), ("FAILED", "FAILED")])
def test_a_worse_verdict_is_a_deviation(words: tuple[str, str]) -> None:
    got = result(Verdict(*words))
    found = deviations("server", ["7.1.1"], {"7.1.1": got}, EXPECTATIONS)
    assert found == [Deviation("7.1.1", OK, got)]


def test_a_listed_exception_that_now_passes_is_a_deviation() -> None:
    found = deviations("server", ["7.1.6"], {"7.1.6": result(OK)}, EXPECTATIONS)
    assert found == [Deviation("7.1.6", INFORMATIONAL, result(OK))]


def test_a_missing_case_is_a_deviation_even_if_it_is_an_exception() -> None:
    found = deviations("server", ["7.1.1", "7.1.6"], {}, EXPECTATIONS)
    assert [(each.case, each.result) for each in found] == [("7.1.1", None), ("7.1.6", None)]


def test_the_exceptions_of_one_agent_are_not_those_of_another() -> None:
    found = deviations("client", ["7.1.6"], {"7.1.6": result(INFORMATIONAL)}, EXPECTATIONS)
    assert [each.expected for each in found] == [OK]


def test_exceptions_that_are_no_case_of_the_suite_are_found() -> None:
    assert EXPECTATIONS.unknown(["7.1.1"]) == {"7.1.6"}
    assert EXPECTATIONS.unknown(["7.1.1", "7.1.6"]) == set()


def test_an_exception_that_is_the_default_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "expected.json"
    exceptions = {"client": {"1.1.1": ["OK", "OK"]}}
    path.write_text(json.dumps({"sections": {}, "default": ["OK", "OK"], "exceptions": exceptions}))
    with pytest.raises(ValueError, match=r"1\.1\.1 of client"):
        Expectations.load(path)


def test_expected_json_wants_514_ok_and_3_informational_of_every_agent() -> None:
    expectations = Expectations.load(EXPECTED_JSON)
    assert sum(expectations.sections.values()) == 517
    assert expectations.default == OK
    assert expectations.exceptions.keys() == AGENTS.keys()
    for exceptions in expectations.exceptions.values():
        assert exceptions == dict.fromkeys(["7.1.6", "7.13.1", "7.13.2"], INFORMATIONAL)
