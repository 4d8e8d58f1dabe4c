"""What ``wskit fuzz --self`` feeds: the parts of wskit, each with the checks that apply to it."""

from __future__ import annotations

from importlib import import_module

from .target import Target

__all__ = ["NAMES", "Target", "make_target"]

NAMES = ("parser", "assembler", "deflate", "handshake", "protocol", "client", "server")


def make_target(name: str) -> Target:
    """Return a new target; ``name`` is one of NAMES. It must be closed."""
    target: Target = import_module(f".{name}", __name__).target()
    return target
