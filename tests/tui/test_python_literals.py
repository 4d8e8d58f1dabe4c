"""Literals and calls: they mean what they stand for, and a formatter leaves them alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from wskit.trace import columns
from wskit.tui.python_literals import WIDTH, Code, call, literal, literals

TEXTS = st.text() | st.binary() | st.text("a'\"\\\n") | st.text("é漢\x1b\u202e", max_size=300)


@given(TEXTS, st.integers(20, 100))
@example("\"'", 20)
@example(b'\\\'""', 20)
@example("\\'", 20)
def test_they_mean_what_they_stand_for(data: str | bytes, room: int) -> None:
    assert ast.literal_eval(literal(data)) == data
    assert literal(data).isprintable()
    pieces = literals(data, room)
    assert ast.literal_eval("\n".join(["(", *pieces, ")"])) == data
    assert all(columns(piece) <= room for piece in pieces)


def test_quotes_are_those_that_need_the_fewest_backslashes() -> None:
    assert literal("a") == '"a"'
    assert literal("it's") == '"it\'s"'
    assert literal('{"a": 1}') == "'{\"a\": 1}'"
    assert literal("'\"") == '"\'\\""'
    assert literal(b'\'""') == "b'\\'\"\"'"


def test_a_call_goes_over_as_many_lines_as_it_needs() -> None:
    assert call("f", ["a", b"b", Code("c=1")]) == ['    f("a", b"b", c=1)']
    assert call("f", ["a" * 80], indent=0) == [f'f("{"a" * 80}")']
    long = "a" * 84
    assert call("f", ["a" * 70, "b"]) == [f'    f("{"a" * 70}", "b")']
    assert call("function", ["a" * 70, "b"]) == [
        "    function(",
        f'        "{"a" * 70}", "b"',
        "    )",
    ]
    assert call("f", [long, Code("c=1")]) == [
        "    f(",
        f'        "{"a" * 76}"',
        '        "aaaaaaaa",',
        "        c=1,",
        "    )",
    ]


def test_a_formatter_has_nothing_to_change() -> None:
    lines = []
    for fill in ("x", "'", '"', "\"'", "é", "漢", "\\", "\n", "\0"):
        for width in (60, 70, WIDTH - 16, WIDTH, 400):
            data = (fill * width)[:width]
            some: tuple[Sequence[str | bytes | Code], ...] = (
                [data],
                [data, Code("timeout=3")],
                [Code("X"), data.encode()],
            )
            lines += [line for each in some for line in call("ws.send", each, indent=0)]
    code = "\n".join(lines) + "\n"
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True)
    assert done.stdout == code
