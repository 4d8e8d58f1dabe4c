"""The works that servers and clients are measured at; a new one is one more entry here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

__all__ = ["QUICK", "WORKS", "Kind", "Work"]


class Kind(Enum):
    """What is done, and so which figures come out."""

    TRAFFIC = "traffic"  # echoes or deliveries
    IDLE = "idle"
    HANDSHAKES = "handshakes"
    CLIENT = "client"  # of a client process, against a native server


@dataclass(frozen=True, kw_only=True)
class Work:
    """One work: a title, the generator's arguments, and what its servers have to be able to do."""

    name: str
    title: str
    arguments: tuple[str, ...]
    kind: Kind = Kind.TRAFFIC
    asks: str = ""  # "deflate", "broadcast", "tls" or "sleep": an option of the server's script
    connections: int = 1
    beside: tuple[str, ...] = ()  # arguments of a second generator, which runs meanwhile
    patience: float = 1.0  # multiplies warm-up and duration, for works that are slow to settle
    small_pool: bool = False  # ratios are taken to wskit with a pool of small buffers
    headline: str = "cpu_us"  # the figure that counts most


def echo(
    name: str,
    title: str,
    connections: int,
    size: int,
    *more: str,
    depth: int = 1,
    patience: float = 1,
    asks: str = "",
) -> Work:
    """Return the echo work of that many connections, payload bytes and messages in flight."""
    shape = ("--connections", str(connections), "--size", str(size), "--depth", str(depth))
    return Work(
        name=name,
        title=title,
        arguments=(*shape, *more),
        connections=connections,
        patience=patience,
        asks=asks,
    )


def paced(name: str, title: str, connections: int, rate: int, *more: str) -> Work:
    """Return the work of ``rate`` messages a second in all, come what may; 32 bytes."""
    return Work(
        name=name,
        title=title,
        arguments=("--connections", str(connections), "--rate", str(rate), *more),
        connections=connections,
        headline="p99_us",
    )


def client(name: str, title: str, depth: int, size: int) -> Work:
    """Return the work of a client with ``depth`` messages in flight on one connection."""
    return Work(name=name, title=title, arguments=(str(depth), str(size)), kind=Kind.CLIENT)


def slow(milliseconds: int) -> tuple[str, str]:
    """Return the arguments that ask for a handler which sleeps."""
    return "--path", f"/sleep/{milliseconds}"


WORKS = {
    work.name: work
    for work in (
        echo("echo1", "1 connection, 32 B", 1, 32),
        echo("echo1_128", "1 connection, 128 B", 1, 128),
        echo("echo100", "100 connections, 32 B", 100, 32),
        echo("echo100_128", "100 connections, 128 B", 100, 128),
        echo("echo100_binary", "100 connections, 32 B, binary", 100, 32, "--binary"),
        echo("echo1000_32", "1,000 connections, 32 B", 1000, 32, patience=2),
        echo("echo1000", "1,000 connections, 128 B", 1000, 128, patience=2),
        echo("flight16", "100 connections, 32 B, 16 in flight", 100, 32, depth=16),
        echo("echo64k", "10 connections, 64 KiB", 10, 65536),
        echo("echo64k_binary", "10 connections, 64 KiB, binary", 10, 65536, "--binary"),
        echo("echo1m", "10 connections, 1 MiB", 10, 1 << 20, patience=1.5),
        echo(
            "deflate",
            "100 connections, JSON of 1 KiB, compressed",
            100,
            1024,
            "--deflate",
            asks="deflate",
        ),
        echo("tls", "100 connections, 32 B, TLS", 100, 32, "--tls", asks="tls"),
        Work(
            name="broadcast",
            title="one of 1,000 connections speaks, all receive 32 B",
            arguments=("--broadcast", "1000"),
            connections=1000,
            asks="broadcast",
            patience=2,
        ),
        paced("paced100", "100 connections, 5,000 messages a second", 100, 5000),
        paced(
            "paced10000",
            "10,000 connections, 1 % active, 5,000 messages a second",
            10_000,
            5000,
            "--active",
            "100",
        ),
        replace(
            echo("sleep10", "32 connections, handlers sleep 10 ms, 4 threads", 32, 32, *slow(10)),
            asks="sleep",
            headline="rate",
            patience=2,
        ),
        replace(
            paced("sleepers", "1,000 messages a second, 3 of 4 threads sleep 1 s", 100, 1000),
            asks="sleep",
            beside=("--connections", "3", *slow(1000), "--seconds", "300"),
        ),
        Work(
            name="idle",
            title="idle connections, one hello each",
            arguments=("--idle", "10000"),
            connections=10_000,
            kind=Kind.IDLE,
            small_pool=True,
            headline="idle_bytes",
        ),
        Work(
            name="handshakes",
            title="whole lives: connect, upgrade, close; 16 in parallel",
            arguments=("--handshakes", "16"),
            kind=Kind.HANDSHAKES,
        ),
        client("client", "a client, 32 B, one message in flight", 1, 32),
        client("client16", "a client, 32 B, 16 messages in flight", 16, 32),
    )
}

# What the quick run does.
QUICK = frozenset(
    {
        *("echo1", "echo100", "echo1000", "flight16", "echo64k", "deflate", "tls", "broadcast"),
        *("sleep10", "sleepers", "idle", "handshakes", "client"),
    }
)
