"""Plants a bug in a module of wskit that has been imported, for the time of one test."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import FunctionType

import pytest

from wskit.testing.builds import compiled_modules

__all__ = ["plant"]


def plant(monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str) -> None:
    """Make ``new`` of ``old``, which is once in the source of ``module``, where functions run.

    Each function keeps its identity and gets other code, so that every importer has the bug.
    """
    if module in compiled_modules():
        pytest.skip("compiled functions have no other code to get")
    real = importlib.import_module(module)
    path = Path(inspect.getfile(real))
    source = path.read_text()
    assert source.count(old) == 1, f"{module} has {source.count(old)} times: {old}"
    changed: dict[str, object] = {"__name__": module, "__package__": module.rpartition(".")[0]}
    exec(compile(source.replace(old, new), str(path), "exec", dont_inherit=True), changed)
    planted = 0
    for name, value in changed.items():
        owner = getattr(real, name, None)
        if isinstance(value, FunctionType) and value.__module__ == module:
            planted += _swap(monkeypatch, owner, value)
        elif isinstance(value, type) and value.__module__ == module:
            for attribute, function in vars(value).items():
                planted += _swap(monkeypatch, vars(owner).get(attribute), function)
    assert planted, "only constants differ"


def _swap(monkeypatch: pytest.MonkeyPatch, real: object, planted: object) -> int:
    if not isinstance(real, FunctionType) or not isinstance(planted, FunctionType):
        return 0
    if real.__code__.co_code == planted.__code__.co_code and _constants(real) == _constants(
        planted
    ):
        return 0
    monkeypatch.setattr(real, "__code__", planted.__code__)
    return 1


def _constants(function: FunctionType) -> list[str]:
    return [repr(each) for each in function.__code__.co_consts if not inspect.iscode(each)]
