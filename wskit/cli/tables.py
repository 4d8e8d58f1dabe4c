"""The tables at the end of ``wskit demo``: connections and buffer pools, drawn with rich."""

from __future__ import annotations

import io
from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from ..conn import Conn
from ..stats import ServerStats

__all__ = ["drawn"]


def drawn(conns: Mapping[str, Conn], stats: ServerStats, *, width: int, colour: bool) -> list[str]:
    """Return the lines of both tables, at most ``width`` columns wide."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(_connections(conns, stats), "", _pools(stats), sep="\n")
    return [line.rstrip() for line in capture.get().splitlines()]


def _connections(conns: Mapping[str, Conn], stats: ServerStats) -> Table:
    table = _table("Connections", "", "messages in", "out", "bytes in", "out", "closed with")
    for name, conn in conns.items():
        counts = conn.stats()
        _row(
            table,
            name,
            counts.messages_in,
            counts.messages_out,
            counts.bytes_in,
            counts.bytes_out,
            str(conn.close_code),
        )
    table.add_section()
    refused = ", ".join(f"{n} refused with {s}" for s, n in stats.handshake_failures.items())
    _row(
        table,
        "all",
        stats.messages_in,
        stats.messages_out,
        stats.bytes_in,
        stats.bytes_out,
        refused,
    )
    return table


def _pools(stats: ServerStats) -> Table:
    table = _table("Buffers", "", "size", "pooled", "in use", "most", "hits", "misses", "made")
    for name, pool in (("small", stats.small_buffers), ("large", stats.large_buffers)):
        _row(
            table,
            name,
            pool.size,
            pool.count,
            pool.in_use,
            pool.high_water,
            pool.hits,
            pool.misses,
            pool.dynamic,
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=True,
    )
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    return table


def _row(table: Table, *cells: str | int) -> None:
    table.add_row(*(cell if isinstance(cell, str) else f"{cell:,}" for cell in cells))
