"""Exports: each format is read back, nothing is written over, nothing half is left."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tests.tui.capture_files import packets
from tests.tui.frames import OUT, capture, frame
from tests.tui.talks import history, opened, talk
from wskit.events import Event, Opened
from wskit.taps import Capture
from wskit.tui import exporting
from wskit.tui.excerpts import excerpt
from wskit.tui.exporting import FORMATS, Exported, check, export, write
from wskit.tui.har_files import HarSource
from wskit.tui.history import History
from wskit.tui.sources import LineSource, Source


def everything(source: Source) -> list[Event]:
    found: list[Event] = []
    while not source.ended:
        found += source.take(1)
    assert not source.problem
    return found


def test_json_lines_are_read_back_equal(tmp_path: Path) -> None:
    kept = talk(headers={"Authorization": "s3cret"}, compress=True)
    path = tmp_path / "a.jsonl"
    assert str(export(str(path), kept)) == f"18 frames of 1 connection in {path}"
    found = everything(LineSource.open(str(path)))
    assert found == list(excerpt(kept).events())
    assert isinstance(found[0], Opened)
    again = History()
    again.add(found)
    assert [entry.capture for entry in again] == [entry.capture for entry in kept]
    assert again.connections[0].opening == kept.connections[0].opening
    assert again.connections[0].ended == kept.connections[0].ended


def test_har_is_read_back_without_secrets(tmp_path: Path) -> None:
    kept = talk(headers={"Authorization": "s3cret"})
    path = tmp_path / "a.har"
    export(path, kept)
    assert "s3cret" not in path.read_text()
    found = everything(HarSource.open(str(path)))
    frames = [event.frame for event in found if isinstance(event, Capture)]
    assert frames == [entry.frame for entry in kept]
    (entry,) = json.loads(path.read_text())["log"]["entries"]
    assert entry["serverIPAddress"] == "127.0.0.1"
    assert entry["_wskitClose"]["code"] == 4001
    assert "_wskitFramesLeftOut" not in entry


def test_one_entry_for_each_connection_and_what_is_left_out(tmp_path: Path) -> None:
    kept = history(
        opened("a"),
        frame(1, b"1", way=OUT, fin=False),
        opened("b", status=403),
        frame(0, b"2", way=OUT),
        frame(9),
    )
    path = tmp_path / "some.HAR"
    assert export(path, kept, [2]) == Exported(str(path), 2, 1)
    (entry,) = json.loads(path.read_text())["log"]["entries"]
    assert [message["data"] for message in entry["_webSocketMessages"]] == ["12"]
    assert entry["_wskitFramesLeftOut"] == 1
    export(tmp_path / "all.har", kept)
    entries = json.loads((tmp_path / "all.har").read_text())["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [101, 403]
    export(tmp_path / "b.har", kept, connection=2)
    assert len(json.loads((tmp_path / "b.har").read_text())["log"]["entries"]) == 1


def test_the_other_formats(tmp_path: Path) -> None:
    kept = history(opened(), frame(1, b"1"))
    export(tmp_path / "a.pcapng", kept)
    assert len(packets((tmp_path / "a.pcapng").read_bytes())) == 6
    export(tmp_path / "test_a.py", kept)
    ast.parse((tmp_path / "test_a.py").read_text())
    assert set(FORMATS) == {".har", ".jsonl", ".pcapng", ".py"}


@pytest.mark.parametrize("name", ["a.txt", "a", ".har"])
def test_another_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"must end with one of \.har, \.jsonl, \.pcapng, \.py"):
        export(tmp_path / name, history(opened()))
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (path := tmp_path / "a.har").write_text("mine")
    with pytest.raises(FileExistsError):
        export(path, history(opened()))
    assert path.read_text() == "mine"


def test_nothing_half_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(piece: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "event_json", full)
    with pytest.raises(OSError, match="No space"):
        export(tmp_path / "a.jsonl", history(opened()))
    with pytest.raises(ValueError, match="nothing was answered"):
        export(tmp_path / "a.py", history(opened(status=0)))
    with pytest.raises(ValueError, match="nothing to export"):
        export(tmp_path / "a.har", History())
    assert not list(tmp_path.iterdir())


def test_what_was_taken_out_stays_as_it_was(tmp_path: Path) -> None:
    kept = history(opened(), frame(1, b"1"))
    chosen = excerpt(kept)
    kept.add([capture(9.0, frame(1, b"2"))])
    kept.clear()
    assert write(tmp_path / "a.jsonl", chosen).frames == 1
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2


def test_the_home_folder_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    done = export("~/\x1b.jsonl", history(opened("a"), frame(1), opened("b")))
    assert str(done) == "1 frame of 2 connections in ~/\\x1b.jsonl"
    assert (tmp_path / "\x1b.jsonl").is_file()


def test_a_path_is_judged_before_there_is_anything_to_write(tmp_path: Path) -> None:
    check(tmp_path / "a.har")
    assert not (tmp_path / "a.har").exists()
    (tmp_path / "b.har").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        check(tmp_path / "b.har")
    assert (tmp_path / "b.har").read_bytes() == b"mine"
    with pytest.raises(ValueError, match="must end with one of"):
        check(tmp_path / "c.txt")
