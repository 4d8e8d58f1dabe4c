"""The table of known differences: each row is met by bytes that show it."""

from __future__ import annotations

import pytest

from wskit.fuzzing.campaign import examined
from wskit.fuzzing.differences import ROWS, Case, explained
from wskit.fuzzing.differential import Comparison
from wskit.fuzzing.engines import ENGINES, Verdict, by_wskit
from wskit.fuzzing.reference import read
from wskit.fuzzing.targets.settings import read_settings

# settings (client; deflate; no context takeover), then the stream
SHOWN = {
    "takes lengths that are not in their shortest form": "7900 827e0000",
    "judges UTF-8 when the message is whole": "7900 0101ff",
    "sees the second byte of a surrogate": "7900 8103eda0",
    "closes with 1002 for compressed data": "7b00 c10107",
    "judges a close frame's reason before": "7900 88030000ff",
    "refuses a close frame inside": "7900 01000188",
    "refuses close codes that were registered": "7900 880203f6",
    "drops what follows a deflate block": "7f00 c108cbc80400aacc0700",
    "takes compressed messages that are incomplete": "7f00 c20a000a00f5ff68656c6c6f",
    "inflates a compressed message of no bytes": "7b00 c280",
    "forgets that a message is compressed": "7b00 4101008900800100",
    "judges RSV1 before the order": "7b00 410100c100",
    "limits compressed frames by the size": "7b00 c27f0000000000100100",
    "has no limit for messages": "7900 827f0000000000200000",
    "judges a frame when it is whole": "7900 83",
    "awaits the payload of a frame": "7900 897f00000000",
}


def test_each_row_has_a_section_and_a_library() -> None:
    for row in ROWS:
        assert "RFC" in row.section
        assert set(row.libraries) <= set(ENGINES)
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {name for row in ROWS for name in SHOWN if row.name.startswith(name)} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_known_is_no_finding(name: str) -> None:
    target = Comparison(tuple(ENGINES))
    assert examined(target, bytes.fromhex(SHOWN[name])) == []


def test_a_row_explains_nothing_that_comes_before_what_it_is_about() -> None:
    stream = bytes.fromhex("8200 c108cbc80400aacc0700")  # then a final block
    settings, _ = read_settings(bytes.fromhex("7f00"))
    ours = by_wskit(stream, settings)
    for theirs, row in (
        (Verdict([(2, b""), (1, "x")]), "drops what follows"),
        (Verdict([(2, b"x"), *ours.events[1:]]), None),
    ):
        case = Case(stream, read(stream, settings.rules), ours, theirs, lambda zeros: Verdict())
        found = explained(case, "wsproto")
        assert found is None if row is None else found is not None and found.startswith(row)
