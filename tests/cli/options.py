"""The options of commands as they are when the command line has none."""

from __future__ import annotations

from typing import cast

from wskit.cli.inspect import InspectOptions, command

__all__ = ["inspect_options"]


def inspect_options(**changes: object) -> InspectOptions:
    """Give what ``wskit inspect`` is given without options, but for ``changes``."""
    defaults = command.make_context("inspect", []).params
    assert changes.keys() <= defaults.keys()
    return cast("InspectOptions", {**defaults, **changes})
