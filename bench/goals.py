"""The goals of speed: what `run.py --goals` measures and judges, as ratios within one run."""

from __future__ import annotations

from limits import Limit

__all__ = ["GOALS"]

COMPILED, PURE, PICOWS = "wskit_compiled", "wskit_event", "picows_uvloop"
PYTHON_PEERS = (
    "websockets_sync",
    "websockets_asyncio",
    "aiohttp_uvloop",
    PICOWS,
    "uvicorn_wsproto",
    "socketify_native",
)
SLEEPING = 4 / 0.010  # messages a second: 4 threads that sleep 10 ms each


def cost(work: str, server: str, figure: str, peer: str, factor: float) -> Limit:
    """Return the limit of at most ``factor`` times what ``peer`` needs."""
    text = f"{work}: {server}, {figure} <= {factor:g} x {peer}"
    return Limit(
        text=text, work=work, server=server, figure=figure, against=(peer,), at_most=factor
    )


def gain(work: str, server: str, figure: str, factor: float, *peers: str, name: str = "") -> Limit:
    """Return the limit of at least ``factor`` times the best of ``peers``."""
    what = "messages per CPU second" if figure == "cpu_us" else "per second"
    text = f"{work}: {server} >= {factor:g} x {name or peers[0]}, {what}"
    return Limit(text=text, work=work, server=server, figure=figure, against=peers, at_least=factor)


SHALLOW = ("echo100", "echo100_128", "echo1000_32", "echo1000")

GOALS = (
    *(cost(work, COMPILED, "cpu_us", PICOWS, 1.0) for work in SHALLOW),
    *(cost(work, PURE, "cpu_us", PICOWS, 1.8) for work in SHALLOW),
    gain("flight16", COMPILED, "rate", 3.0, PICOWS),
    gain("echo64k", COMPILED, "cpu_us", 1.2, *PYTHON_PEERS, name="the best Python peer"),
    cost("echo1", COMPILED, "p50_us", PICOWS, 1.2),
    gain("echo100", COMPILED, "cpu_us", 15, "websockets_sync"),
    gain("echo1000", COMPILED, "cpu_us", 60, "websockets_sync"),
    gain("deflate", COMPILED, "cpu_us", 2.0, "websockets_asyncio"),
    Limit(
        text="idle: wskit_compiled_small_pool <= 2560 bytes of RSS a connection",
        work="idle",
        server="wskit_compiled_small_pool",
        figure="idle_bytes",
        at_most=2560,
    ),
    gain("handshakes", COMPILED, "rate", 1.5, PICOWS),
    gain("client", "wskit_compiled_client", "cpu_us", 1.0, "picows_client"),
    gain("client", "wskit_compiled_client", "cpu_us", 5.0, "websocket_client"),
    gain("client", "wskit_compiled_client", "cpu_us", 5.0, "websockets_sync_client"),
    Limit(
        text="sleep10: wskit_compiled >= 95 % of 4 / 10 ms, messages per second",
        work="sleep10",
        server=COMPILED,
        figure="rate",
        at_least=0.95 * SLEEPING,
    ),
    Limit(
        text="sleepers: wskit_compiled, p99_us <= 20000 while 3 of 4 threads sleep 1 s",
        work="sleepers",
        server=COMPILED,
        figure="p99_us",
        at_most=20_000,
    ),
    Limit(
        text="paced10000: wskit_compiled, p99_us <= 2 x that of paced100",
        work="paced10000",
        server=COMPILED,
        figure="p99_us",
        against_work="paced100",
        at_most=2.0,
    ),
)
