"""Each library behind the one function says the same of what all understand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wskit.fuzzing.dictionary import deflated
from wskit.fuzzing.engines import ENGINES, Verdict, by_wskit
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets.settings import Settings, read_settings

Engine = Callable[[bytes, Settings], Verdict]
TO_CLIENT = read_settings(b"\x79\x00")[0]
DEFLATE = read_settings(b"\x7b\x00")[0]
TO_SERVER = read_settings(b"\x78\x00")[0]

all_engines = pytest.mark.parametrize("engine", [by_wskit, *ENGINES.values()])


@all_engines
def test_a_conversation(engine: Engine) -> None:
    stream = write_pieces(
        [
            *(Piece(0x01, b"hel"), Piece(0x89, b"p"), Piece(0x80, b"lo"), Piece(0x8A, b"q")),
            *(Piece(0x02, b"\xff"), Piece(0x80, b"\xfe"), Piece(0x88, b"\x03\xe8bye")),
        ]
    )
    verdict = engine(stream, TO_CLIENT)
    events = [(9, b"p"), (1, "hello"), (10, b"q"), (2, b"\xff\xfe"), (8, b"\x03\xe8bye")]
    assert (verdict.events, verdict.code) == (events, None)
    assert str(verdict) == "5 events, no error"


@all_engines
def test_compression_and_an_empty_close(engine: Engine) -> None:
    stream = write_pieces([Piece(0xC1, deflated(b"hello")), Piece(0x88)])
    assert engine(stream, DEFLATE).events == [(1, "hello"), (8, b"")]


@all_engines
def test_violations(engine: Engine) -> None:
    for stream, code in ((b"\x83\x00", 1002), (b"\x81\x01\xff", 1007)):
        verdict = engine(stream, TO_CLIENT)
        assert (verdict.events, verdict.code) == ([], code)
        assert verdict.why
    assert engine(b"\x81\x80abcd", TO_CLIENT).code == 1002
    assert engine(b"\x81\x00", TO_SERVER).code == 1002


def test_objections_after_a_close() -> None:
    stream = b"\x01\x01a\x88\x00"
    assert ENGINES["websockets"](stream, TO_CLIENT).code == 1002
