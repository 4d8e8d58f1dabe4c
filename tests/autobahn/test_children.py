"""Children give their URL, are bounded in time, and end whatever they do."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import children
import pytest
from children import Child, ChildError, Children

from tests.deadlines import scaled

LISTENS = "import sys; print('hello'); print('ws://127.0.0.1:1', flush=True); sys.stdin.read()"
IGNORES_SIGTERM = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ws://127.0.0.1:1', flush=True); signal.pause()"
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Children]:
    started = Children()
    yield started
    started.end()


def start(run: Children, directory: Path, code: str) -> Child:
    return run.start([sys.executable, "-c", code], directory=directory, log=directory / "log")


def test_the_line_that_is_a_url_is_found_and_everything_is_logged(
    run: Children, tmp_path: Path
) -> None:
    with start(run, tmp_path, LISTENS) as child:
        assert child.url(scaled(20)) == "ws://127.0.0.1:1"
    assert (tmp_path / "log").read_text() == "hello\nws://127.0.0.1:1\n"


def test_a_child_ends_by_itself_when_its_input_ends(run: Children, tmp_path: Path) -> None:
    child = start(run, tmp_path, LISTENS)
    child.url(scaled(20))
    child.end()
    assert child.process.returncode == 0


def test_a_child_that_ends_before_it_listens_is_an_error(run: Children, tmp_path: Path) -> None:
    child = start(run, tmp_path, "raise SystemExit('no')")
    with pytest.raises(ChildError, match="ended before it listened"):
        child.url(scaled(20))
    assert (tmp_path / "log").read_text() == "no\n"


def test_a_child_that_does_not_listen_in_time_is_an_error(run: Children, tmp_path: Path) -> None:
    child = start(run, tmp_path, "import sys; sys.stdin.read()")
    with pytest.raises(ChildError, match="does not listen"):
        child.url(0.01)


def test_a_child_that_runs_too_long_is_an_error(run: Children, tmp_path: Path) -> None:
    child = start(run, tmp_path, "import sys; sys.stdin.read()")
    with pytest.raises(ChildError, match="still runs"):
        child.wait(0.01)


def test_an_exit_code_is_an_error(run: Children, tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="exit code 7"):
        start(run, tmp_path, "raise SystemExit(7)").wait(scaled(20))


def test_a_child_that_ignores_sigterm_is_killed(
    run: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "GRACE", 0.05)
    child = start(run, tmp_path, IGNORES_SIGTERM)
    child.url(scaled(20))
    child.end()
    assert child.process.returncode == -signal.SIGKILL


def test_ending_the_run_ends_every_child_and_lets_no_other_start(
    run: Children, tmp_path: Path
) -> None:
    running = [start(run, tmp_path, LISTENS) for _ in range(3)]
    run.end()
    assert all(child.process.returncode is not None for child in running)
    with pytest.raises(ChildError, match="run is over"):
        start(run, tmp_path, LISTENS)
