"""A pytest plugin for the hunt: a bug that was found need not be made small."""

from __future__ import annotations

from hypothesis import Phase, settings

__all__: list[str] = []

settings.register_profile("hunting", deadline=None, phases=[Phase.generate], database=None)
