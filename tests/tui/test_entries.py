"""What an entry says of its frame."""

from __future__ import annotations

import pytest

from tests.tui.frames import capture, frame
from wskit.tui.entries import Entry


@pytest.mark.parametrize(
    ("rsv", "wire", "length", "ratio"),
    [(4, 10, 50, 5.0), (4, 0, 50, None), (0, 50, 50, None), (2, 10, 50, None)],
)
def test_the_ratio_is_that_of_compression(
    rsv: int, wire: int, length: int, ratio: float | None
) -> None:
    record = frame(1, b"x" * 50, rsv=rsv, wire=wire, length=length)
    assert Entry(1, 1, capture(0, record)).ratio == ratio


def test_it_knows_data_and_what_was_cut() -> None:
    whole, cut = (
        Entry(1, 1, capture(0, frame(0, b"x"))),
        Entry(2, 1, capture(0, frame(9, length=2))),
    )
    assert (whole.is_data, whole.is_cut) == (True, False)
    assert (cut.is_data, cut.is_cut) == (False, True)
    assert cut.frame is cut.capture.frame
