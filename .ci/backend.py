"""The build backend: setuptools', which has Cython compile the modules that pyproject.toml names.

With WSKIT_PURE=1 in the environment nothing is compiled, and the wheel fits every platform.
"""

from __future__ import annotations

import os
import sysconfig

from setuptools import Distribution
from setuptools.build_meta import (  # noqa: F401 - what a backend has
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.build_ext import build_ext

DIRECTIVES = {
    "language_level": "3",
    "annotation_typing": False,  # annotations are for mypy, the .pxd beside a module is for C
    "nonecheck": True,  # what is None where it must not be raises AttributeError, as in Python
    "auto_pickle": False,  # connections cannot be copied, and say so
}

# What a Python without its global lock may run compiled: what belongs to one thread at a time, or
# to none. There the fields of other objects, which threads share, need the protection of Python.
FREE_THREADED = {
    f"wskit.protocol.{module}" for module in ("frames", "masking", "messages", "parser")
}

if os.environ.get("WSKIT_PURE") == "1":
    Distribution.has_ext_modules = lambda self: False


class Compile(build_ext):
    """Runs Cython on the modules; the C sources it makes stay out of the tree."""

    def finalize_options(self) -> None:
        """Say how every module is compiled."""
        super().finalize_options()
        self.cython_directives = DIRECTIVES
        self.cython_c_in_temp = True
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            self.cython_directives["freethreading_compatible"] = True
            self.extensions = [each for each in self.extensions if each.name in FREE_THREADED]

    def build_extensions(self) -> None:
        """Choose the options of the compiler, where it is one that has them.

        No symbols for debuggers, which would be four fifths of a wheel. And a method that a .pxd
        makes C's must not be passed as an object by another module: Cython would lose its self.
        """
        if self.compiler.compiler_type == "unix":
            for extension in self.extensions:
                extension.extra_compile_args += ["-g0", "-Werror=incompatible-pointer-types"]
        super().build_extensions()
