"""The works that servers are measured at; a new one is one more entry here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["WORKS", "Kind", "Work"]


class Kind(Enum):
    """What the load generator does, and so which figures come out."""

    ECHO = "echo"
    IDLE = "idle"
    HANDSHAKES = "handshakes"


@dataclass(frozen=True, kw_only=True)
class Work:
    """One work: a title, the generator's arguments, and the peer that ratios are taken to."""

    name: str
    title: str
    arguments: tuple[str, ...]
    kind: Kind = Kind.ECHO
    patience: float = 1.0  # multiplies warm-up and duration, for works that are slow to settle
    base: str = "wskit_event"


def echo(
    name: str, title: str, connections: int, size: int, depth: int = 1, patience: float = 1
) -> Work:
    """Return the echo work of that many connections, payload bytes and messages in flight."""
    arguments = ("--connections", str(connections), "--size", str(size), "--depth", str(depth))
    return Work(name=name, title=title, arguments=arguments, patience=patience)


WORKS = {
    work.name: work
    for work in (
        echo("echo1", "1 connection, 32 B", 1, 32),
        echo("echo100", "100 connections, 32 B", 100, 32),
        echo("flight16", "100 connections, 32 B, 16 in flight each", 100, 32, depth=16),
        echo("echo1000", "1,000 connections, 128 B", 1000, 128, patience=2),
        echo("echo64k", "10 connections, 64 KiB", 10, 65536),
        Work(
            name="idle",
            title="idle connections, one hello each",
            arguments=("--idle",),
            kind=Kind.IDLE,
            base="wskit_small_pool",
        ),
        Work(
            name="handshakes",
            title="whole lives: connect, upgrade, close; 16 in parallel",
            arguments=("--handshakes", "16"),
            kind=Kind.HANDSHAKES,
        ),
    )
}
