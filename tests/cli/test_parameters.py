"""Values on the command line: sizes and headers as people write them."""

from __future__ import annotations

import click
import pytest

from wskit.cli.parameters import header, size


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0", 0),
        ("65536", 65536),
        ("64k", 65536),
        ("64K", 65536),
        ("64KiB", 65536),
        ("64kb", 65536),
        ("100b", 100),
        ("1M", 1 << 20),
        ("2g", 2 << 30),
    ],
)
def test_a_size_has_units_of_1024(text: str, octets: int) -> None:
    assert size(text) == octets


@pytest.mark.parametrize("text", ["", "k", "-1", "1.5M", "1 M", "10x", "1kk", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no size such as"):
        size(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Name: value", ("Name", "value")),
        ("Name:value", ("Name", "value")),
        ("Name:", ("Name", "")),
        ("Authorization: Bearer a:b", ("Authorization", "Bearer a:b")),
    ],
)
def test_a_header_is_cut_at_the_first_colon(text: str, field: tuple[str, str]) -> None:
    assert header(text) == field


@pytest.mark.parametrize("text", ["", "Name", ": value", " : value"])
def test_what_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no header such as"):
        header(text)
