"""Inspection: what happens in a process, for a tool in it or one that attaches from outside."""

from __future__ import annotations

from .observations import Observation

__all__ = ["Observation"]
