"""The same tests for servers of many frameworks; where one deviates, the table says how."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.deadlines import scaled
from tests.examples.frameworks.asgi import (
    on_fastapi,
    on_litestar,
    on_starlette,
    on_starlette_wsproto,
)
from tests.examples.frameworks.looping import aiohttp_server, picows_server, websockets_asyncio
from tests.examples.frameworks.node import Missing, node_ws
from tests.examples.frameworks.serving import Served, serve_in_loop
from tests.examples.frameworks.threaded import websockets_sync, wskit
from wskit.testing import Peer, ws_client

SERVERS: dict[str, Callable[[], AbstractContextManager[Served]]] = {
    "wskit": wskit,
    "websockets.sync": websockets_sync,
    "websockets.asyncio": functools.partial(serve_in_loop, websockets_asyncio),
    "aiohttp": functools.partial(serve_in_loop, aiohttp_server),
    "picows": functools.partial(serve_in_loop, picows_server),
    "starlette": on_starlette,
    "starlette on wsproto": on_starlette_wsproto,
    "fastapi": on_fastapi,
    "litestar": on_litestar,
    "node ws": node_ws,
}

# Where a framework does otherwise than most do, and why that is so.
REFUSAL = {
    "litestar": 403,  # closes with 4401 before it accepts, which uvicorn can only say as HTTP 403
}
CLOSE_REPLY = {
    "wskit": (4001, ""),  # repeats the code, as RFC 6455 §5.5.1 has it, and not the reason
    "aiohttp": (1000, ""),  # has its own opinion
}
RESERVED_OPCODE = {
    "starlette on wsproto": 1006,  # uvicorn drops the connection without a word
}
COUNTS_WHAT_HAS_COME = {"starlette on wsproto"}  # the others judge a frame by its length field


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Served | Missing]]:
    """Give all servers, started once, or why one cannot be."""
    running: dict[str, Served | Missing] = {}
    with contextlib.ExitStack() as stack:
        for name, serve in SERVERS.items():
            try:
                running[name] = stack.enter_context(serve())
            except Missing as reason:
                running[name] = reason
        yield running


@pytest.fixture(params=SERVERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def served(name: str, servers: dict[str, Served | Missing]) -> Served:
    server = servers[name]
    if isinstance(server, Missing):
        pytest.skip(f"{name}: {server}")
    return server


@pytest.fixture
def echo(served: Served) -> Iterator[Peer]:
    with ws_client(f"{served.url}/echo") as peer:
        yield peer


def test_text_comes_back(echo: Peer) -> None:
    echo.send("héllo")
    echo.expect_text("héllo")


def test_binary_comes_back_as_binary(echo: Peer) -> None:
    echo.send(b"\x00\xff")
    echo.expect_binary(b"\x00\xff")


def test_json_comes_back(echo: Peer) -> None:
    echo.send_json({"id": 1, "tags": ["a"]})
    echo.expect_json({"tags": ["a"]})


def test_a_fragmented_message_arrives_whole(echo: Peer) -> None:
    echo.send_fragments(["one ", "and ", "two"])
    echo.expect_text("one and two")


def test_a_ping_is_answered_with_its_payload(echo: Peer) -> None:
    echo.ping(b"are you there?")
    echo.expect_pong(b"are you there?")


def test_a_ping_inside_a_fragmented_message(echo: Peer) -> None:
    echo.send_frame(1, "one ", fin=False)
    echo.ping(b"!")
    echo.send_frame(0, "two")
    echo.expect_pong(b"!")
    echo.expect_text("one two")


def test_the_subprotocol_is_chosen(served: Served) -> None:
    with ws_client(f"{served.url}/echo", subprotocols=["other", "chat"]) as peer:
        assert peer.subprotocol == "chat"


def test_a_refusal_is_no_close(name: str, served: Served) -> None:
    with ws_client(f"{served.url}/refuse") as peer:
        status = peer.expect_rejected(REFUSAL.get(name, 401)).status
        with pytest.raises(AssertionError, match=f"status {status}"):
            peer.expect_close()


def test_the_server_closes(served: Served) -> None:
    with ws_client(f"{served.url}/close") as peer:
        peer.expect_close(4000, "enough", initiated_by="server")


def test_the_client_closes(name: str, echo: Peer) -> None:
    echo.close(4001, "bye")
    code, reason = CLOSE_REPLY.get(name, (4001, "bye"))
    echo.expect_close(code, reason, initiated_by="client")


def test_a_reserved_opcode_breaks_the_protocol(name: str, echo: Peer) -> None:
    echo.send_frame(3, b"?")
    code = RESERVED_OPCODE.get(name, 1002)
    echo.expect_close(code, initiated_by="server" if code != 1006 else None)


def test_a_message_that_is_too_big(name: str, served: Served, echo: Peer) -> None:
    size = served.limit + 1
    echo.send_raw(b"\x82\xff" + size.to_bytes(8, "big") + bytes(4))  # binary, masked with 0
    if name in COUNTS_WHAT_HAS_COME:
        echo.send_raw(bytes(size))
    echo.expect_close(1009, initiated_by="server")


def test_a_lost_connection_is_seen(served: Served) -> None:
    with ws_client(f"{served.url}/lost") as peer:
        peer.send("hello")
        peer.expect_text("hello")
        peer.abort()
    assert served.lost.get(timeout=scaled(5)) == "lost"
