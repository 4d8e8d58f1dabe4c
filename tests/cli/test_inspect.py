"""The options of ``wskit inspect``: wrong ones are one line and 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("args", "start"),
    [
        ("", "wskit: what to look at? a URL, a FILE, -, --listen, --attach or --demo"),
        ("x --demo", "wskit: --demo: does not go with FILE"),
        ("- --attach 5", "wskit: --attach: does not go with -"),
        ("--demo --listen 0", "wskit: --listen: does not go with --demo"),
        ("--demo --speed 2", "wskit: --speed: means nothing to --demo"),
        ("- --keep-host", "wskit: --keep-host: means nothing to -"),
        ("x -H a:b", "wskit: --header: means nothing to FILE"),
        ("--listen 0 --to ws://a --proxy http://x", "wskit: --proxy: means nothing to --listen"),
        ("- --export a.foo", "wskit: --export a.foo: must end with one of .har, .jsonl, .pcapng"),
        ("- --export /no/such/a.har", "wskit: --export /no/such/a.har: No such file or directory"),
        ("- --web", "wskit: --web: cannot read stdin"),
        ("x --web --plain", "wskit: --web: does not go with --plain or --json"),
        ("x --step --plain", "wskit: --step: needs a screen"),
        ("x --speed 0", "wskit inspect: Invalid value for '--speed': "),
        ("--demo --web-port 70000", "wskit inspect: Invalid value for '--web-port': "),
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
    for word in ("URL|FILE|-", "--listen", "--attach", "--demo", "--filter", "--json", "--web"):
        assert word in out
