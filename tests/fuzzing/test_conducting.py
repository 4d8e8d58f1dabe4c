"""Attacks are carried out on a server that does what it should."""

from __future__ import annotations

import pytest

from tests.deadlines import scaled
from tests.fuzzing.faulty_server import FaultyServer
from wskit.fuzzing.attacks import catalogue
from wskit.fuzzing.bounds import Bounds
from wskit.fuzzing.conducting import CannotOpen, Learned, Outcome, Reaction, conduct
from wskit.fuzzing.heads import parsed
from wskit.fuzzing.probing import ProbeConfig
from wskit.fuzzing.scripts import Attack
from wskit.fuzzing.server_ground import ServerGround
from wskit.protocol.opcodes import Side

ATTACKS = {attack.name: attack for attack in catalogue(Side.SERVER)}


def conducted(attack: Attack | str, *faults: str, patience: float = scaled(2)) -> Outcome:
    with FaultyServer(*faults) as server:
        config = ProbeConfig(url=server.url, patience=patience)
        bounds = Bounds(rate=1e6, connections=100, minutes=None)
        ground = ServerGround(config, bounds)
        ground.learned = Learned(text=Reaction.ECHO, binary=Reaction.ECHO)
        return conduct(ground, ATTACKS[attack] if isinstance(attack, str) else attack)


def test_a_violation() -> None:
    outcome = conducted("reserved: opcode 3")
    assert (outcome.link.close_code, outcome.link.ended) == (1002, "end of stream")
    assert (outcome.began, outcome.asked, outcome.link.closed) == (True, False, True)


def test_a_violation_that_is_accepted_is_asked_about() -> None:
    outcome = conducted("mask: unmasked text", "accepts unmasked")
    assert (outcome.asked, outcome.answered) == (True, True)
    assert outcome.link.messages == [b"hello"]


def test_messages_are_awaited() -> None:
    outcome = conducted("messages: three at once")
    assert outcome.answered
    assert outcome.link.messages == [b"hello"] * 3


def test_a_close() -> None:
    outcome = conducted("close: code 4999")
    assert (outcome.link.close_code, outcome.link.ended) == (4999, "end of stream")


def test_a_request_of_its_own() -> None:
    outcome = conducted("opening: a query")
    assert (outcome.began, outcome.answered) == (True, True)
    outcome = conducted("opening: POST")
    assert (outcome.began, parsed(outcome.link.head).status) == (False, 405)


def test_a_request_byte_by_byte_and_a_crowd() -> None:
    for name in ("opening: byte by byte", "opening: 30 half requests", "opening: bytes above 127"):
        assert conducted(name).began, name


def test_what_is_cut() -> None:
    for name in ("cut: in a header", "opening: nothing, then cut"):
        outcome = conducted(name)
        assert outcome.link.closed
        assert not outcome.link.ended


def test_an_end_and_nothing_in_particular() -> None:
    assert conducted("half-close: in a header").link.ended == "end of stream"
    assert conducted("length: 16 MiB announced").link.close_code in (None, 1009)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(CannotOpen):
        conducted("reserved: opcode 3", "says nothing to a request", patience=0.1)


def test_reactions() -> None:
    learned = Learned(text=Reaction.ECHO, binary=Reaction.CLOSE)
    assert learned.all(("text",), Reaction.ECHO)
    assert not learned.all(("text", "binary"), Reaction.ECHO)
    assert learned.any(("text", "binary"), Reaction.CLOSE)
    assert not learned.any((), Reaction.CLOSE)
