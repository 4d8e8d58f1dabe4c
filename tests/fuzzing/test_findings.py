"""Findings: what identifies one, and what replays it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from wskit.fuzzing.findings import Exit, Finding, Report

ONE = Finding("errors are documented", "parser", "KeyError in x: 5", b"\x00\x01", "invariant 1")


def test_the_key_is_that_of_the_fault() -> None:
    assert len(ONE.key) == 12
    assert Finding(ONE.check, ONE.target, ONE.detail, b"other").key == ONE.key
    assert Finding(ONE.check, ONE.target, "other", ONE.data).key != ONE.key
    assert Finding(ONE.check, "server", ONE.detail, ONE.data).key != ONE.key
    named = [Finding(ONE.check, ONE.target, detail, b"", fault="x") for detail in "ab"]
    assert named[0].key == named[1].key


def test_the_command_is_one_for_a_shell() -> None:
    words = ["wskit", "fuzz", "--self", "--target", "parser", "--replay", "a b.bin"]
    assert shlex.split(ONE.command("a b.bin")) == words
    client = Finding("c", "client", "d", b"", arguments=("--client", "node 'x y'.js"))
    assert shlex.split(client.command("f"))[2:4] == ["--client", "node 'x y'.js"]


def test_what_the_whole_run_shows_is_shown_by_it() -> None:
    finding = Finding(
        "memory", "server", "d", b"x", arguments=("ws://a/", "--pid", "7"), whole=True
    )
    assert finding.command("f") == "wskit fuzz ws://a/ --pid 7"
    assert "    data = None" in finding.snippet()
    assert 'replayed(data, "ws://a/", "--pid", "7") == []' in finding.snippet()


def test_the_name_is_one_for_a_file() -> None:
    name = Finding("close code 1002", "ws://[::1]:80/../x", "d", b"").name
    assert "/" not in name
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-.")


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x82", bytes(range(100))])
def test_the_snippet_is_a_test(data: bytes) -> None:
    detail = "evil\n\x1b[2J    assert False"
    finding = Finding("cuts change nothing", "parser", detail, data)
    namespace: dict[str, object] = {}
    exec(compile(finding.snippet(), "snippet", "exec"), namespace)
    (test,) = [value for name, value in namespace.items() if name.startswith("test_")]
    assert callable(test)
    assert "\x1b" not in finding.snippet()
    assert data[:32].hex() in finding.snippet()


def test_the_snippet_fails_while_the_fault_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    namespace: dict[str, object] = {}
    finding = Finding("cuts change nothing", "parser", "x", b"\0\0\x82\x80\0\0\0\0")
    exec(compile(finding.snippet(), "snippet", "exec"), namespace)
    (name,) = [name for name in namespace if name.startswith("test_")]
    test = namespace[name]
    assert callable(test)
    test()
    monkeypatch.setattr("wskit.protocol.parser._CLOSED", bytes(256))
    with pytest.raises(AssertionError):
        test()


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report(), Exit.NOTHING_RAN),
        (Report(executions=1), Exit.NOTHING_FOUND),
        (Report(findings=(ONE,), executions=1), Exit.FINDINGS),
        (Report(findings=(ONE,), interrupted=True), Exit.INTERRUPTED),
        (Report(interrupted=True, problem="it broke"), Exit.INTERNAL),
    ],
)
def test_exit_codes_are_those_of_pytest(report: Report, code: Exit) -> None:
    assert report.exit_code == code == getattr(pytest.ExitCode, _NAMES[code])


_NAMES = {
    Exit.NOTHING_FOUND: "OK",
    Exit.FINDINGS: "TESTS_FAILED",
    Exit.INTERRUPTED: "INTERRUPTED",
    Exit.INTERNAL: "INTERNAL_ERROR",
    Exit.USAGE: "USAGE_ERROR",
    Exit.NOTHING_RAN: "NO_TESTS_COLLECTED",
}


def test_finding_files_are_those_of_its_target(tmp_path: Path) -> None:
    from wskit.fuzzing.store import Store

    path = Store(tmp_path).keep(ONE)
    assert path.parent.name == "parser"
    assert path.read_bytes() == ONE.data
