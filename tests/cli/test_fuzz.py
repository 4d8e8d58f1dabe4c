"""The options of ``wskit fuzz``: wrong ones are one line and 4, as pytest has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("", "what to fuzz?"),
        ("--bogus", "No such option"),
        ("--self --minutes 0", "--minutes"),
        ("--self --minutes soon", "--minutes"),
        ("--self ws://127.0.0.1:1/", "--self: does not go with URL"),
        ("--self --diff wsproto", "--diff: does not go with --self"),
        ("--self --target nothing", "--target: 'nothing' is none of parser, "),
        ("--self --rate 5", "--rate: means nothing to --self"),
        ("--self --pid 5", "--pid: means nothing to --self"),
        ("--client x --target parser", "--target: means nothing to --client"),
        ("--amplification --seed 1", "--seed: means nothing to --amplification"),
        ("ws://127.0.0.1:1/ --list", "--list: means nothing to URL"),
        ("--self --target parser --replay /no/such", "--replay /no/such: No such file"),
        ("--self --replay /dev/null", "--replay: needs one --target"),
        ("--diff curl", "--diff: 'curl' is none of websockets, wsproto"),
        ("--self --corpus /dev/null", "--corpus /dev/null: is no directory"),
        ("http://127.0.0.1:1/", "url: "),
        ("ws://192.0.2.1/", "--i-own-this-host"),
    ],
)
def test_wrong_usage_is_one_line(call: Call, args: str, words: str) -> None:
    status, out, err = call("fuzz", *args.split())
    assert (status, out) == (4, "")
    (line,) = err.splitlines()
    assert line.startswith("wskit")
    assert words in line


def test_help_says_what_there_is(call: Call) -> None:
    status, out, _ = call("fuzz", "--help")
    assert status == 0
    for word in ("--self", "--client", "--diff", "--amplification", "--replay", "--junit"):
        assert word in out


def test_an_empty_file_is_an_input(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    status, out, _ = call("fuzz", "--self", "--target", "parser", "--replay", str(path))
    assert (status, out) == (0, f"{path}: nothing found\n")
