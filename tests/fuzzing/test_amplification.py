"""What is held for a byte on the wire."""

from __future__ import annotations

import importlib.util

import pytest

from wskit.fuzzing.amplification import FAMILIES, LIMIT, Figure, drawn_figures, measure

KIB = 1 << 10
CONSTANT = 6 * KIB  # small buffer, least loan, the objects: see tests/protocol
WINDOW = 48 * KIB  # what zlib needs to inflate


@pytest.mark.parametrize("family", FAMILIES)
def test_ours_is_bounded(family: str) -> None:
    (figure,) = measure(["wskit"], [family])
    extra = CONSTANT + (WINDOW if FAMILIES[family][0] == "deflate" else 0)
    if "bomb" in family:  # what it inflates to has a limit of its own
        assert figure.held <= figure.peak <= 3 * LIMIT + 4 * figure.wire + extra
    else:
        assert figure.held <= 4 * figure.wire + extra


@pytest.mark.parametrize("library", ["websockets", "wsproto"])
def test_others_are_measured(library: str) -> None:
    few = ["partial frame", "partial compressed frame", "partial head of short lines"]
    figures = measure([library], few)
    assert [(figure.library, figure.family) for figure in figures] == [(library, f) for f in few]
    assert all(figure.held > 0 for figure in figures)


def test_others_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"wskit": True}
    monkeypatch.setattr(importlib.util, "find_spec", there.get)
    figures = measure(families=["partial head of short lines"])
    assert [figure.library for figure in figures] == ["wskit"]


def test_the_table() -> None:
    lines = drawn_figures([Figure("wskit", "a family", 1000, 2500, 9000)], width=80, colour=False)
    (row,) = [line for line in lines if "a family" in line]
    assert row.split() == ["a", "family", "wskit", "1,000", "2,500", "2.50", "9,000"]
