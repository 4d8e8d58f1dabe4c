"""Fuzzers: ours against wskit itself, against any server or client, and against other libraries.

The law of this package: whatever runs is bounded in count, rate and time, the same seed does the
same again, and a finding can be replayed by the one command printed beside it.
"""

__all__: list[str] = []
