"""``wskit inspect`` inside tmux, as a person uses it: a filter typed, a message sent, and out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import environment
from tests.deadlines import scaled, wait_for
from tests.testing.conversing import Echo
from wskit.testing import LiveServer, ws_server

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")


class Tmux:
    """A tmux server of its own, with one window in which ``command`` runs."""

    def __init__(self, folder: Path, command: str) -> None:
        self._socket, self.status = folder / "tmux", folder / "status"
        # The exit code is not tmux's to give, so the shell writes it down.
        shell = f"{command}; echo $? > {shlex.quote(str(self.status))}"
        self._do("-f", os.devnull, "new-session", "-d", "-x", "80", "-y", "24", shell)

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *words],
            env=environment(TERM="xterm-256color"),
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=scaled(20),
        )
        return done.stdout

    def shows(self, text: str) -> None:
        """Wait until ``text`` is on the screen."""
        wait_for(lambda: text in self.screen(), timeout=20)

    def screen(self) -> str:
        return self._do("capture-pane", "-p")

    def type(self, text: str) -> None:
        self._do("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._do("send-keys", *keys)

    def kill(self) -> None:
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], capture_output=True)


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with ws_server(Echo) as live:
        yield live


@pytest.fixture
def tmux(server: LiveServer, tmp_path: Path) -> Iterator[Tmux]:
    python = shlex.quote(sys.executable)
    terminal = Tmux(tmp_path, f"{python} -m wskit inspect {server.url}")
    yield terminal
    terminal.kill()


def test_a_person_filters_sends_and_leaves(tmux: Tmux) -> None:
    tmux.shows("0 of 0 frames")
    tmux.press("s")
    tmux.type("hello from tmux")
    tmux.press("Enter")
    tmux.shows("2 of 2 frames")
    assert tmux.screen().count('"hello from tmux"') == 2

    tmux.press("Escape")
    # What comes right behind an escape is taken for a key with Alt, by any terminal.
    wait_for(lambda: "send: " not in tmux.screen(), timeout=20)
    tmux.type("/dir:in")
    tmux.shows("1 of 2 frames")
    tmux.press("Enter", "q")
    wait_for(lambda: tmux.status.exists() and tmux.status.read_text() == "0\n", 20)
