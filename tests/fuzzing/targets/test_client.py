"""A real client as a target, in both ways of reading."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import ERRORS, ONCE, Violation
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets import client as clients
from wskit.fuzzing.targets.client import ClientTarget, target

STREAM = write_pieces([Piece(0x82, b"hello"), Piece(0x89, b"x"), Piece(0x88, b"\x03\xe8")])


@pytest.fixture
def client() -> Iterator[ClientTarget]:
    made = target()
    yield made
    made.close()


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("deflate", [0, 2, 6])
def test_both_ways_echo(client: ClientTarget, way: int, deflate: int) -> None:
    told = client.examine(bytes((deflate, way)) + STREAM, contextlib.nullcontext)
    assert told == (way, deflate > 0, "", (2, 9, 8), False)


def test_what_a_client_may_not_raise_is_told(
    client: ClientTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(client: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(clients, "_read", read)
    with pytest.raises(Violation) as caught:
        client.examine(b"\0\0" + STREAM, contextlib.nullcontext)
    assert caught.value.check is ERRORS


def test_a_second_close_is_told(client: ClientTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(self: clients._Echo) -> None:
        self.closes += 2

    monkeypatch.setattr(clients._Echo, "close", close)
    with pytest.raises(Violation) as caught:
        client.examine(b"\0\1" + STREAM, contextlib.nullcontext)
    assert caught.value.check is ONCE


def test_a_wrong_request_is_told(client: ClientTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    old = 'fields += [("Upgrade", "websocket")'
    plant(monkeypatch, "wskit.protocol.response", old, old.replace("websocket", "x"))
    with pytest.raises(Violation):
        client.examine(b"\0\0" + STREAM, contextlib.nullcontext)
