"""``wskit inspect`` in a real terminal: it starts, is typed into, and leaves with 0."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import environment
from tests.deadlines import scaled
from tests.tui.frames import capture, frame
from wskit.trace import frame_json

PYTHON = shlex.quote(sys.executable)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "frames.jsonl"
    words = ("alpha", "beta", "gamma")
    path.write_text(
        "".join(f"{frame_json(capture(1000.0, frame(1, w.encode())))}\n" for w in words)
    )
    return path


@pytest.fixture
def child(recording: Path) -> Iterator[pexpect.spawn]:
    """Give a screen that shows three frames."""
    spawned = spawn(f"exec {PYTHON} -m wskit inspect {shlex.quote(str(recording))}")
    spawned.expect("3 of 3 frames")
    yield spawned
    spawned.close(force=True)


def spawn(command: str, term: str = "xterm-256color") -> pexpect.spawn:
    return pexpect.spawn(
        "/bin/sh",
        ["-c", command],
        env=environment(TERM=term),
        dimensions=(24, 80),
        timeout=scaled(20),
        encoding="utf-8",
    )


@pytest.mark.parametrize("how", ["q", "\x03", signal.SIGTERM], ids=["q", "Ctrl-C", "SIGTERM"])
def test_it_leaves_the_terminal_as_it_was(child: pexpect.spawn, how: str | int) -> None:
    child.kill(how) if isinstance(how, int) else child.send(how)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "\x1b[?1049l" in child.before, "the other screen"
    assert "Traceback" not in child.before


@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_a_person_looks_at_frames(recording: Path, piped: bool, term: str) -> None:
    source = f"cat {shlex.quote(str(recording))} | " if piped else ""
    named = "-" if piped else shlex.quote(str(recording))
    child = spawn(f"{source}{PYTHON} -m wskit inspect {named}", term)
    try:
        child.expect("3 of 3 frames")
        child.send("/beta\r")
        child.expect("1 of 3")
        child.send("q")
        child.expect(pexpect.EOF)
    finally:
        child.close()
    assert child.exitstatus == 0
