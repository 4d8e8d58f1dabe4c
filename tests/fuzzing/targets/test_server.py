"""Real servers as a target: both modes; handlers that fail and closes that do not come are told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from wskit.fuzzing.checks import ERRORS, ONCE, Violation
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets import server as servers
from wskit.fuzzing.targets.server import ServerTarget, target

KEY = b"abcd"
STREAM = write_pieces([Piece(0x81, b"hello", KEY), Piece(0x88, b"\x03\xe8", KEY)])


@pytest.fixture
def server() -> Iterator[ServerTarget]:
    made = target()
    yield made
    made.close()


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("deflate", [0, 2, 6])
def test_both_modes_echo(server: ServerTarget, mode: int, deflate: int) -> None:
    told = server.examine(bytes((deflate, mode)) + STREAM, contextlib.nullcontext)
    assert told == (mode, deflate > 0, "", (1, 8), False)


@pytest.mark.wskit(allow_errors=True)
@pytest.mark.parametrize("mode", [0, 1])
def test_a_handler_that_fails_is_told(
    server: ServerTarget, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    def client_message(self: object, data: str | bytes) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(servers._Echo, "client_message", client_message)
    with pytest.raises(Violation) as caught:
        server.examine(bytes((0, mode)) + STREAM, contextlib.nullcontext)
    assert caught.value.check is ERRORS


def test_a_close_that_does_not_come_is_told(
    server: ServerTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "PATIENCE", 0.05)
    monkeypatch.setattr(servers._Echo, "close", lambda self: None)
    with pytest.raises(Violation, match="close was not called") as caught:
        server.examine(b"\0\0" + STREAM, contextlib.nullcontext)
    assert caught.value.check is ONCE


def test_a_second_close_is_told(server: ServerTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(self: servers._Echo) -> None:
        self._record.closes += 2
        self._record.closed.set()

    monkeypatch.setattr(servers._Echo, "close", close)
    with pytest.raises(Violation, match="close was called 2 times"):
        server.examine(b"\0\1" + STREAM, contextlib.nullcontext)
