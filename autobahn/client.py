"""The echo client that Autobahn's fuzzing server tests: runs every case, then asks for reports."""

from __future__ import annotations

import sys

from limits import MAX_FRAGMENTS, MAX_MESSAGE_SIZE

from wskit import Client, Compression, connect
from wskit.errors import ConnectionClosed, WebSocketError


def open_connection(url: str) -> Client:
    """Connect with the limits and the compression that the suite needs."""
    return connect(
        url,
        max_size=MAX_MESSAGE_SIZE,
        max_fragments=MAX_FRAGMENTS,
        compression=Compression(write_threshold=0),
        ping_interval=None,
    )


def case_count(url: str) -> int:
    """Ask the fuzzing server how many cases it has."""
    with open_connection(f"{url}/getCaseCount") as client:
        message = client.read(timeout=30)
        if message is None:
            raise TimeoutError("getCaseCount: no answer within 30 s")
        return int(message.data)


def run_case(url: str, number: int, agent: str) -> None:
    """Echo every message of case ``number`` until the connection is over."""
    with open_connection(f"{url}/runCase?case={number}&agent={agent}") as client:
        for message in client:
            client.write(message.data)


def update_reports(url: str, agent: str) -> None:
    """Have the fuzzing server write its reports; returns when it has."""
    with open_connection(f"{url}/updateReports?agent={agent}") as client:
        while client.read() is not None:
            pass


def main(url: str, agent: str) -> None:
    """Run every case of the fuzzing server at ``url`` as ``agent``."""
    for number in range(1, case_count(url) + 1):
        try:
            run_case(url, number, agent)
        except (WebSocketError, OSError) as error:
            # Most cases end in a broken rule or a cut connection. The verdict is the suite's.
            print(f"case {number}: {type(error).__name__}: {error}", flush=True)
    try:
        update_reports(url, agent)
    except ConnectionClosed as closed:
        print(f"reports: {closed}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
