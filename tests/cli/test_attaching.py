"""``wskit inspect --attach``: programs that run are listed, and looked into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import Command, environment
from wskit import connect


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a runtime directory of its own to all that runs here."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def test_a_program_is_listed_and_attached_to_by_its_number(call: Call) -> None:
    with Command("serve", "--port", "0", "--inspect", env=environment()) as serve:
        url, number = serve.line(), str(serve.process.pid)
        status, out, err = call("inspect", "--attach")
        assert (status, err) == (0, "")
        heading, line = out.splitlines()
        assert heading.split()[:2] == ["PID", "KIND"]
        assert line.split()[:2] == [number, "unix"]
        assert url.removeprefix("ws://").removesuffix("/") in line
        with Command("inspect", "--attach", number, "--json", "--count", "2") as looking:
            assert looking.said() == f"attached to wskit ({number})"
            with connect(url, proxy=False) as client:
                client.write("hello")
                assert client.read(10) is not None
                status, out, err = looking.ended()
        assert (status, err) == (0, "")
        frames = [json.loads(line) for line in out.splitlines()]
        assert [(each["direction"], each["text"]) for each in frames] == [
            ("in", "hello"),
            ("out", "hello"),
        ]
        serve.interrupt()
        assert serve.ended() == (0, "", "")


def test_where_nothing_runs_it_says_how(call: Call) -> None:
    status, out, err = call("inspect", "--attach")
    assert (status, out) == (3, "")
    assert err.startswith("wskit: no program can be inspected; ")


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("1", 2, "--attach: 1 cannot be inspected; "),
        ("/no/such.sock", 3, "cannot attach to /no/such.sock: "),
    ],
)
def test_what_is_not_there_is_one_line(call: Call, address: str, status: int, words: str) -> None:
    found, out, err = call("inspect", "--plain", "--attach", address)
    assert (found, out) == (status, "")
    assert err.startswith(f"wskit: {words}")
    assert err.count("\n") == 1


def test_a_folder_of_others_is_not_believed(call: Call, runtime: Path) -> None:
    (runtime / "wskit").mkdir(mode=0o777)
    (runtime / "wskit").chmod(0o777)
    status, out, err = call("inspect", "--attach")
    assert (status, out) == (2, "")
    assert "must be a folder of this user's" in err
