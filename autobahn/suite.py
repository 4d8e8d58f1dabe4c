"""Finding the real Autobahn|Testsuite on this machine, or making it.

First a Docker engine that answers; else CPython 2.7, in a virtualenv below .suite/. PYTHON27= names
an interpreter and skips Docker. Both run wstest through loopback_wstest.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from python27 import SuiteUnavailable, find_python27, make_virtualenv

__all__ = ["Suite", "SuiteUnavailable", "find_suite"]

HERE = Path(__file__).resolve().parent
WRAPPER = HERE / "loopback_wstest.py"
IMAGE = "crossbario/autobahn-testsuite:25.10.1"
CONTAINER_NUMBERS = count(1)


class Suite(ABC):
    """A way to run wstest."""

    @abstractmethod
    def command(self, directory: Path, *arguments: str) -> list[str]:
        """Return the command that runs wstest with ``arguments`` in ``directory``."""

    def cases(self) -> list[str]:
        """Ask the suite for the ids of all its cases; raises SuiteUnavailable where it fails."""
        try:
            listing = subprocess.run(
                self.command(HERE, "--list-cases"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or ["no message"])[-1]
            raise SuiteUnavailable(f"{self} does not list its cases: {reason}") from error
        except subprocess.TimeoutExpired as error:
            raise SuiteUnavailable(f"{self} does not list its cases in 120 s") from error
        return listing.stdout.split()


@dataclass(frozen=True)
class VirtualenvSuite(Suite):
    """wstest in a virtualenv of CPython 2.7."""

    python: Path

    def command(self, directory: Path, *arguments: str) -> list[str]:
        """Return the command; ``directory`` is where the caller starts it."""
        return [str(self.python), "-u", str(WRAPPER), *arguments]

    def __str__(self) -> str:
        """Say which interpreter it is."""
        return f"wstest of {self.python}"


@dataclass(frozen=True)
class DockerSuite(Suite):
    """wstest in a container on the host's network, so that 127.0.0.1 is the same at both ends."""

    docker: str

    def command(self, directory: Path, *arguments: str) -> list[str]:
        """Return the command; the container sees ``directory`` and nothing else of this machine."""
        name = f"wskit-autobahn-{os.getpid()}-{next(CONTAINER_NUMBERS)}"
        # -i: the container's standard input ends with ours, and the wrapper ends with it. The user
        # is ours, because the reports are written into a folder of ours.
        return [
            *(self.docker, "run", "--rm", "--init", "-i", "--name", name, "--network", "host"),
            *("--user", f"{os.getuid()}:{os.getgid()}"),
            *("--volume", f"{WRAPPER}:/loopback_wstest.py:ro"),
            *("--volume", f"{directory}:/run-here", "--workdir", "/run-here"),
            *(IMAGE, "python", "-u", "/loopback_wstest.py", *arguments),
        ]

    def __str__(self) -> str:
        """Say which image it is."""
        return f"wstest of the image {IMAGE}"


def find_suite() -> Suite:
    """Return a suite that can run; raises SuiteUnavailable, in one line, where there is none."""
    problems: list[str] = []
    if not os.environ.get("PYTHON27"):
        for docker in docker_engines(problems):
            return DockerSuite(docker)
    try:
        return VirtualenvSuite(make_virtualenv(find_python27(), HERE / ".suite"))
    except SuiteUnavailable as problem:
        raise SuiteUnavailable("; ".join([*problems, str(problem)])) from None


def docker_engines(problems: list[str]) -> Iterator[str]:
    """Yield the docker command if its engine answers and has the image, else note the problem."""
    docker = shutil.which("docker")
    if docker is None or not succeeds([docker, "info"], timeout=20):
        problems.append("no Docker engine answers")
    elif not (
        succeeds([docker, "image", "inspect", IMAGE], timeout=20)
        or succeeds([docker, "pull", "--quiet", IMAGE], timeout=900)
    ):
        problems.append(f"Docker cannot pull {IMAGE}")
    else:
        yield docker


def succeeds(command: Sequence[str], timeout: float) -> bool:
    """Tell whether ``command`` ends with exit code 0 within ``timeout`` seconds."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
