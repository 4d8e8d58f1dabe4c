"""The load generator counts what was echoed, and finds what was not echoed right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import cast

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from tests.bench.loading import Counter, Handler, Load, altered, serving
from tests.deadlines import scaled, wait_for


def test_counts_exactly_what_came_back(load: Load) -> None:
    counter = Counter()
    with serving(counter) as port:
        status, result = load(port, "--connections", 5, "--depth", 3, "--messages", 300)
    assert (status, result["errors"], result["error"]) == (0, 0, "")
    messages = cast(int, result["messages"])
    assert messages >= 300
    # What was still in flight when the last one was counted is echoed, but not counted.
    assert messages <= counter.echoed <= messages + 5 * 3
    latencies = [cast(float, result[name]) for name in ("p50_us", "p99_us", "max_us")]
    assert 0 < latencies[0] <= latencies[1] <= latencies[2]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 1_000_003])
@pytest.mark.parametrize("payload", [(), ("--binary",)], ids=["text", "binary"])
def test_takes_every_form_of_length(load: Load, size: int, payload: tuple[str, ...]) -> None:
    with serving(Counter()) as port:
        status, result = load(port, "--size", size, "--messages", 4, "--depth", 2, *payload)
    assert (status, result["error"]) == (0, "")


def test_answers_pings_among_the_echoes(load: Load) -> None:
    unanswered: list[int] = []

    def ping_before_each_echo(connection: ServerConnection) -> None:
        for number, message in enumerate(connection):
            answered = connection.ping()
            connection.send(message)
            if number < 3 and not answered.wait(scaled(5)):
                unanswered.append(number)

    with serving(ping_before_each_echo) as port:
        status, result = load(port, "--messages", 5)
    assert (status, result["error"], unanswered) == (0, "", [])


def framed(frame: Callable[[bytes], bytes]) -> Handler:
    def answer(connection: ServerConnection) -> None:
        for message in connection:
            connection.socket.sendall(frame(str(message).encode()))

    return answer


def twice(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)
        connection.send(message)


def swapped(connection: ServerConnection) -> None:
    while True:
        first, second = connection.recv(), connection.recv()
        connection.send(second)
        connection.send(first)


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        pytest.param(altered(lambda text: text[:-1] + "\x7f"), "wrong content", id="last byte"),
        pytest.param(swapped, "wrong content", id="order"),
        pytest.param(altered(lambda text: text + "x"), "wrong frame header 81 21", id="longer"),
        pytest.param(altered(str.encode), "wrong frame header 82 20", id="type"),
        pytest.param(twice, "wrong content", id="twice"),
        pytest.param(framed(lambda data: b"\x81\xa0\0\0\0\0" + data), "header 81 a0", id="masked"),
        pytest.param(framed(lambda data: b"\x81\x7e\0\x20" + data), "header 81 7e", id="length"),
        pytest.param(framed(lambda data: b"\xc1\x20" + data), "header c1 20", id="RSV1"),
        pytest.param(lambda connection: connection.close(1008), "code 1008", id="closed"),
    ],
)
def test_finds_a_wrong_echo(load: Load, handler: Handler, error: str) -> None:
    def until_it_leaves(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            handler(connection)

    with serving(until_it_leaves) as port:
        status, result = load(port, "--depth", 2, "--messages", 1000)
    assert status == 1
    assert cast(int, result["errors"]) >= 1
    assert error in cast(str, result["error"])


def test_ends_when_nothing_comes_back(load: Load) -> None:
    def keep_silent(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                connection.recv()

    with serving(keep_silent) as port:
        status, result = load(port, "--stall", "0.3")
    assert (status, result["error"]) == (1, "nothing came for 0.3 s")


def test_wants_the_status_101(load: Load) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus.FORBIDDEN, "no")

    with serving(Counter(), refuse) as port:
        status, result = load(port)
    assert (status, result["error"]) == (1, "handshake answered: HTTP/1.1 403 Forbidden")


def test_lives_are_counted_when_the_server_has_closed(
    load: Load,
) -> None:
    counter = Counter()
    with serving(counter) as port:
        status, result = load(port, "--handshakes", 3, "--messages", 20)
    assert (status, result["error"]) == (0, "")
    messages = cast(int, result["messages"])
    assert 20 <= messages <= counter.lives <= messages + 3


def test_idle_connections_are_held_until_stdin_closes(generator: Path) -> None:
    counter = Counter()
    with serving(counter) as port:
        command = [str(generator), "--port", str(port), "--idle", "30"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
            assert idle.stdout is not None
            assert idle.stdin is not None
            try:
                ready = json.loads(idle.stdout.readline())
                assert (ready["messages"], ready["errors"]) == (30, 0)
                assert (counter.connected, counter.echoed) == (30, 30)
                idle.stdin.close()
                assert idle.wait(scaled(10)) == 0
            finally:
                idle.kill()
        wait_for(lambda: counter.connected == 0, what="the end of the connections")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--port", "1", "--raw", "--tls"], "--raw: has no handshakes, no --deflate and no --tls"),
        (["--port", "1", "--active", "2"], "--active: must be at most --connections"),
        (["--port", "70000"], "--port: must be 1..65535, not 70000"),
        (["--size", "3"], "--port: is needed"),
        (["--port", "1", "--depth", "many"], "--depth: must be 1..1024, not many"),
    ],
)
def test_names_the_bad_option(generator: Path, options: list[str], complaint: str) -> None:
    done = subprocess.run([generator, *options], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"load: {complaint}\n")
