"""A server as the place of attacks."""

from __future__ import annotations

import contextlib

import pytest

from tests.deadlines import scaled
from tests.fuzzing.faulty_server import FaultyServer
from wskit.fuzzing.bounds import Bounds, Spent
from wskit.fuzzing.conducting import CannotOpen, Reaction
from wskit.fuzzing.probing import ProbeConfig
from wskit.fuzzing.scripts import Does, Step
from wskit.fuzzing.server_ground import ServerGround


def ground(url: str, connections: int = 100, **options: object) -> ServerGround:
    config = ProbeConfig(url=url, patience=scaled(2), **options)  # type: ignore[arg-type]
    return ServerGround(config, Bounds(rate=1e6, connections=connections, minutes=None))


def test_what_it_learns() -> None:
    with FaultyServer("greets") as server:
        place = ground(server.url)
        place.learn()
    assert (place.learned.text, place.learned.binary) == (Reaction.ECHO, Reaction.ECHO)
    assert place.learned.greets
    assert place.learned.deflate


def test_what_is_filled_in() -> None:
    with FaultyServer() as server:
        place = ground(server.url.replace("//", "//u:p@") + "a?b", headers=(("X-A", "b"),))
        with contextlib.closing(place.link()) as link:
            data = place.filled(link, b"GET {target} {host}\r\nUpgrade: a\r\n")
    host = server.url.removeprefix("ws://").rstrip("/").encode()
    assert data == (
        b"GET /a?b " + host + b"\r\nX-A: b\r\nAuthorization: Basic dTpw\r\nUpgrade: a\r\n"
    )


def test_a_crowd_counts() -> None:
    with FaultyServer() as server:
        place = ground(server.url, connections=4)
        with contextlib.closing(place.link()) as link, pytest.raises(Spent):
            place.crowd(link, Step(Does.CROWD, b"GET", 9))
    assert server.connections <= 4


def test_a_crowd_that_is_not_let_in() -> None:
    with FaultyServer() as server:
        place = ground(server.url)
        link = place.link()
        server.die()
        place.crowd(link, Step(Does.CROWD, times=3))
        link.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("never pongs", "a ping was not answered: silent"),
        ("says nothing to a request", "no answer to the opening handshake"),
        ("accepts any request, with a wrong key", "does not belong to the key"),
    ],
)
def test_a_visit_that_goes_wrong(fault: str, words: str) -> None:
    with FaultyServer(*fault.split(", ")) as server:
        config = ProbeConfig(url=server.url, patience=scaled(0.3))
        place = ServerGround(config, Bounds(rate=1e6, connections=9, minutes=None))
        with pytest.raises(CannotOpen, match=words):
            place.visit()


def test_an_answer_to_an_offer_that_is_wrong() -> None:
    with FaultyServer("accepts any offer") as server:
        place = ground(server.url)
        with contextlib.closing(place.link()) as link:
            link.send(place.filled(link, b"GET {target} HTTP/1.1\r\nUpgrade: websocket\r\n"))
        with contextlib.closing(place.link()) as link, pytest.raises(CannotOpen):
            place.open(link, deflate=True)
        place.learn()
    assert not place.learned.deflate
    assert "permessage-deflate is not agreed on" in place.words()
