"""What importing wskit costs: CPU time, and the modules that come along; in fresh interpreters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pytest_runs import uncounted

ROOT = Path(__file__).parents[1]

# No part of the library needs these; ssl waits until something asks for TLS.
NEVER = {"asyncio", "click", "hypothesis", "pytest", "rich", "textual"}
LAZY = NEVER | {"ssl"}
LIGHT = ("h11", "zlib_ng")
HEAVY = (
    *LIGHT,
    "click",
    "hypothesis.strategies",
    "pytest",
    "rich",
    "textual.app",
    "textual.widgets",
)
TOOLS = ("wskit.cli", "wskit.fuzzing", "wskit.testing", "wskit.trace", "wskit.tui")

# Imports each module after "--", alone, in a fork of an interpreter that has imported nothing of
# wskit, but what is named before. Prints a line for each: its name, the modules that are loaded
# then, and the traceback if it fails.
IMPORT_EACH_ALONE = """
import importlib, json, os, sys, traceback
there = sys.argv.index("--")
for library in sys.argv[1:there]:
    importlib.import_module(library)
assert not [name for name in sys.modules if name.startswith("wskit")]
for name in sys.argv[there + 1:]:
    read, write = os.pipe()
    if not (pid := os.fork()):
        failed = ""
        try:
            importlib.import_module(name)
        except BaseException:
            failed = traceback.format_exc()
        os.write(write, json.dumps([sorted(sys.modules), failed]).encode())
        os._exit(0)
    os.close(write)
    with open(read) as answer:
        print(json.dumps([name, *json.load(answer)]))
    os.waitpid(pid, 0)
"""


def run_python(code: str, *args: str) -> str:
    """Run ``code`` in a fresh interpreter, warnings as errors, and give what it prints."""
    # Coverage would measure the child too, and so import itself there.
    env = uncounted()
    env["HYPOTHESIS_NO_PLUGINS"] = "1"  # one of which is ours
    command = [sys.executable, "-W", "error", "-c", code, *args]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout


def module_names() -> list[str]:
    """Give every module but `__main__`, which is run, not imported."""
    paths = sorted((ROOT / "wskit").rglob("*.py"))
    parts = [path.relative_to(ROOT).with_suffix("").parts for path in paths]
    parts = [each for each in parts if each[-1] != "__main__"]
    return [".".join(each).removesuffix(".__init__") for each in parts]


@pytest.fixture(scope="module")
def alone() -> dict[str, tuple[set[str], str]]:
    """Give what each module loads when it is imported alone, and how that fails."""
    tools = [name for name in module_names() if name.startswith(TOOLS)]
    others = [name for name in module_names() if not name.startswith(TOOLS)]
    # What they may import of others is imported once for all of them.
    printed = run_python(IMPORT_EACH_ALONE, *HEAVY, "--", *tools)
    printed += run_python(IMPORT_EACH_ALONE, *LIGHT, "--", *others)
    lines = map(json.loads, printed.splitlines())
    return {name: (set(loaded), failed) for name, loaded, failed in lines}


def test_each_module_imports_alone(alone: dict[str, tuple[set[str], str]]) -> None:
    assert sorted(alone) == sorted(module_names())
    for name, (loaded, failed) in alone.items():
        assert not failed, f"{name}: {failed}"
        if not name.startswith(TOOLS):
            # What the plugin of pytest may cost besides is in test_pytest_plugin.py.
            never = NEVER - {"pytest"} if name == "wskit.pytest_plugin" else NEVER
            assert not never & loaded, f"{name} imports {never & loaded}"


def test_import_wskit_loads_no_dependency() -> None:
    assert not (LAZY | {"h11"}) & set(run_python("import sys, wskit\nprint(*sys.modules)").split())


def test_every_public_name_can_be_used_without_the_tools() -> None:
    code = "import sys, wskit\nfor name in wskit.__all__: getattr(wskit, name)\nprint(*sys.modules)"
    assert not LAZY & set(run_python(code).split())


def test_import_wskit_takes_at_most_40_ms_of_cpu() -> None:
    """CPU time, and the least of several rounds: neither a busy machine nor a cold disk counts."""
    clock = "import time; print(time.process_time())"
    empty, with_wskit = [], []
    for _ in range(7):
        empty.append(float(run_python(clock)))
        with_wskit.append(float(run_python(f"import wskit; {clock}")))
    assert min(with_wskit) - min(empty) <= 0.040
