"""Arguments are judged at the call, and named."""

from __future__ import annotations

import pytest
from hypothesis.errors import InvalidArgument

from wskit.testing.strategies.arguments import (
    chosen,
    flag,
    instance,
    most,
    named,
    sender_or_any,
    sizes,
)


def test_names_come_in_the_order_of_the_table() -> None:
    assert named("violations", {"b", "a"}, ["c", "b", "a"]) == ("b", "a")
    assert named("violations", (), ["a"]) == ()
    with pytest.raises(InvalidArgument, match="violations: 'x' is none of a, b"):
        named("violations", ["x", "a"], ["a", "b"])
    with pytest.raises(InvalidArgument, match="violations: must be a collection of names, not 5"):
        named("violations", 5, ["a"])  # type: ignore[arg-type]


def test_numbers_come_in_the_order_of_the_table() -> None:
    assert chosen("opcodes", None, [2, 1]) == (2, 1)
    assert chosen("opcodes", [1, 2], [2, 1, 0]) == (2, 1)
    with pytest.raises(InvalidArgument, match=r"opcodes: must be some of \[1, 2\], not \[3\]"):
        chosen("opcodes", [3], [2, 1])


def test_a_sender_is_one_end_or_both() -> None:
    assert sender_or_any(None) == ("client", "server")
    assert sender_or_any("server") == ("server",)
    with pytest.raises(InvalidArgument, match="sender: must be 'client', 'server' or None, not 1"):
        sender_or_any(1)  # type: ignore[arg-type]


def test_sizes_have_an_order() -> None:
    assert sizes(1, None, 9) == (1, 9)
    assert sizes(10, None, 9) == (10, 10)
    assert sizes(1, 2, 9) == (1, 2)
    with pytest.raises(InvalidArgument, match="max_size: must be at least min_size=3, not 2"):
        sizes(3, 2, 9)
    with pytest.raises(InvalidArgument, match="min_size: must be an int of at least 0, not True"):
        sizes(True, 2, 9)


def test_a_limit_may_be_lowered_only() -> None:
    assert (most("max_size", None, 9), most("max_size", 3, 9)) == (9, 3)
    with pytest.raises(InvalidArgument, match="max_size: must be at most 9, not 10"):
        most("max_size", 10, 9)
    with pytest.raises(InvalidArgument, match="max_size: must be an int of at least 0, not 'a'"):
        most("max_size", "a", 9)  # type: ignore[arg-type]


def test_flags_and_types() -> None:
    assert flag("text", True) is True
    with pytest.raises(InvalidArgument, match="text: must be True or False, not None"):
        flag("text", None)  # type: ignore[arg-type]
    instance("data", b"", bytes)
    with pytest.raises(InvalidArgument, match="data: must be bytes or str, not int"):
        instance("data", 1, (bytes, str))
