"""How a server is, in figures over the last minutes: rates, small charts, tables of its parts.

The law of this file: samples come when they come, from servers that start anew, and from files:
no gap, reset or clock that was set makes a rate that was not there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

from ..buffers import PoolStats
from ..events import Sample
from ..stats import ServerStats
from ..trace import columns, printable
from .handshakes import phrase
from .rows import size

__all__ = ["Rate", "rates", "series", "server_lines", "sparkline"]

_NUMBERS = {each.name for each in fields(ServerStats) if each.type == "int"}
_COUNTERS = ("messages_in", "messages_out", "bytes_in", "bytes_out")
_SHORTEST = 0.01  # seconds: in less than that a few messages look like thousands
_BLOCKS, _ASCII = "▁▂▃▄▅▆▇█", "_.-:=+*#"
_LABEL = 15  # columns before a chart
_FIGURE = 18  # columns behind it
_STATUSES = 20  # that are told one by one
_LEAST = 40  # columns of everything, however narrow the screen is


@dataclass(frozen=True, slots=True)
class Rate:
    """What passed each second in the ``seconds`` up to ``time`` (Unix seconds)."""

    time: float
    seconds: float
    messages_in: float
    messages_out: float
    bytes_in: float
    bytes_out: float


def rates(samples: Iterable[Sample]) -> list[Rate]:
    """Return the rates between ``samples`` of one server, oldest first.

    A counter that fell began anew at 0. Where the clock was set back there is no rate.
    """
    found = []
    for before, after in pairwise(_apart(samples)):
        seconds = after.time - before.time
        if seconds > 0:
            passed = (_passed(before.stats, after.stats, name) / seconds for name in _COUNTERS)
            found.append(Rate(after.time, seconds, *passed))
    return found


def series(
    samples: Iterable[Sample], name: str, *, end: float, span: float = 300.0, width: int
) -> list[float | None]:
    """Return ``width`` values of a figure over the ``span`` seconds before ``end``, a Unix time.

    ``name`` is a number of ServerStats: of messages and bytes it is the mean rate each second, of
    others the most there was. None stands for what no sample tells. Raises ValueError for a
    ``width`` or ``span`` not above 0, and for another name.
    """
    if width < 1 or not span > 0:
        raise ValueError(f"width and span: must be above 0, not {width} and {span}")
    if name in _COUNTERS:
        found = rates(samples)
        parts = [(each.time - each.seconds, each.time, getattr(each, name)) for each in found]
        return _means(parts, end - span, span / width, width)
    if name not in _NUMBERS:
        raise ValueError(f"name: {name!r} is no number of ServerStats")
    known = [(each.time, getattr(each.stats, name)) for each in samples]
    parts = [(begin, end, value) for (begin, value), (end, _) in pairwise(known)]
    parts += [(moment, moment, value) for moment, value in known[-1:]]
    return _most(parts, end - span, span / width, width)


def sparkline(
    values: Iterable[float | None], *, plain: bool = False, top: float | None = None
) -> str:
    """Return a chart with one character for each value, a blank for None; ``plain`` is ASCII.

    The highest block stands for ``top``, or the largest of ``values``; only 0 has the lowest.
    """
    values = list(values)
    most = max((value for value in values if value is not None), default=0.0)
    top = most if top is None else top
    levels = _ASCII if plain else _BLOCKS
    return "".join(" " if value is None else levels[_level(value, top)] for value in values)


def server_lines(
    samples: Iterable[Sample],
    *,
    now: float,
    width: int = 80,
    plain: bool = False,
    span: float = 300.0,
) -> list[str]:
    """Return everything about one server, of which ``samples`` are the last, oldest first.

    The charts show the ``span`` seconds before ``now``, a Unix time. No line is wider than
    ``width`` (40 or more) or has anything but printable characters, ASCII where it is ``plain``.
    """
    samples = list(samples)
    if not samples:
        return ["no figures came so far"]
    last, width = samples[-1], max(width, _LEAST)
    lines = [
        f"server {printable(last.server)}, {_age(now - last.time)}",
        "",
        *_charts(samples, now, width, plain, span),
        "",
        *_connections(last.stats),
        "",
        *_pools(last.stats),
        "",
        *_failures(last.stats),
    ]
    return [_cut(line, width, plain) for line in lines]


# -- samples -----------------------------------------------------------------------------------


def _apart(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Leave out those that came at the same time as the one before, about."""
    last = -math.inf
    for sample in samples:
        if not 0 <= sample.time - last < _SHORTEST:
            last = sample.time
            yield sample


def _passed(before: ServerStats, after: ServerStats, name: str) -> int:
    old: int = getattr(before, name)
    new: int = getattr(after, name)
    return new - old if new >= old else new


def _means(
    parts: Iterable[tuple[float, float, float]], start: float, step: float, width: int
) -> list[float | None]:
    """Return the mean of each step; ``parts`` have where they begin and end, and their height."""
    sums, covered = [0.0] * width, [0.0] * width
    for begin, end, height in parts:
        for at in _steps(begin, end, start, step, width):
            seconds = min(end, start + (at + 1) * step) - max(begin, start + at * step)
            if seconds > 0:
                sums[at] += height * seconds
                covered[at] += seconds
    pairs = zip(sums, covered, strict=True)
    return [each / seconds if seconds else None for each, seconds in pairs]


def _most(
    parts: Iterable[tuple[float, float, float]], start: float, step: float, width: int
) -> list[float | None]:
    found: list[float | None] = [None] * width
    for begin, end, height in parts:
        for at in _steps(begin, end, start, step, width):
            known = found[at]
            found[at] = height if known is None else max(known, height)
    return found


def _steps(begin: float, end: float, start: float, step: float, width: int) -> range:
    """Return which steps the time from ``begin`` to ``end`` touches."""
    if end < start or begin > start + width * step:
        return range(0)
    first = max(int((begin - start) // step), 0)
    return range(min(first, width - 1), min(int((end - start) // step), width - 1) + 1)


def _level(value: float, top: float) -> int:
    if value <= 0 or top <= 0:
        return 0
    return min(max(math.ceil(value / top * 7), 1), 7)


# -- lines -------------------------------------------------------------------------------------


def _charts(
    samples: list[Sample], now: float, width: int, plain: bool, span: float
) -> Iterator[str]:
    room = width - _LABEL - _FIGURE
    yield f"{'':{_LABEL}}{f'the last {span:.0f} s':<{room}} {'now':>7} {'most':>8}"
    for title, name in (
        ("messages/s in", "messages_in"),
        ("messages/s out", "messages_out"),
        ("bytes/s in", "bytes_in"),
        ("bytes/s out", "bytes_out"),
        ("connections", "connections"),
        ("threads busy", "threads_busy"),
        ("backlog", "queue_depth"),
        ("bytes queued", "queued"),
    ):
        values = series(samples, name, end=now, span=span, width=room)
        known = [value for value in values if value is not None]
        newest = _newest(samples, name)
        most = _figure(max(known)) if known else ""
        top = samples[-1].stats.threads if name == "threads_busy" else None
        chart = sparkline(values, plain=plain, top=top)
        yield f"{title:<{_LABEL}}{chart} {newest:>7} {most:>8}"


def _newest(samples: list[Sample], name: str) -> str:
    if name not in _COUNTERS:
        return _figure(getattr(samples[-1].stats, name))
    found = rates(samples[-3:])
    return _figure(getattr(found[-1], name)) if found else ""


def _figure(value: float) -> str:
    if 0 < value < 100 and value != int(value):
        return f"{value:.1f}"
    return size(round(value))


def _connections(stats: ServerStats) -> Iterator[str]:
    for label, value in (
        ("connections", f"{stats.connections:,} open, {stats.connections_total:,} since the start"),
        ("handshakes", f"{stats.handshakes_pending:,} pending"),
        ("messages", f"{stats.messages_in:,} in, {stats.messages_out:,} out"),
        ("bytes", f"{stats.bytes_in:,} in, {stats.bytes_out:,} out, {stats.queued:,} queued"),
        ("threads", f"{stats.threads_busy:,} busy of {stats.threads:,}"),
        ("backlog", f"{stats.queue_depth:,} ready and without a thread"),
        ("compression", f"{stats.compression_bytes:,} bytes of memory"),
    ):
        yield f"{label:<{_LABEL}}{value}"


def _pools(stats: ServerStats) -> Iterator[str]:
    titles = ("SIZE", "COUNT", "IN USE", "MOST", "HITS", "MISSES", "DYNAMIC", "BYTES")
    yield f"{'BUFFERS':<8}{''.join(f'{title:>8}' for title in titles)}"
    for name, pool in (("small", stats.small_buffers), ("large", stats.large_buffers)):
        yield f"{name:<8}{''.join(f'{size(value):>8}' for value in _pool(pool))}"


def _pool(pool: PoolStats) -> tuple[int, ...]:
    return (
        pool.size,
        pool.count,
        pool.in_use,
        pool.high_water,
        pool.hits,
        pool.misses,
        pool.dynamic,
        pool.dynamic_bytes,
    )


def _failures(stats: ServerStats) -> Iterator[str]:
    failures = stats.handshake_failures
    if not failures:
        yield "no handshake failed"
        return
    yield f"handshakes failed: {sum(failures.values()):,}"
    often = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    for status, count in often[:_STATUSES]:
        words = phrase(status) if status else "no answer was sent"
        yield f"{count:>8,}  {status or '':>3} {words}".rstrip()
    if len(often) > _STATUSES:
        yield f"{'':8}  and {len(often) - _STATUSES:,} more statuses"


def _age(seconds: float) -> str:
    return "now" if seconds < 5 else f"as it was {seconds:,.0f} s ago"


def _cut(line: str, width: int, plain: bool) -> str:
    if plain:
        line = line.encode("ascii", "backslashreplace").decode()
    while columns(line) > width:
        line = line[:-1] if len(line) <= width else line[:width]
    return line
