"""The check that both builds tell the same: a bug in one of them is found."""

from __future__ import annotations

import contextlib

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import PURE, Violation
from wskit.fuzzing.cores import compare, pure_checks, twin
from wskit.fuzzing.pieces import Piece, write_pieces
from wskit.fuzzing.targets import make_target
from wskit.testing.builds import build

compiled = pytest.mark.skipif(build() == "pure", reason="needs the compiled build")
TEXTS = b"\x18\x00" + write_pieces([Piece(0x81, b"ab", b"mask"), Piece(0x81, b"c\xff", b"mask")])


def test_what_differs_is_told() -> None:
    compare((1, "a"), (1, "a"))
    with pytest.raises(Violation, match="compiled 'a', pure 'b'") as caught:
        compare((1, "a"), (1, "b"))
    assert caught.value.check is PURE


def test_a_pure_build_has_no_twin() -> None:
    if build() == "pure":
        assert (twin(), pure_checks()) == (None, ())
    else:
        assert twin() is not None
        assert pure_checks() == (PURE,)


@compiled
@pytest.mark.parametrize(
    ("name", "module", "old", "new"),
    [
        ("parser", "parser", "self.start = stop", "self.start = stop + 1"),
        ("assembler", "messages", "        return data.decode()", "        return ''"),
        ("protocol", "frames", "_CODE.pack(code) + text", "_CODE.pack(code)"),
    ],
)
def test_a_bug_in_one_build_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str, old: str, new: str
) -> None:
    target = make_target(name)
    target.examine(TEXTS, contextlib.nullcontext)
    plant(monkeypatch, f"wskit_pure.protocol.{module}", old, new)
    with pytest.raises(Violation) as caught:
        target.examine(TEXTS, contextlib.nullcontext)
    assert caught.value.check is PURE
    target.close()
