"""A client as the place of attacks."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import scaled
from wskit.fuzzing.bounds import Bounds
from wskit.fuzzing.client_ground import ClientGround
from wskit.fuzzing.conducting import CannotOpen, Reaction
from wskit.fuzzing.scripts import Does, Step

CLIENT = Path(__file__).with_name("faulty_client.py")


@contextlib.contextmanager
def ground(*faults: str, reconnects: bool = True, patience: float = 5.0) -> Iterator[ClientGround]:
    command = shlex.join([sys.executable, str(CLIENT), "{url}", *faults])
    bounds = Bounds(rate=1e6, connections=100, minutes=None)
    place = ClientGround(command, bounds, reconnects=reconnects, patience=scaled(patience))
    with contextlib.closing(_Ending(place)):
        yield place


class _Ending:
    def __init__(self, place: ClientGround) -> None:
        self.close = place.end


@pytest.mark.usefixtures("hurried")
def test_what_it_learns() -> None:
    with ground("wskit") as place:
        place.learn()
        assert (place.learned.text, place.learned.binary) == (Reaction.ECHO, Reaction.ECHO)
        assert place.learned.deflate
        assert not place.learned.greets
        assert place.words().endswith("the client offers permessage-deflate")


@pytest.mark.usefixtures("hurried")
def test_one_process_comes_again() -> None:
    with ground() as place:
        place.learn()
        pid = place.command.pid
        place.visit()
        assert place.command.pid == pid


def test_each_link_has_a_process_of_its_own() -> None:
    with ground("once", reconnects=False) as place:
        with contextlib.closing(place.link()):
            pid = place.command.pid
        with contextlib.closing(place.link()):
            assert place.command.pid != pid


@pytest.mark.usefixtures("hurried")
def test_one_that_ended_does_not_come_again_by_itself() -> None:
    with ground("once") as place:
        place.learn()
        place.command.end()
        with pytest.raises(CannotOpen, match="the client has ended"):
            place.visit()
        place.link().close()  # for the next attack it is run again


def test_what_is_filled_in() -> None:
    with ground() as place, contextlib.closing(place.link()) as link:
        data = place.filled(link, b"{accept}")
        assert data == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        place.crowd(link, Step(Does.CROWD, times=3))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("asks wrong", "the request is wrong"),
        ("sleeps", "did not connect"),
    ],
)
def test_a_visit_that_goes_wrong(fault: str, words: str) -> None:
    with ground(fault, patience=0.5 if fault == "sleeps" else 2) as place:
        place.command.start()
        with pytest.raises(CannotOpen, match=words):
            place.visit()


@pytest.mark.usefixtures("hurried")
def test_a_client_that_leaves_when_it_is_spoken_to() -> None:
    with ground("dislikes messages") as place:
        place.learn()
        assert (place.learned.text, place.learned.binary) == (Reaction.CLOSE, Reaction.ECHO)


def test_a_connection_that_says_nothing() -> None:
    with ground("says nothing", patience=0.5) as place, pytest.raises(CannotOpen, match="nothing"):
        place.learn()


def test_a_command_that_is_none_leaves_nothing_open() -> None:
    bounds = Bounds(rate=1.0, connections=1, minutes=None)
    with pytest.raises(ValueError, match="empty"):
        ClientGround("", bounds, reconnects=False, patience=1.0)
