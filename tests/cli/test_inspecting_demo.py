"""``wskit inspect --demo`` as ``make demo`` runs it: lines and a table, or a screen."""

from __future__ import annotations

import re
import shlex
import sys

import pexpect

from tests.cli.processes import Command, environment, ran
from tests.deadlines import scaled


def test_without_a_terminal_it_shows_everything_within_80_columns() -> None:
    said = ran("inspect", "--demo")
    assert (said.returncode, said.stderr) == (0, b"")
    lines = said.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert re.match(r"A server on ws://127\.0\.0\.1:\d+/ and four clients\.\n", text)
    for wanted in (
        '<- text   FIN      MASK     14        "Hello, wörld!"',
        "<- binary FIN ",
        "<- cont            MASK",
        '-> pong   FIN               12        "still there?"',
        "<- text   FIN RSV1 MASK",
        "mallory got 403: not on the list",
        "-> close  FIN               44        1002 ",
        '<- close  FIN      MASK     14        4001 "gone fishing"',
        '-> close  FIN               14        1001 "closing time"',
        "\nConnections\n",
        "1 refused with 403",
        "\nBuffers\n",
    ):
        assert wanted in text, wanted


def test_ctrl_c_ends_the_lines_at_once() -> None:
    with Command("inspect", "--demo") as command:
        assert command.line()
        command.interrupt()
        status, _, err = command.ended()
    assert status in (0, 130)  # 0 where it was quicker
    assert "Traceback" not in err


def test_on_a_terminal_it_is_a_screen_with_frames_and_the_inside_of_the_server() -> None:
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"exec {shlex.quote(sys.executable)} -m wskit inspect --demo"],
        env=environment(TERM="xterm-256color"),
        dimensions=(30, 100),
        timeout=scaled(20),
        encoding="utf-8",
    )
    try:
        child.expect("jsonrpc")
        child.send("4")
        child.expect("messages/s")
        child.send("q")
        child.expect(pexpect.EOF)
        assert "Traceback" not in child.before
    finally:
        child.close()
    assert child.exitstatus == 0


def test_its_frames_can_be_counted_as_any_others() -> None:
    said = ran("inspect", "--demo", "--plain", "--count", "12", "--filter", "op:text")
    assert (said.returncode, said.stderr) == (0, b"")
    heading, *lines = said.stdout.decode().splitlines()
    assert heading.split()[0] == "TIME"
    assert len(lines) == 12
