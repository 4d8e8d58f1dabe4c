"""The build backend: setuptools', which compiles the modules that pyproject.toml names.

With WSKIT_PURE=1 in the environment it compiles nothing, and wheels fit every platform.
"""

from __future__ import annotations

import os

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

if os.environ.get("WSKIT_PURE") == "1":
    Distribution.has_ext_modules = lambda self: False


class Compile(build_ext):
    """Runs Cython on the modules; the C sources it makes stay out of the tree."""

    def finalize_options(self) -> None:
        """Say how every module is compiled."""
        super().finalize_options()
        self.cython_directives = DIRECTIVES
        self.cython_c_in_temp = True
