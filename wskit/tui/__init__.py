"""The inspector: frames in their context, searched, explained and shown.

The law of this package: what knows nothing of a screen (entries, connections, filters, decoders,
explanations) imports nothing of Textual, and is all that `wskit inspect --plain` and `--json` need.
"""

from __future__ import annotations

__all__: list[str] = []
