"""The server on Node's `ws`, in a process of its own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.deadlines import scaled
from tests.examples.documents import ROOT
from tests.examples.frameworks.serving import LIMIT, Lost, Served

__all__ = ["Missing", "node_ws"]

SOURCES = ROOT / "tests" / "examples" / "node"


class Missing(Exception):
    """What this server needs is not on this machine; the text says what."""


@contextlib.contextmanager
def node_ws() -> Iterator[Served]:
    """Serve with `ws`, installed into a folder that goes with the server."""
    with tempfile.TemporaryDirectory(prefix="wskit-node-") as name:
        folder = Path(name)
        node = install(folder)
        program = [node, str(folder / "server.js"), str(LIMIT)]
        with subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                served = Served(f"ws://127.0.0.1:{int(process.stdout.readline())}")
                lines = process.stdout
                reader = threading.Thread(target=read, args=(lines, served.lost), name="node")
                reader.start()
                yield served
            finally:
                process.stdin.close()
                process.wait(scaled(10))
                reader.join(scaled(10))


def read(lines: Iterator[str], lost: Lost) -> None:
    """Put what the server prints into ``lost``."""
    for line in lines:
        lost.put(line.strip())


def install(folder: Path) -> str:
    """Install what package.json names into ``folder`` and return the program ``node``."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("no node or no npm on PATH")
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    command = [npm, "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=scaled(20))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        last = (error.stderr or b"").decode(errors="replace").strip().splitlines()[-1:]
        raise Missing(f"npm could not install ws: {' '.join(last) or error}") from error
    return node
