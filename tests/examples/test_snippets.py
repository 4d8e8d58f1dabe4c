"""Every snippet of README.md and docs/ does what it shows; `documents.py` has the conventions."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from tests.examples.documents import (
    PYTEST,
    PYTHON,
    ROOT,
    Block,
    Scene,
    blocks_of,
    documents,
    scenes_of,
)
from tests.pytest_runs import uncounted

# In the documents it is 9882, wskit's own; here any free one, so that runs do not meet.
SHOWN_PORT = "9882"
KINDS = PYTHON | PYTEST | {"sh", "toml", "text"}

FOUND = [path for path in documents() if path.is_file()]
SCENES = [scene for path in FOUND for scene in scenes_of(path)]
BLOCKS = [block for path in FOUND for block in blocks_of(path)]


def test_the_documents_show_what_they_must() -> None:
    """Else all below would pass where nothing is found."""
    assert {"README.md", "docs/design.md"} <= {str(path.relative_to(ROOT)) for path in FOUND}
    readme = {block.kind for block in BLOCKS if block.document == ROOT / "README.md"}
    assert {"python server", "python client", "sh"} <= readme


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.kind in KINDS, f"{block}: nobody checks a block of this kind"
    if block.kind == "toml":
        tomllib.loads(block.text)


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_the_programs_run(scene: Scene, tmp_path: Path) -> None:
    if scene.program.kind == "python":
        run_to_the_end(scene.program, free_port(), tmp_path)
        return
    port = free_port()
    with serving(scene.program, port, tmp_path):
        for client in scene.clients:
            run_to_the_end(client, port, tmp_path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def start(block: Block, port: int, folder: Path) -> subprocess.Popen[str]:
    """Start a snippet in an interpreter of its own, with a free port in place of the shown one."""
    program = folder / f"line_{block.line}.py"
    program.write_text(block.text.replace(SHOWN_PORT, str(port)))
    return subprocess.Popen(
        [sys.executable, "-W", "error", program.name],
        cwd=folder,
        env={**uncounted(), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Give what a process wrote to stderr once it has ended, or kill it at the deadline."""
    with process:
        try:
            return process.communicate(timeout=scaled(60))[1]
        except subprocess.TimeoutExpired:
            process.kill()
            return f"did not end within {scaled(60):g} s\n{process.communicate()[1]}"


def run_to_the_end(block: Block, port: int, folder: Path) -> None:
    process = start(block, port, folder)
    complaint = finish(process)
    assert (process.returncode, complaint) == (0, ""), f"{block}: {complaint}"


@contextmanager
def serving(block: Block, port: int, folder: Path) -> Iterator[None]:
    """Have a server snippet listening for a while, then end it as a person would: with Ctrl-C."""
    assert SHOWN_PORT in block.text, f"{block}: a server snippet says its port, {SHOWN_PORT}"
    process = start(block, port, folder)
    try:
        wait_for(lambda: listens(port) or process.poll() is not None, 10, f"{block} listens")
        assert process.poll() is None, f"{block}: it ended at once"
        yield
        process.send_signal(signal.SIGINT)
    except BaseException as exc:
        process.kill()
        exc.add_note(finish(process))
        raise
    complaint = finish(process)
    # A program that does not catch KeyboardInterrupt dies of SIGINT, which a shell calls 130.
    assert process.returncode in (0, 130, -signal.SIGINT), f"{block}: {complaint}"
    last = complaint.strip().rpartition("\n")[2]
    assert last in ("", "KeyboardInterrupt"), f"{block}: {complaint}"


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
