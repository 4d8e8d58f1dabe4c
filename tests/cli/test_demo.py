"""``wskit demo`` as ``make demo`` runs it: a few seconds of real traffic, exit code 0."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time

from tests.cli.processes import Command, environment, ran
from tests.deadlines import scaled


def test_it_shows_everything_within_80_columns() -> None:
    said = ran("demo")
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


def test_on_a_terminal_it_has_colours_and_takes_its_time() -> None:
    person, program = pty.openpty()
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "wskit", "demo"], stdout=program, env=environment()
    )
    os.close(program)
    shown = b""
    try:
        while chunk := os.read(person, 65536):
            shown += chunk
    except OSError:  # how a terminal ends on Linux
        pass
    finally:
        os.close(person)
        assert process.wait(scaled(20)) == 0
    assert b"\x1b[32m<- text  \x1b[0m" in shown
    assert time.monotonic() - began > 2


def test_ctrl_c_ends_it_at_once() -> None:
    with Command("demo") as command:
        assert command.line()
        command.interrupt()
        status, _, err = command.ended()
    assert status in (0, 130)  # 0 where it was quicker
    assert "Traceback" not in err


def test_it_has_no_arguments() -> None:
    assert ran("demo", "x").returncode == 2
