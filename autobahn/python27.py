"""CPython 2.7, which wstest needs: finding it, and a virtualenv of it that has wstest."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["SuiteUnavailable", "find_python27", "make_virtualenv"]

REQUIREMENTS = Path(__file__).resolve().with_name("requirements-py27.txt")

# The last virtualenv that makes environments of 2.7, with what it was tried with. It carries the
# last pip for 2.7, so nothing but wstest and its closure is downloaded for 2.7.
VIRTUALENV = ("virtualenv==20.21.1", "distlib==0.4.0", "filelock<4", "platformdirs<4")

# These are C and need a compiler and the headers of that 2.7. The verdicts are the same without
# them, only later.
COMPILED = ("wsaccel", "ujson")

# Seconds for one step of making the virtualenv; all its downloads are one step.
STEP_TIMEOUT = 900

PROBE = (
    "import platform, ssl, sys, zlib; "
    "sys.exit(platform.python_implementation() != 'CPython' or sys.version_info[:2] != (2, 7))"
)


class SuiteUnavailable(Exception):
    """The suite cannot run on this machine; the text is one line that says why."""


def find_python27() -> Path:
    """Return a CPython 2.7 with ssl and zlib: PYTHON27=, else on PATH, else of pyenv.

    Raises SuiteUnavailable where there is none.
    """
    named = os.environ.get("PYTHON27")
    if named:
        path = shutil.which(named)
        if path is None or not is_python27(Path(path)):
            raise SuiteUnavailable(f"PYTHON27={named} is no CPython 2.7 with ssl and zlib")
        return Path(path)
    for candidate in candidates():
        if is_python27(candidate):
            return candidate
    raise SuiteUnavailable("no CPython 2.7 found (PYTHON27=, python2.7 on PATH, pyenv)")


def candidates() -> Iterator[Path]:
    """Yield where a CPython 2.7 may be, the newest of pyenv first."""
    on_path = shutil.which("python2.7")
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/2.7*/bin/python2.7"), reverse=True)


def is_python27(path: Path) -> bool:
    """Tell whether ``path`` runs and is what wstest needs."""
    try:
        probe = subprocess.run([path, "-c", PROBE], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def make_virtualenv(python27: Path, directory: Path) -> Path:
    """Return the interpreter of a virtualenv that has wstest, made in ``directory`` if need be.

    One that was made completely, with the same requirements and interpreter, is used again.
    """
    directory.mkdir(exist_ok=True)
    environment, ready = directory / "python2.7", directory / "ready"
    recipe = f"{python27}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_text(encoding="utf-8") != recipe:
            ready.unlink(missing_ok=True)
            print(f"making the suite's virtualenv of {python27} in {directory}", file=sys.stderr)
            install(python27, environment, directory)
            ready.write_text(recipe, encoding="utf-8")
    return environment / "bin" / "python"


def install(python27: Path, environment: Path, directory: Path) -> None:
    """Make ``environment`` anew and put wstest into it; the log is in ``directory``."""
    bootstrap = directory / "bootstrap"
    with (directory / "install.log").open("w", encoding="utf-8") as log:

        def run(*command: str | Path, optional: bool = False) -> None:
            log.write(f"$ {' '.join(map(str, command))}\n")
            log.flush()
            try:
                subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    timeout=STEP_TIMEOUT,
                    check=not optional,
                )
            except (OSError, subprocess.SubprocessError) as error:
                problem = f"the suite's virtualenv cannot be made, see {log.name}"
                raise SuiteUnavailable(problem) from error

        run(sys.executable, "-m", "venv", "--clear", bootstrap)
        run(bootstrap / "bin" / "pip", "install", *VIRTUALENV)
        app_data = ("--app-data", directory / "app-data")
        seeds = ("--clear", "--no-download", *app_data)
        run(bootstrap / "bin" / "virtualenv", *seeds, "-p", python27, environment)
        pure, compiled = requirements()
        (directory / "pure.txt").write_text("\n".join(pure), encoding="utf-8")
        pip = (environment / "bin" / "pip", "install", "--no-deps", "--no-build-isolation")
        run(*pip, "-r", directory / "pure.txt")
        for requirement in compiled:
            run(*pip, requirement, optional=True)


def requirements() -> tuple[list[str], list[str]]:
    """Return the pinned requirements, without and with those that need a compiler."""
    lines = [line.strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    compiled = [pin for pin in pins if pin.partition("==")[0] in COMPILED]
    return [pin for pin in pins if pin not in compiled], compiled
