"""Where processes are found: nobody else's files are believed, and none are left behind."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deadlines import scaled
from wskit.inspection import places
from wskit.inspection.places import Running, running

ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def listening(home: Path) -> Iterator[Running]:
    """Give a process that is announced, and listens on a Unix socket."""
    places.folder()
    with socket.socket(socket.AF_UNIX) as sock:
        path = places.socket_path(os.getpid())
        sock.bind(str(path))
        sock.listen()
        described = Running(os.getpid(), "unix", str(path), "program", 5.0, ("127.0.0.1:1",))
        places.announce(described)
        yield described


def test_without_a_folder_there_are_none(home: Path) -> None:
    assert running() == []
    assert not home.exists()


def test_one_that_is_announced_is_found(listening: Running) -> None:
    assert running() == [listening]


def test_the_oldest_comes_first(listening: Running) -> None:
    younger = Running(1, "unix", listening.address, "other", 6.0)
    older = Running(2, "unix", listening.address, "other", 4.0)
    for each in (younger, older):
        places.announce(each)
    assert running() == [older, listening, younger]


def test_nobody_else_can_read_what_is_there(home: Path, listening: Running) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / f"{os.getpid()}.json").stat().st_mode) == 0o600


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(Running(1, "tcp", "127.0.0.1:1", "x", 0.0, (), "secret"))


def test_files_of_a_dead_process_are_removed(home: Path, listening: Running) -> None:
    dead = Running(3, "unix", str(home / "3.sock"), "dead", 1.0)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(dead.address)
    places.announce(dead)
    assert running() == [listening]
    assert sorted(path.name for path in home.iterdir()) == [
        f"{os.getpid()}.json",
        f"{os.getpid()}.sock",
    ]


def test_a_port_that_nobody_listens_on_is_of_a_dead_process(home: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        port = sock.getsockname()[1]
        alive = Running(1, "tcp", f"127.0.0.1:{port}", "x", 0.0, (), "token")
        places.announce(alive)
        assert running() == [alive]
    assert running() == []
    assert list(home.iterdir()) == []


def test_one_whose_backlog_is_full_is_alive(home: Path) -> None:
    places.folder()
    with socket.socket(socket.AF_UNIX) as sock, socket.socket(socket.AF_UNIX) as other:
        path = str(places.socket_path(1))
        sock.bind(path)
        sock.listen(0)
        other.connect(path)
        busy = Running(1, "unix", path, "busy", 0.0)
        places.announce(busy)
        assert running() == [busy]


@pytest.mark.parametrize(
    "change",
    [
        {"pid": "1"},
        {"kind": "pipe"},
        {"kind": "tcp", "address": "no port"},
        {"address": 5},
        {"started": "now"},
        {"servers": 1},
        {"more": 1},
        {"pid": 7},
        None,
    ],
    ids=str,
)
def test_a_file_that_makes_no_sense_is_passed_over(
    home: Path, listening: Running, change: dict[str, object] | None
) -> None:
    path = home / f"{os.getpid()}.json"
    fields = json.loads(path.read_text())
    text = "[" * 100_000 if change is None else json.dumps(fields | change)
    (home / "1.json").write_text(text)
    assert running() == [listening]


def test_a_file_that_cannot_be_written_leaves_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        places.announce(Running(1, "unix", "x", "x", 0.0))
    assert list(home.iterdir()) == []


class TestFolders:
    @pytest.mark.parametrize("mode", [0o770, 0o707, 0o750])
    def test_one_that_others_may_enter_is_refused(self, home: Path, mode: int) -> None:
        home.mkdir()
        home.chmod(mode)
        for look in (running, places.folder):
            with pytest.raises(PermissionError, match="closed to others"):
                look()

    def test_one_in_a_folder_that_others_may_write_to_is_refused(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home.mkdir(mode=0o700)
        home.parent.chmod(0o777)
        # platformdirs would take another one; an older version takes this.
        monkeypatch.setattr(places, "_home", lambda: home)
        with pytest.raises(PermissionError, match="others could replace"):
            running()

    def test_a_link_is_refused(self, home: Path) -> None:
        (home.parent / "real").mkdir(mode=0o700)
        home.symlink_to(home.parent / "real")
        with pytest.raises(PermissionError, match="must be a folder"):
            places.folder()

    @pytest.mark.skipif(not ROOT, reason="only root can give a folder to somebody else")
    def test_one_that_is_somebody_elses_is_refused(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        os.chown(home, NOBODY, NOBODY)
        for look in (running, places.folder):
            with pytest.raises(PermissionError, match="this user's"):
                look()

    def test_what_leads_to_it_is_made_closed(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deep = home.parent / "a" / "b" / "wskit"
        monkeypatch.setattr(places, "_home", lambda: deep)
        before = os.umask(0)
        try:
            assert places.folder() == deep
        finally:
            os.umask(before)
        assert [stat.S_IMODE(p.stat().st_mode) for p in (deep, deep.parent)] == [0o700, 0o700]

    def test_where_there_are_no_users_the_system_is_trusted(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home.mkdir(mode=0o777)
        monkeypatch.delattr(os, "geteuid")
        assert running() == []

    def test_without_a_runtime_folder_nothing_is_written_to_stderr(self, home: Path) -> None:
        program = "from wskit.inspection.places import running; running()"
        environment = {k: v for k, v in os.environ.items() if k != "XDG_RUNTIME_DIR"}
        environment["TMPDIR"] = str(home.parent)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            timeout=scaled(20),
        )
        assert (done.returncode, done.stderr) == (0, "")
