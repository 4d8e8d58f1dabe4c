"""The same scripts for clients of many libraries, which connect as they always do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.examples.frameworks.clients import CLIENTS, Ended, Refused, Session
from wskit.testing.accepting import ServerPeer
from wskit.testing.scripts import ws_script

Connect = Callable[[str], AbstractContextManager[Session]]

# RFC 6455 §5.5.1 would have the code repeated; these have their own opinion.
CLOSE_REPLY = {"websocket-client": 1000, "aiohttp": 1000}


@pytest.fixture(params=CLIENTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connect(name: str) -> Connect:
    return CLIENTS[name]


def greet(peer: ServerPeer) -> None:
    peer.send("welcome")
    peer.expect_text("hello")
    peer.send("hello")
    peer.expect_close(initiated_by="client")


def abort(peer: ServerPeer) -> None:
    peer.send("welcome")
    peer.expect_text("hello")
    peer.abort()


def refuse(peer: ServerPeer) -> None:
    peer.reject(503)


def test_it_is_greeted_and_answered(connect: Connect) -> None:
    with ws_script(greet) as server, connect(server.url) as session:
        assert session.receive() == "welcome"
        session.send("hello")
        assert session.receive() == "hello"


def test_it_connects_again_after_a_loss(connect: Connect) -> None:
    with ws_script(abort, greet) as server:
        with connect(server.url) as session:
            assert session.receive() == "welcome"
            session.send("hello")
            with pytest.raises(Ended) as caught:
                session.receive()
            assert caught.value.code == 1006
        with connect(server.url) as session:
            assert session.receive() == "welcome"
            session.send("hello")
            assert session.receive() == "hello"


def test_a_refusal_is_seen_with_its_status(connect: Connect) -> None:
    with ws_script(refuse) as server:
        with pytest.raises(Refused) as caught:
            connect(server.url).__enter__()
        assert caught.value.status == 503


def test_the_code_and_reason_of_a_close_are_seen(name: str, connect: Connect) -> None:
    def say_goodbye(peer: ServerPeer) -> None:
        peer.send("welcome")
        peer.close(4000, "enough")
        peer.expect_close(CLOSE_REPLY.get(name, 4000), initiated_by="server")

    with ws_script(say_goodbye) as server, connect(server.url) as session:
        assert session.receive() == "welcome"
        with pytest.raises(Ended) as caught:
            session.receive()
        assert (caught.value.code, caught.value.reason) == (4000, "enough")
