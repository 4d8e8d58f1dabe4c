"""How a command ends: each error is one line on stderr and has its own exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import pytest

from wskit.cli.exits import (
    Abnormal,
    ExitCode,
    Failure,
    NobodyReads,
    Rejected,
    Unreachable,
    run,
)

Captured = pytest.CaptureFixture[str]


def outcome(monkeypatch: pytest.MonkeyPatch, body: Callable[[], object], *args: str) -> int:
    """Run a command with that body on a command line of ``args`` and give its exit code."""
    monkeypatch.setattr(sys, "argv", ["wskit", *args])
    return run(click.command()(body))


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> object:
        raise error

    return body


def test_success_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, lambda: None) == ExitCode.OK


@pytest.mark.parametrize(
    ("kind", "code"), [(Failure, 2), (Unreachable, 3), (Rejected, 4), (Abnormal, 5)]
)
def test_each_kind_of_failure_has_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, kind: type[Failure], code: int
) -> None:
    assert outcome(monkeypatch, raising(kind("it failed"))) == code
    assert capsys.readouterr() == ("", "wskit: it failed\n")


def test_wrong_usage_says_where_help_is(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert outcome(monkeypatch, lambda: None, "surplus") == 2
    assert capsys.readouterr() == (
        "",
        "wskit: Got unexpected extra argument (surplus) (see wskit --help)\n",
    )


def test_an_error_is_one_line_that_a_terminal_can_take(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    outcome(monkeypatch, raising(Rejected("refused:\n  \x1b[31mred\u202e \\")))
    assert capsys.readouterr().err == "wskit: refused: \\x1b[31mred\\u202e \\\n"


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert outcome(monkeypatch, raising(KeyboardInterrupt())) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.strip() == ""


def test_it_is_no_failure_when_nobody_reads_any_more(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert outcome(monkeypatch, raising(NobodyReads())) == ExitCode.OK
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_wskit_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        outcome(monkeypatch, raising(ZeroDivisionError()))
