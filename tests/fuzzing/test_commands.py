"""A client as a command."""

from __future__ import annotations

import shlex
import signal
import sys

import pytest

from tests.deadlines import scaled, wait_for
from wskit.fuzzing.commands import Command, arguments


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_where_the_url_goes() -> None:
    assert arguments("a -b {url} c", "ws://x") == ["a", "-b", "ws://x", "c"]
    assert arguments("a --url={url}", "ws://x") == ["a", "--url=ws://x"]
    assert arguments("a 'b c'", "ws://x") == ["a", "b c", "ws://x"]


@pytest.mark.parametrize("line", ["", "  ", "'"])
def test_no_command(line: str) -> None:
    with pytest.raises(ValueError, match=r"empty|quotation"):
        arguments(line, "ws://x")


def test_its_life() -> None:
    command = Command(python("input()"), "ws://x")
    assert (command.running, command.pid, command.killed_by) == (False, None, "")
    command.start()
    first = command.pid
    assert command.running
    command.start()
    assert command.pid not in (None, first)
    command.end()
    command.end()
    assert not command.running


def test_the_url_is_its_last_argument() -> None:
    command = Command(python("import sys; sys.exit(sys.argv[-1] != 'ws://x')"), "ws://x")
    command.start()
    wait_for(lambda: not command.running, scaled(10))
    assert command.killed_by == ""
    command.end()


def test_a_signal_that_ended_it() -> None:
    command = Command(python("import os; os.kill(os.getpid(), 9)"), "ws://x")
    command.start()
    wait_for(lambda: not command.running, scaled(10))
    assert command.killed_by == signal.SIGKILL.name
    command.end()


def test_one_that_does_not_want_to_end() -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    command = Command(python(code), "ws://x")
    command.start()
    command.end()
    assert command.pid is None


def test_a_command_that_is_none() -> None:
    with pytest.raises(OSError, match="no-such-command"):
        Command("no-such-command", "ws://x").start()
