"""Attacks on clients: wskit's own does everything right, and each fault of another is found."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.deadlines import scaled
from wskit.fuzzing import clients
from wskit.fuzzing.cases import ProbeReport
from wskit.fuzzing.clients import ClientProbeConfig, probe_client
from wskit.fuzzing.conducting import CannotOpen, CannotProbe
from wskit.fuzzing.findings import Exit
from wskit.fuzzing.replaying import replayed

CLIENT = Path(__file__).with_name("faulty_client.py")


def command(*faults: str) -> str:
    return shlex.join([sys.executable, str(CLIENT), "{url}", *faults])


def configured(line: str, **options: object) -> ClientProbeConfig:
    every = {"command": line, "rate": 10_000.0, "patience": scaled(5), **options}
    return ClientProbeConfig(**every)  # type: ignore[arg-type]


def probed(*faults: str, **options: object) -> ProbeReport:
    return probe_client(configured(command(*faults), **{"reconnects": True, **options}))


def checks(report: ProbeReport) -> set[str]:
    return {finding.check for finding in report.findings}


@pytest.mark.usefixtures("hurried")
class TestOurClient:
    def test_nothing_is_found(self) -> None:
        report = probed("wskit")
        assert [(finding.check, finding.detail) for finding in report.findings] == []
        assert report.exit_code == Exit.NOTHING_FOUND
        assert report.executions == len(report.cases) > 250

    def test_nothing_is_found_where_it_is_run_each_time(self) -> None:
        report = probed("wskit", "once", reconnects=False, only="answer: plain")
        assert not report.findings
        assert report.executions == 1


@pytest.mark.usefixtures("hurried")
class TestFaultsAreFound:
    def test_a_client_without_one_has_none(self) -> None:
        assert checks(probed(only="reserved: opcode 3")) == set()

    @pytest.mark.parametrize(
        ("fault", "only", "check"),
        [
            ("fails with 1000", "reserved: opcode 3", "close code 1002"),
            ("resets", "reserved: opcode 15", "closes, not resets"),
            ("accepts any answer", "answer: no Upgrade", "fails in time"),
            ("crashes", "reserved: opcode 15", "lives on"),
            ("gives up", "reserved: opcode 15", "lives on"),
        ],
    )
    def test_by_the_right_check(self, fault: str, only: str, check: str) -> None:
        assert checks(probed(fault, only=only, patience=scaled(1))) == {check}

    def test_a_client_that_does_not_pong(self) -> None:
        report = probed("never pongs", only="control: ping of 1 ", patience=scaled(0.5))
        assert checks(report) == {"answers in time", "lives on"}

    def test_frames_after_an_answer_that_is_none(self) -> None:
        report = probed("accepts any answer", "speaks first", only="answer: no Upgrade")
        assert checks(report) == {"fails the handshake"}

    def test_an_attack_for_which_it_does_not_come(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise CannotOpen("it did not come")

        monkeypatch.setattr(clients, "conduct", refuse)
        assert checks(probed(only="reserved: opcode 15")) == {"connects"}

    def test_a_client_that_never_comes(self) -> None:
        with pytest.raises(CannotProbe, match="did not connect"):
            probed("sleeps", patience=scaled(0.1))

    def test_a_client_whose_request_is_wrong(self) -> None:
        with pytest.raises(CannotProbe, match="the request is wrong"):
            probed("asks wrong")

    def test_a_command_that_is_none(self) -> None:
        with pytest.raises(CannotProbe, match=r"^command: no-such-command: No such file"):
            probe_client(configured("no-such-command"))


class TestWhatItIsLike:
    def test_one_that_leaves(self) -> None:
        report = probed("leaves", only="size: text of 1 ")
        assert report.notes[0].startswith("the client closes by itself")
        assert not report.findings

    @pytest.mark.usefixtures("hurried")
    def test_one_that_is_silent_and_does_not_offer_deflate(self) -> None:
        report = probed("silent", only="a", max_connections=8)
        assert report.notes[0] == (
            "a text message meets silence, a binary one silence; "
            "the client does not offer permessage-deflate"
        )
        assert report.notes[1] == "ended early: 8 connections were made"

    def test_one_that_speaks_first(self) -> None:
        report = probed("speaks first", only="size: text of 1 ")
        assert report.notes[0].endswith("; it speaks first")
        assert not report.findings

    @pytest.mark.usefixtures("hurried")
    def test_what_needs_deflate_is_left_out(self) -> None:
        report = probed(only="deflate: RSV1")
        assert {case.skipped for case in report.cases} == {"permessage-deflate is not offered"}
        assert report.exit_code == Exit.NOTHING_RAN


@pytest.mark.usefixtures("hurried")
class TestReplay:
    def test_a_finding_is_found_again(self) -> None:
        line = command("fails with 1000")
        config = configured(line, reconnects=True, only="reserved: opcode 15")
        (first,) = probe_client(config).findings
        assert first.options[:3] == ("--client", line, "--reconnects")
        assert [finding.key for finding in replayed(first.data, *first.options)] == [first.key]

    def test_nothing_to_vary(self) -> None:
        report = probed("silent", only="deflate: RSV1", minutes=scaled(0.005))
        assert report.notes[-1].endswith("minutes are over")
        assert not report.executions

    def test_varied_for_a_time(self) -> None:
        report = probed("wskit", only="control: ping of", minutes=scaled(0.01))
        assert not report.findings
        assert report.notes[-1].endswith("minutes are over")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"command": 1}, TypeError, "command"),
        ({"command": ""}, ValueError, "command: must not be empty"),
        ({"command": "'"}, ValueError, "command: No closing quotation"),
        ({"reconnects": 1}, TypeError, "reconnects"),
        ({"seed": -1}, ValueError, "seed"),
        ({"minutes": 0}, ValueError, "minutes"),
        ({"rate": 0}, ValueError, "rate"),
        ({"max_connections": 0}, ValueError, "max_connections"),
        ({"patience": 0}, ValueError, "patience"),
        ({"only": 1}, TypeError, "only"),
    ],
)
def test_wrong_options_are_named(
    options: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        configured(**{"line": "true", **options})  # type: ignore[arg-type]


@pytest.mark.usefixtures("hurried")
def test_ctrl_c_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clients, "judged", interrupt)
    assert probed(only="mask").exit_code == Exit.INTERRUPTED
