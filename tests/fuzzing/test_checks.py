"""Checks: each has a name and a source; what is not documented is told with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wskit.errors import ProtocolError
from wskit.fuzzing.checks import CHECKS, ERRORS, ONCE, Violation, documented, function_name
from wskit.protocol.frames import header


def test_each_invariant_is_a_check() -> None:
    named = {check.source for check in CHECKS}
    assert {f"invariant {number}" for number in range(1, 10)} <= named
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_documented_errors_pass() -> None:
    with pytest.raises(ProtocolError), documented(ProtocolError):
        raise ProtocolError("x")
    with pytest.raises(Violation, match="once"), documented():
        raise Violation(ONCE, "twice")


def test_others_are_violations_with_their_place() -> None:
    with pytest.raises(Violation) as caught, documented():
        header(0x81, "many")  # type: ignore[arg-type]
    assert caught.value.check is ERRORS
    assert caught.value.fault == "TypeError in protocol/frames.py header"
    assert "str" in caught.value.detail


def test_errors_of_the_fuzzer_have_no_place_in_wskit() -> None:
    with pytest.raises(Violation, match="the fuzzer itself"), documented():
        raise KeyError("x")


def test_only_functions_of_wskit_are_named() -> None:
    import wskit.conn

    assert re.fullmatch(r"conn.py close", function_name(wskit.conn.__file__, "close"))
    assert function_name(__file__, "x") == ""
    assert function_name(str(Path(wskit.__file__).parent / "fuzzing" / "x.py"), "x") == ""
