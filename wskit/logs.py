"""The loggers of wskit: silent unless the application configures logging."""

from __future__ import annotations

import logging

__all__ = ["logger"]

# Without a handler of its own the logging module would print warnings to stderr.
logging.getLogger("wskit").addHandler(logging.NullHandler())


def logger(name: str) -> logging.Logger:
    """Return the logger ``wskit.name``."""
    return logging.getLogger(f"wskit.{name}")
