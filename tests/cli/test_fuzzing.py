"""``wskit fuzz``: what it finds it prints, with what replays it, and exits as pytest does."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Call
from tests.fuzzing.planting import plant
from wskit.fuzzing import amplification, clients, libfuzzer, probing
from wskit.fuzzing.cases import ProbeReport
from wskit.fuzzing.findings import Finding
from wskit.testing.builds import build

FRAMES = "wskit.protocol.frames"


def test_nothing_found_is_0(call: Call, tmp_path: Path) -> None:
    where = ("--corpus", str(tmp_path), "--executions", "60", "--seed", "3")
    status, out, err = call("fuzz", "--self", "--target", "parser", "--target", "deflate", *where)
    assert (status, out) == (0, "")
    lines = [line for line in err.splitlines() if line != libfuzzer.MISSING]
    assert [line.split(":")[0] for line in lines] == ["parser", "deflate"]


def test_a_finding_is_1_and_its_command_replays_it(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    report, junit = tmp_path / "report.json", tmp_path / "report.xml"
    target = ("--self", "--target", "parser")
    more = ("--corpus", str(tmp_path), "--json", str(report), "--junit", str(junit))
    with monkeypatch.context() as planted:
        plant(planted, "wskit.protocol.parser", "if size & 0x80 != mask_bit:", "if size < 0:")
        status, out, _ = call("fuzz", *target, "--executions", "500", "--guide", "lines", *more)
        assert status == 1
        (line, *_) = [line for line in out.splitlines() if line.startswith("  replay: ")]
        command = shlex.split(line.removeprefix("  replay: "))
        assert call(*command[1:])[0] == 1
    assert call(*command[1:])[0] == 0
    assert "def test_parser_" in out
    assert json.loads(report.read_text())["findings"]
    assert ElementTree.parse(junit).getroot().tag.startswith("testsuite")


def test_the_list_says_what_is_left_out(call: Call) -> None:
    status, out, _ = call("fuzz", "--self", "--list")
    assert status == 0
    assert "cuts change nothing (invariant 2)" in out
    assert ("left out: the pure build runs" in out) == (build() == "pure")


def test_a_report_that_cannot_be_written_is_wrong_usage(call: Call, tmp_path: Path) -> None:
    args = ("--self", "--target", "deflate", "--executions", "5", "--corpus", str(tmp_path))
    status, _, err = call("fuzz", *args, "--json", "/no/such/place")
    assert status == 4
    assert "--json /no/such/place: No such file" in err


def test_differences(call: Call, tmp_path: Path) -> None:
    args = ("--executions", "300", "--corpus", str(tmp_path))
    status, out, err = call("fuzz", "--diff", "websockets,wsproto", *args)
    assert (status, out) == (0, "")
    assert "executions" in err


def test_libraries_that_are_missing_are_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.fuzzing.differential.find_spec", lambda name: None)
    status, _, err = call("fuzz", "--diff", "wsproto")
    assert status == 4
    assert "pip install wsproto" in err


def test_black_boxes_are_told_what_was_asked(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    url = "ws://127.0.0.1:9/"
    finding = Finding("c", url, "d", b"{}", arguments=(url,))

    def probe(config: object) -> ProbeReport:
        asked.append(config)
        return ProbeReport(findings=(finding,), executions=1, target=url)

    monkeypatch.setattr(probing, "probe", probe)
    monkeypatch.setattr(clients, "probe_client", probe)
    where = ("--corpus", str(tmp_path))
    assert call("fuzz", url, "--rate", "7", "--seed", "2", *where)[0] == 1
    assert call("fuzz", "--client", "node x.js", "--max-connections", "3", *where)[0] == 1
    server, client = asked
    assert isinstance(server, probing.ProbeConfig)
    assert (server.url, server.rate, server.seed) == (url, 7.0, 2)
    assert isinstance(client, clients.ClientProbeConfig)
    assert (client.command, client.max_connections) == ("node x.js", 3)
    (path,) = (tmp_path / "findings").glob("*/*.bin")
    assert path.read_bytes() == b"{}"


def test_replaying_for_black_boxes(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def replay(config: object, data: bytes) -> list[Finding]:
        asked.append(config)
        return []

    monkeypatch.setattr(probing, "replay", replay)
    monkeypatch.setattr(clients, "replay", replay)
    path = tmp_path / "x"
    path.write_bytes(b"\0\0")
    url, more = "wss://example.org/", ("--patience", "2.5")
    server = ("-H", "A: b", "--i-own-this-host", "-k", "--pid", "7", "--max-growth", "1M", *more)
    for mode in ((url, *server), ("--client", "x y", "--reconnects", *more), ("--diff", "wsproto")):
        assert call("fuzz", *mode, "--replay", str(path))[0] == 0
    assert asked == [
        probing.ProbeConfig(
            url=url,
            headers=(("A", "b"),),
            i_own_this_host=True,
            insecure=True,
            pid=7,
            max_growth=1 << 20,
            patience=2.5,
        ),
        clients.ClientProbeConfig(command="x y", reconnects=True, patience=2.5),
    ]


def test_amplification(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = amplification.Figure("wskit", "fragments", 10, 20, 30)
    monkeypatch.setattr(amplification, "measure", lambda: [figure])
    status, out, _ = call("fuzz", "--amplification")
    assert status == 0
    assert "fragments" in out


def test_a_fault_of_the_fuzzer_is_3(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[amplification.Figure]:
        raise KeyError("planted")

    monkeypatch.setattr(amplification, "measure", broken)
    status, _, err = call("fuzz", "--amplification")
    assert status == 3
    assert "KeyError: 'planted'" in err


def test_without_atheris_it_is_said_what_to_install(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libfuzzer, "find_spec", lambda name: None)
    where = ("--target", "parser", "--executions", "20", "--corpus", str(tmp_path))
    status, _, err = call("fuzz", "--self", *where)
    assert (status, err.splitlines()[0]) == (0, libfuzzer.MISSING)
    status, _, err = call("fuzz", "--self", *where, "--guide", "atheris")
    assert (status, len(err.splitlines())) == (4, 1)
    assert "--guide: needs atheris: pip install atheris" in err
