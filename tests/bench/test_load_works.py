"""The load generator with compression, TLS, fixed rates and broadcasts."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import pytest
import trustme
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.bench.loading import Counter, Load, altered, serving

Need = Callable[[str], None]


def test_inflates_what_comes_back(load: Load, need: Need) -> None:
    need("deflate")
    with serving(Counter(), compression="deflate") as port:
        status, result = load(port, "--deflate", "--size", 1024, "--depth", 3, "--messages", 200)
    assert (status, result["error"]) == (0, "")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text[:-1] + "]", "wrong content"),
        (lambda text: text + " ", "wrong content"),
        (lambda text: text[:-1], "wrong content"),
        (str.encode, "wrong frame header c2"),
    ],
)
def test_finds_a_wrong_document(
    load: Load,
    need: Need,
    change: Callable[[str], str | bytes],
    error: str,
) -> None:
    need("deflate")

    def until_it_leaves(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            altered(change)(connection)

    with serving(until_it_leaves, compression="deflate") as port:
        status, result = load(port, "--deflate", "--size", 1024, "--messages", 5)
    assert status == 1
    assert error in cast(str, result["error"])


def test_compression_must_be_accepted(load: Load, need: Need) -> None:
    need("deflate")
    with serving(Counter()) as port:
        status, result = load(port, "--deflate", "--size", 1024)
    assert (status, result["error"]) == (1, "permessage-deflate was not accepted")


def test_goes_through_tls(load: Load, need: Need) -> None:
    need("tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serving(Counter(), context=context) as port:
        status, result = load(port, "--tls", "--size", 50_000, "--depth", 2, "--messages", 20)
    assert (status, result["error"]) == (0, "")


def test_keeps_to_its_rate(load: Load) -> None:
    counter = Counter()
    with serving(counter) as port:
        status, result = load(
            port, "--connections", 4, "--active", 2, "--rate", 200, "--seconds", 1
        )
    assert (status, result["error"]) == (0, "")
    # Whatever comes late is sent as soon as it can be: never more than is due.
    assert 0 < cast(int, result["messages"]) <= 201
    assert counter.lives == 4


def test_a_message_that_waits_its_turn_is_late(load: Load) -> None:
    """Latency is counted from when a message was due, not from when it could be sent."""

    def hold_up(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for number, message in enumerate(connection):
                if number == 0:
                    threading.Event().wait(0.2)
                connection.send(message)

    with serving(hold_up) as port:
        status, result = load(port, "--rate", 1000, "--depth", 1, "--messages", 100)
    assert (status, result["error"]) == (0, "")
    assert cast(float, result["p50_us"]) > 50_000


class Hall(Counter):
    """Send what one says to all; or to all but the last to come."""

    def __init__(self, *, deaf: bool = False) -> None:
        super().__init__()
        self.connections: list[ServerConnection] = []
        self.deaf = deaf

    def __call__(self, connection: ServerConnection) -> None:
        with self.lock:
            self.connections.append(connection)
        with suppress(ConnectionClosed):
            for message in connection:
                with self.lock:
                    hearers = self.connections[: -1 if self.deaf else None]
                for each in hearers:
                    with suppress(ConnectionClosed):
                        each.send(message)


def test_a_broadcast_is_counted_by_deliveries(load: Load) -> None:
    with serving(Hall()) as port:
        status, result = load(
            port, "--broadcast", 5, "--parallel", 1, "--warmup", "1", "--messages", 40
        )
    assert (status, result["error"]) == (0, "")
    assert cast(int, result["messages"]) >= 40


def test_a_broadcast_must_reach_everyone(load: Load) -> None:
    with serving(Hall(deaf=True)) as port:
        status, result = load(
            port,
            "--broadcast",
            5,
            "--parallel",
            1,
            "--warmup",
            "1",
            "--stall",
            "0.5",
            "--messages",
            40,
        )
    assert (status, result["error"]) == (1, "nothing came for 0.5 s")
