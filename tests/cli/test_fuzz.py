"""The options of ``wskit fuzz``: wrong ones are one line and 4, as pytest has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call
from wskit.cli.fuzz import FuzzOptions
from wskit.cli.fuzzing import _MEANING
from wskit.fuzzing.attacks import catalogue
from wskit.fuzzing.scripts import written_attack
from wskit.protocol.opcodes import Side


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
        ("--self --only mask", "--only: means nothing to --self"),
        ("--client x --header A:b", "--header: means nothing to --client"),
        ("ws://127.0.0.1:1/ --header nonsense", "'nonsense' is no header"),
        ("ws://127.0.0.1:1/ --reconnects", "--reconnects: means nothing to URL"),
        ("wss://127.0.0.1:1/ --cacert /dev/null", "cacert: /dev/null: "),
        ("ws://127.0.0.1:1/ --replay {attack}", "ws://127.0.0.1:1/: no connection"),
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
def test_wrong_usage_is_one_line(call: Call, tmp_path: Path, args: str, words: str) -> None:
    attack = tmp_path / "attack"
    attack.write_bytes(written_attack(catalogue(Side.SERVER)[0]))
    status, out, err = call("fuzz", *args.format(attack=attack).split())
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


def test_every_option_is_of_a_mode() -> None:
    modes = {"url", "self_", "client", "diff", "amplification"}
    options = {
        "--" + name.strip("_").replace("_", "-")
        for name in set(FuzzOptions.__annotations__) - modes
    }
    assert options == set(_MEANING)
