"""``wskit inspect`` without a screen: recordings, pipes and connections, as lines and as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import ran
from tests.deadlines import scaled
from tests.tui.frames import OUT, capture, frame
from wskit.testing import ScriptedServer, ServerPeer
from wskit.trace import frame_json

pytestmark = pytest.mark.wskit(timeout=scaled(5))

Scripted = Callable[..., ScriptedServer]

FRAMES = [
    capture(1000.0, frame(1, b"hello", masked=True)),
    capture(1000.25, frame(9, b"p", way=OUT)),
    capture(1000.5, frame(10, b"p", masked=True)),
    capture(1001.0, frame(1, b'{"type": "trade"}', way=OUT), "b"),
    capture(1002.0, frame(3), "b"),
]


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "frames.jsonl"
    path.write_text("".join(f"{frame_json(each)}\n" for each in FRAMES))
    return str(path)


def test_a_recording_is_aligned_lines(
    call: Call, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    status, out, err = call("inspect", recording)
    assert (status, err) == (0, "")
    heading, *lines = out.splitlines()
    assert heading.split()[:4] == ["TIME", "DELTA", "CONN", "FRAME"]
    assert [line.split()[0] for line in lines] == ["0.000", "0.250", "0.500", "1.000", "2.000"]
    assert lines[0].endswith('"hello"')
    assert "rtt 250ms" in lines[2]
    assert "! reserved opcode (§5.2)" in lines[4]


def test_a_filter_picks_some(call: Call, recording: str) -> None:
    _, out, _ = call("inspect", recording, "--plain", "--filter", 'json.type=="trade" or rtt>0')
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["0.000", "0.500"]


def test_json_has_the_context_of_each_frame(call: Call, recording: str) -> None:
    status, out, _ = call("inspect", recording, "--json")
    assert status == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert [(each["number"], each["conn"], each["message"]) for each in found] == [
        (1, 1, 1),
        (2, 1, 0),
        (3, 1, 0),
        (4, 2, 1),
        (5, 2, 0),
    ]
    assert found[2]["rtt"] == 0.25
    assert found[4]["wrong"] == "reserved opcode (§5.2)"
    assert found[3]["text"] == '{"type": "trade"}'


def test_what_it_writes_it_reads(call: Call, recording: str, tmp_path: Path) -> None:
    again, copy = tmp_path / "again.jsonl", tmp_path / "copy.jsonl"
    _, out, _ = call("inspect", recording, "--json", "--filter", "nothing", "--record", str(copy))
    assert out == ""
    assert copy.read_text() == Path(recording).read_text(), "every frame, wanted or not"
    again.write_text(call("inspect", recording, "--json")[1])
    assert call("inspect", str(again))[1] == call("inspect", recording)[1]


def test_a_recording_is_never_written_over(call: Call, recording: str) -> None:
    before = Path(recording).read_bytes()
    status, out, err = call("inspect", recording, "--plain", "--record", recording)
    assert (status, out, err) == (2, "", f"wskit: --record {recording}: File exists\n")
    assert Path(recording).read_bytes() == before


def test_a_disk_that_is_full_ends_it(
    call: Call, recording: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wskit.tui.recorder.Recorder.__call__", lambda *args: "recording ended: x")
    status, _, err = call("inspect", recording, "--plain", "--record", str(tmp_path / "new"))
    assert (status, err) == (2, "wskit: recording ended: x\n")


@pytest.mark.parametrize("option", [("--count", "1"), ("--for", "1")])
def test_a_screen_ends_when_somebody_says_so(
    call: Call, recording: str, monkeypatch: pytest.MonkeyPatch, option: tuple[str, str]
) -> None:
    monkeypatch.setattr("wskit.cli.streams.Output.is_terminal", True)
    status, _, err = call("inspect", recording, *option)
    assert (status, err) == (2, f"wskit: {option[0]}: needs --plain or --json\n")


def test_it_ends_after_so_many(call: Call, recording: str) -> None:
    _, out, _ = call("inspect", recording, "--json", "--count", "2", "--filter", "op:control")
    assert [json.loads(line)["number"] for line in out.splitlines()] == [2, 3]


def test_a_har_file_is_read_by_its_name(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "a.HAR"
    message = {"type": "send", "time": 1000.5, "opcode": 1, "data": "hello"}
    entry = {
        "request": {"url": "ws://a/", "headers": []},
        "response": {"status": 101, "headers": []},
        "_webSocketMessages": [message],
    }
    path.write_text(json.dumps({"log": {"entries": [entry]}}))
    status, out, err = call("inspect", str(path), "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["text"] == "hello"
    path.write_text('{"log": 5}')
    status, out, err = call("inspect", str(path))
    assert (status, out) == (2, "")
    assert err == f"wskit: {path}: log: must be an object, not an integer\n"


def test_a_pipe_is_read_while_it_is_written(recording: str) -> None:
    done = ran("inspect", "-", "--filter", "hello", stdin=Path(recording).read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[1].endswith('"hello"')


def test_it_ends_after_that_time(call: Call, ws_script: Scripted) -> None:
    def says_nothing(peer: ServerPeer) -> None:
        peer.expect_close(1001, initiated_by="client")

    began = time.monotonic()
    status, out, err = call("inspect", ws_script(says_nothing).url, "--plain", "--for", "0.05")
    assert (status, out, err) == (0, "", "")
    assert time.monotonic() - began < scaled(4)


def test_a_connection_is_watched_to_its_end(call: Call, ws_script: Scripted) -> None:
    def talks(peer: ServerPeer) -> None:
        assert peer.accept("chat").path == "/room"
        peer.send("hello")
        peer.ping(b"p")
        peer.expect_pong(b"p")
        peer.close(1000, "bye")

    url = ws_script(talks).url
    status, out, _ = call("inspect", f"{url}/room", "--json", "-s", "chat")
    assert status == 0
    frames = [json.loads(line) for line in out.splitlines()]
    assert [each["name"] for each in frames] == ["text", "ping", "pong", "close", "close"]
    assert frames[2]["rtt"] is not None


def test_an_abnormal_end_is_5(call: Call, ws_script: Scripted) -> None:
    def drops(peer: ServerPeer) -> None:
        peer.send("hello")
        peer.abort()

    status, out, err = call("inspect", ws_script(drops).url, "--plain")
    assert (status, err) == (5, "wskit: the connection was lost\n")
    assert out.splitlines()[-1].endswith('"hello"')


def test_a_refusal_is_4(call: Call, ws_script: Scripted) -> None:
    status, out, err = call("inspect", ws_script(lambda peer: peer.reject(401)).url, "--plain")
    assert (status, out) == (4, "")
    assert err.startswith("wskit: refused with 401")


def test_without_textual_the_extra_is_named(
    call: Call, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wskit.cli.streams.Output.is_terminal", True)
    monkeypatch.setattr("wskit.cli.inspecting.find_spec", lambda name: None)
    status, _, err = call("inspect", recording)
    assert status == 2
    assert err == "wskit: the screen needs textual; pip install 'wskit[tui]', or --plain\n"
