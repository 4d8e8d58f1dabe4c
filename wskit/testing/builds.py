"""Which build of wskit runs, and its pure twin: the same modules as plain Python beside it.

The hot modules are those with a ``.py`` and a ``.pxd``. A compiled one is a shared object beside
its ``.py``, which Python then imports; the twin, the package ``wskit_pure``, has the ``.py`` alone.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

__all__ = ["build", "compiled_modules", "hot_modules", "pure"]

_PACKAGE = Path(__file__).parents[1]
_TWIN = "wskit_pure"


@cache
def hot_modules() -> tuple[str, ...]:
    """Return the names of the modules that can be compiled, such as "wskit.conn"."""
    paths = sorted(path for path in _PACKAGE.rglob("*.pxd") if path.with_suffix(".py").exists())
    return tuple(
        ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts) for path in paths
    )


@cache
def compiled_modules() -> tuple[str, ...]:
    """Return the names of those that are."""
    return tuple(filter(_is_compiled, hot_modules()))


def build() -> str:
    """Return "compiled", "pure", or "partly compiled" where some modules could not be."""
    count = len(compiled_modules())
    if not count:
        return "pure"
    return "compiled" if count == len(hot_modules()) else "partly compiled"


def pure(module: str) -> ModuleType:
    """Return the twin of ``module``, such as "wskit.conn": its source, run once more as Python.

    Twins import twins: their classes, errors and enums are other ones than those of wskit.
    """
    if not any(isinstance(finder, _Sources) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Sources())
    return import_module(_TWIN + module.removeprefix("wskit"))


def _is_compiled(name: str) -> bool:
    path = _PACKAGE.parent.joinpath(*name.split("."))
    return any(path.with_name(path.name + suffix).exists() for suffix in EXTENSION_SUFFIXES)


class _Sources:
    """Finds the modules of the twin."""

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, *parts = name.split(".")
        if top != _TWIN:
            return None
        place = _PACKAGE.joinpath(*parts)
        if place.is_dir():
            file, inside = place / "__init__.py", [str(place)]
        else:
            file, inside = place.with_suffix(".py"), None
        if not file.exists():
            return None
        loader = SourceFileLoader(name, str(file))
        return spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)
