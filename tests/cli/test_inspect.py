"""The options of ``wskit inspect``: wrong ones are one line and 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("args", "start"),
    [
        ("", "wskit inspect: Missing argument 'URL|FILE|-'."),
        ("no.such.file", "wskit: no.such.file: No such file or directory"),
        ("/", "wskit: /: Is a directory"),
        ("- --plain --json", "wskit: --plain: does not go with --json"),
        ("- --filter size>", "wskit: --filter: at character 6: "),
        ("- --count 0", "wskit inspect: Invalid value for '--count': "),
        ("- --for 0", "wskit inspect: Invalid value for '--for': "),
        ("- --record /", "wskit: --record /: File exists"),
        ("- --record /no/such/place", "wskit: --record /no/such/place: No such file or directory"),
        ("ws:// --plain", "wskit: url: has no host"),
        ("ws://127.0.0.1:1/ --plain --proxy ftp://y", "wskit: proxy: "),
    ],
)
def test_wrong_usage_is_one_line(call: Call, args: str, start: str) -> None:
    status, out, err = call("inspect", *args.split())
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(start)


def test_a_file_that_is_no_recording_is_one_line(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\x1b[2J")
    status, out, err = call("inspect", str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"wskit: {path}: line 1: is not JSON")
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_help_says_what_there_is(call: Call) -> None:
    status, out, _ = call("inspect", "--help")
    assert status == 0
    for word in ("URL|FILE|-", "--filter", "--plain", "--json", "--count", "--for", "--record"):
        assert word in out
