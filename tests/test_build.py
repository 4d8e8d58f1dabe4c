"""Sources, types and the list of what is compiled belong together; nothing is lost on the way."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from types import MemberDescriptorType

import pytest

from wskit.testing.builds import build, compiled_modules, hot_modules

ROOT = Path(__file__).parents[1]
EXTENSIONS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"][
    "ext-modules"
]


def cdef_classes(module: str) -> list[str]:
    """Return the classes of which the .pxd of ``module`` gives the attributes."""
    lines = (ROOT / (module.replace(".", "/") + ".pxd")).read_text().splitlines()
    words = [line.split() for line in lines if line.startswith("cdef class ")]
    return [each[2].rstrip(":").partition("(")[0] for each in words]


def test_what_is_compiled_has_a_pxd_and_the_other_way_round() -> None:
    names = [each["name"] for each in EXTENSIONS]
    names.remove("wskit.native")  # C alone; see wskit/primitives.py
    assert names == list(hot_modules())
    for each in EXTENSIONS:
        suffix = ".pyx" if each["name"] == "wskit.native" else ".py"
        assert each["sources"] == [each["name"].replace(".", "/") + suffix]
        assert (ROOT / each["sources"][0]).is_file()
        assert each["optional"] is True  # without a compiler the .py does the work


def test_the_sources_are_plain_python() -> None:
    for path in (ROOT / "wskit").rglob("*.py"):
        assert "cython" not in path.read_text().lower(), path


@pytest.mark.skipif(build() == "pure", reason="needs the compiled build")
def test_the_types_were_used() -> None:
    """Compiled without its .pxd a module is slower than as Python: its classes stay Python's."""
    for module in compiled_modules():
        for name in cdef_classes(module):
            members = vars(getattr(import_module(module), name))
            assert "__dict__" not in members, name
            kinds = {type(each) for each in members.values()}
            assert MemberDescriptorType not in kinds, name
