"""What a run needs first: the C tools compiled, the peers in an environment of their own."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["BENCH", "ROOT", "MissingTool", "compile_tool", "describe_machine", "peers_python"]

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent


class MissingTool(Exception):
    """Something that a run needs is not on this machine; the text says what."""


def compile_tool(name: str) -> Path:
    """Compile ``name``.c with ``cc -O2`` where it is newer than its program, and return that."""
    source, program = BENCH / f"{name}.c", BENCH / "build" / name
    if program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
        return program
    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler is None:
        raise MissingTool("no C compiler: install one, or name it with CC=")
    program.parent.mkdir(exist_ok=True)
    subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return program


def peers_python() -> Path:
    """Return the interpreter of ``bench/.peers``, made anew when requirements.txt changed."""
    home, requirements = BENCH / ".peers", BENCH / "requirements.txt"
    python, installed = home / "bin" / "python", home / "installed.txt"
    if installed.exists() and installed.read_text() == requirements.read_text():
        return python
    print(f"installing the peers into {home.relative_to(ROOT)}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([*pip, "--requirement", str(requirements)], check=True)
    except subprocess.CalledProcessError as error:
        raise MissingTool("the peers could not be installed, see pip's words above") from error
    shutil.copyfile(requirements, installed)
    return python


def describe_machine() -> dict[str, str | int]:
    """Say on what the figures were taken: without it they mean nothing."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": f"{os.getloadavg()[0]:.2f}",
    }
