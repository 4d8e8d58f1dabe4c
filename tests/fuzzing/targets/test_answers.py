"""Answers of an echo: what is missing, wrong or too much is told by its check."""

from __future__ import annotations

import pytest

from wskit.fuzzing.checks import ACCEPTED, FAITHFUL, ONE_CLOSE, Check, Violation
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.reference import read
from wskit.fuzzing.targets.answers import check_answer, echo
from wskit.fuzzing.targets.settings import read_settings

SETTINGS = read_settings(b"\x78\x00")[0]  # a server
KEY = b"abcd"
ASKED = [Piece(0x81, b"a", KEY), Piece(0x89, b"1", KEY), Piece(0x89, b"2", KEY)]
ECHOED = [Piece(0x81, b"a"), Piece(0x8A, b"1"), Piece(0x8A, b"2")]
CLOSE = Piece(0x88, b"\x03\xe8")


def judge(asked: list[Piece], sent: list[Piece], every_pong: bool = True) -> None:
    inbound = read(write_pieces(asked), SETTINGS.rules)
    check_answer(write_pieces(sent), SETTINGS, inbound, every_pong=every_pong)


def test_the_right_answer_passes() -> None:
    judge(ASKED, ECHOED)
    judge([*ASKED, Piece(0x88, b"\x03\xe8", KEY)], [*ECHOED, CLOSE])
    judge([*ASKED, Piece(0x88, b"", KEY)], [*ECHOED, Piece(0x88)])
    judge([Piece(0x83, b"", KEY)], [Piece(0x88, b"\x03\xea")])
    judge(ASKED, [ECHOED[0], ECHOED[2]], every_pong=False)
    assert echo((9, b"x")) == (10, b"x")


@pytest.mark.parametrize(
    ("sent", "check"),
    [
        ([Piece(0x81, b"a", KEY), *ECHOED[1:]], ACCEPTED),
        ([*ECHOED, Piece(0x81, b"x", claim=9)], ACCEPTED),
        ([*ECHOED, Piece(0x01, b"x")], ACCEPTED),
        ([*ECHOED, CLOSE, Piece(0x81)], ACCEPTED),
        ([ECHOED[0], ECHOED[2]], FAITHFUL),
        ([*ECHOED[1:]], FAITHFUL),
        ([*ECHOED, CLOSE], ONE_CLOSE),
    ],
)
def test_wrong_answers_are_told(sent: list[Piece], check: Check) -> None:
    with pytest.raises(Violation) as caught:
        judge(ASKED, sent)
    assert caught.value.check is check


def test_pongs_out_of_order_or_unasked_are_told() -> None:
    for sent in ([ECHOED[0], ECHOED[2], ECHOED[1]], [*ECHOED, Piece(0x8A, b"3")], ECHOED[1:]):
        with pytest.raises(Violation):
            judge(ASKED, sent, every_pong=False)
