"""The load generator, compiled once, and how it is run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.bench.loading import Result
from tests.deadlines import scaled

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="session")
def environment() -> Iterator[ModuleType]:
    """Import the script of bench/, which is no package, that knows how to compile."""
    if sys.platform != "linux":
        pytest.skip("the generator needs epoll")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        environment = import_module("environment")
        try:
            environment.compiler()
        except environment.MissingTool as missing:
            pytest.skip(str(missing))
        yield environment


@pytest.fixture(scope="session")
def generator(environment: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program: Path = tmp_path_factory.mktemp("bench") / "load"
    command = environment.native_command("load", program)
    subprocess.run([*command, "-Wall", "-Wextra", "-Werror"], check=True)
    return program


@pytest.fixture
def load(generator: Path) -> Callable[..., tuple[int, Result]]:
    """Run the generator against a port, give its exit status and its result."""

    def run(port: int, *options: object) -> tuple[int, Result]:
        done = subprocess.run(
            [str(generator), "--port", str(port), "--warmup", "0", *map(str, options)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=scaled(30),
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture
def need(environment: ModuleType) -> Callable[[str], None]:
    """Skip what was compiled without a library."""

    def look(library: str) -> None:
        if not environment.has_library(library):
            pytest.skip(f"no headers for {library}")

    return look
