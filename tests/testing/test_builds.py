"""Which modules are compiled, and the twins that never are."""

from __future__ import annotations

import inspect
import os
from importlib import import_module
from types import FunctionType

import pytest

from wskit.protocol.opcodes import Side
from wskit.testing.builds import build, compiled_modules, hot_modules, pure


def test_the_build_that_was_asked_for_runs() -> None:
    """`make test-compiled` sets the variable: then nothing else is tested by mistake."""
    expected = os.environ.get("WSKIT_EXPECT_BUILD", build())
    assert build() == expected
    if expected == "compiled":
        assert compiled_modules() == hot_modules()


@pytest.mark.parametrize("name", hot_modules())
def test_a_module_is_what_it_is_said_to_be(name: str) -> None:
    is_source = inspect.getfile(import_module(name)).endswith(".py")
    assert is_source is (name not in compiled_modules())


@pytest.mark.parametrize("name", hot_modules())
def test_a_twin_is_plain_python_and_has_the_same_names(name: str) -> None:
    real, twin = import_module(name), pure(name)
    assert inspect.getfile(twin).endswith(".py")
    assert twin.__name__ == name.replace("wskit", "wskit_pure")
    assert twin.__all__ == real.__all__
    classes = [each for each in vars(twin).values() if inspect.isclass(each)]
    own = [each for each in classes if each.__module__ == twin.__name__]
    assert all(isinstance(f, FunctionType) for c in own for f in [vars(c).get("__init__")] if f)


def test_twins_import_twins() -> None:
    connection = pure("wskit.protocol.connection")
    assert connection.FrameParser is pure("wskit.protocol.parser").FrameParser
    assert pure("wskit.protocol.opcodes").Side is not Side
    assert pure("wskit").Conn is pure("wskit.conn").Conn


def test_there_is_no_twin_of_what_is_not_there() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"wskit_pure\.nothing"):
        pure("wskit.nothing")
