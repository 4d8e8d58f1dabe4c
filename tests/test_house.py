"""The house rules that no linter knows: size, names, exports, a test module for each module."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import wskit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wskit"
LONGEST_FILE = 420
NAMELESS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
# To parse every file takes seconds.
OPENING = re.compile(r'(?:#.*\n)*r?"""(.+?)(?:"""|\n)')
UNFINISHED = re.compile(r"TO[D]O|FIX[M]E|NotImplemented[E]rror|[#] type: ignore(?!\[)")
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:work|farm|root|home/\w+|tmp/bash_jobs)/")

# Modules without a test module of their own name, and why.
TESTED_ELSEWHERE = {
    "wskit/__main__.py": "two lines; tests/cli starts it",
}


@cache
def tracked_files() -> list[Path]:
    """Give what git tracks or would track; every file that is not hidden, outside a repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return sorted(name for name in set(names) if (ROOT / name).is_file())


def python_files() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py"]


def modules() -> dict[str, ModuleType]:
    """Import every module of wskit and give them by name."""
    paths = [path.with_suffix("") for path in python_files() if path.parts[0] == "wskit"]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    return {name: importlib.import_module(name) for name in names if name != "wskit.__main__"}


def test_the_sources_were_found() -> None:
    assert Path("wskit/__init__.py") in python_files()
    assert Path("tests/test_house.py") in python_files()


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text()


class TestEachFile:
    def test_has_one_responsibility(self) -> None:
        assert not [p for p in python_files() if len(text(p).splitlines()) > LONGEST_FILE]

    def test_opens_with_a_docstring(self) -> None:
        for path in python_files():
            first = OPENING.match(text(path))
            assert first, f"{path}: the first line says what the file is"
            assert first[1].endswith((".", ":", "?")), f"{path}: its first line is a sentence"

    def test_has_a_name_that_says_what_it_is(self) -> None:
        nameless = [
            p for p in python_files() if {part.removesuffix(".py") for part in p.parts} & NAMELESS
        ]
        assert not nameless

    def test_is_finished(self) -> None:
        found = {path: UNFINISHED.findall(text(path)) for path in python_files()}
        assert not {path: marks for path, marks in found.items() if marks}


def test_no_test_sleeps_for_a_fixed_time() -> None:
    """A wait has a condition and a deadline: `tests.deadlines.wait_for`."""
    for path in python_files():
        if path.parts[0] == "tests" and "sleep" in text(path):
            calls = [
                node.func for node in ast.walk(ast.parse(text(path))) if isinstance(node, ast.Call)
            ]
            assert not {"sleep", "time.sleep"} & set(map(ast.unparse, calls)), path


def test_every_exported_name_is_there() -> None:
    # That each `__all__` is sorted is ruff's part (RUF022).
    for name, module in modules().items():
        exported = getattr(module, "__all__", None)
        assert exported is not None, f"{name} has no __all__"
        assert len(exported) == len(set(exported)), f"{name} exports a name twice"
        missing = [each for each in exported if not hasattr(module, each)]
        assert not missing, f"{name} exports what it has not: {missing}"


def test_a_public_name_means_one_thing() -> None:
    """No other module exports another object under a name that `wskit` exports."""
    assert list(wskit.__all__) == sorted(wskit.__all__)
    for public in wskit.__all__:
        owners: dict[int, list[str]] = {}
        for name, module in modules().items():
            if public in module.__all__:
                owners.setdefault(id(getattr(module, public)), []).append(name)
        assert len(owners) == 1, f"{public} is several things: {sorted(owners.values())}"
        assert public in dir(wskit)


def test_star_import_gives_the_public_names_only() -> None:
    namespace: dict[str, object] = {}
    exec("from wskit import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(wskit.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        wskit.no_such_name  # noqa: B018


def sources() -> list[Path]:
    """Give the modules that hold code: all but the `__init__` that only gather names."""
    paths = [path for path in python_files() if path.parts[0] == "wskit"]
    return [path for path in paths if path.name != "__init__.py"]


def test_tests_mirror_sources() -> None:
    """`wskit/a/b.py` is tested by `tests/a/test_b.py`, `tests/a/test_b_*.py` or in `tests/a/b/`."""
    for source in sources():
        folder = ROOT / "tests" / Path(*source.parts[1:-1])
        found = [folder / f"test_{source.name}", *folder.glob(f"test_{source.stem}_*.py")]
        found += (folder / source.stem).glob("test_*.py")
        tested = any(path.is_file() for path in found) or str(source) in TESTED_ELSEWHERE
        assert tested, f"{folder.relative_to(ROOT)} has no test of {source}"


def test_exceptions_are_still_needed() -> None:
    assert not [source for source in TESTED_ELSEWHERE if not (ROOT / source).is_file()]


def test_no_file_names_a_path_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        text = (ROOT / path).read_text(errors="replace")
        found += [f"{path}: {match[0]}" for match in MACHINE_PATH.finditer(text)]
    assert not found
