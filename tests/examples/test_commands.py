"""Every command that README.md and docs/ tell to type exists, with each option that it is given."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable

import click
import pytest

from tests.examples.documents import ROOT, blocks_of, documents
from wskit.cli import main

Words = list[str]


def typed() -> list[tuple[str, str]]:
    """Give (place, command) for each command in a `sh` block, pipes and lists taken apart."""
    found = []
    for path in documents():
        for block in blocks_of(path) if path.is_file() else []:
            if block.kind == "sh":
                lines = block.text.replace("\\\n", " ").splitlines()
                found += [(str(block), command) for line in lines for command in split(line)]
    return found


def split(line: str) -> list[str]:
    """Give the commands of one line: `a && b | c  # why` has three."""
    words = shlex.shlex(line, posix=False, punctuation_chars=True)
    words.whitespace_split = True
    commands: list[Words] = [[]]
    for word in words:
        if set(word) <= set("&|;<>()"):
            commands.append([])
        else:
            commands[-1].append(word)
    return [" ".join(command) for command in commands if command]


def check_make(words: Words) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = [word for word in words if "=" not in word and not word.startswith("-")]
    assert set(wanted) <= targets


def check_wskit(words: Words) -> None:
    """Walk the words down the tree of click: a command, then only options that it has."""
    command: click.Command = main
    options = {"--help", "--version"}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in options, f"no {word} in {command.name}"
        elif isinstance(command, click.Group):
            below = command.get_command(click.Context(command), word)
            assert below is not None, f"no command {word}"
            command = below
            names = [name for each in command.params for name in each.opts + each.secondary_opts]
            options = {"--help", *names}


def check_pip(words: Words) -> None:
    assert words[0] == "install"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extras in re.findall(r"(?:wskit|\.)\[([\w,-]+)\]", " ".join(words)):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def check_python(words: Words) -> None:
    """`python -m wskit ...`, `python -m pytest ...`, or a file of the repository."""
    if words[:2] == ["-m", "wskit"]:
        check_wskit(words[2:])
    elif words[0] == "-m":
        assert words[1] in {"coverage", "mypy", "pip", "pytest", "ruff", "venv"}
    else:
        assert (ROOT / words[0]).is_file()


def check_known(words: Words) -> None:
    """Nothing to look up: the shell's own, or a program of the reader's."""


CHECKS: dict[str, Callable[[Words], None]] = {
    "make": check_make,
    "wskit": check_wskit,
    "pip": check_pip,
    "python": check_python,
    "python3": check_python,
    "cat": check_known,
    "cd": check_known,
    "echo": check_known,
    "git": check_known,
    "printf": check_known,
    "seq": check_known,
}


@pytest.mark.parametrize(("place", "command"), typed())
def test_what_is_typed_exists(place: str, command: str) -> None:
    words = [word for word in shlex.split(command) if not re.match(r"[A-Z][A-Z0-9_]*=", word)]
    assert words, f"{place}: only variables"
    program, rest = words[0].removeprefix(".venv/bin/"), words[1:]
    if "/" in program:
        assert (ROOT / program).is_file(), f"{place}: no {program}"
    else:
        assert program in CHECKS, f"{place}: {program} is unknown"
        CHECKS[program](rest)


@pytest.mark.parametrize(
    "wrong", ["make nothing", "wskit nothing", "wskit serve --nothing", "pip install wskit[no]"]
)
def test_what_does_not_exist_is_found_out(wrong: str) -> None:
    program, *rest = wrong.split()
    with pytest.raises(AssertionError):
        CHECKS[program](rest)
