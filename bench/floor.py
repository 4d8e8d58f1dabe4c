"""The speed floor: what `run.py --check` asserts, as ratios within one run."""

from __future__ import annotations

from limits import Limit

__all__ = ["FLOOR"]


def times(against: str, figure: str, factor: float) -> Limit:
    """Return the limit of ``factor`` times a peer at 100 connections and 32 bytes."""
    what = {"cpu_us": "messages per CPU second", "rate": "messages per second"}[figure]
    return Limit(
        text=f"echo100: wskit_event >= {factor:g} x {against}, {what}",
        work="echo100",
        server="wskit_event",
        figure=figure,
        against=(against,),
        at_least=factor,
    )


FLOOR = (
    times("websockets_sync", "cpu_us", 8.0),
    times("websockets_sync", "rate", 8.0),
    times("aiohttp_uvloop", "cpu_us", 0.95),
    times("aiohttp_uvloop", "rate", 0.95),
    Limit(
        text="idle: wskit_small_pool <= 4096 bytes of RSS a connection",
        work="idle",
        server="wskit_small_pool",
        figure="idle_bytes",
        at_most=4096,
    ),
)
