"""How the command ends: its exit codes, and errors as one line on stderr, never a traceback."""

from __future__ import annotations

import sys
from enum import IntEnum

import click

__all__ = ["Abnormal", "ExitCode", "Failure", "NobodyReads", "Rejected", "Unreachable", "run"]


class ExitCode(IntEnum):
    """What the exit code says; 1 is left to Python, for a fault of wskit itself."""

    OK = 0
    USAGE = 2
    UNREACHABLE = 3
    REJECTED = 4
    ABNORMAL = 5
    INTERRUPTED = 130  # by a second Ctrl-C; shells use this number


class Failure(click.ClickException):
    """An option, or what it names (an address, a module, a certificate), cannot be used."""

    exit_code = ExitCode.USAGE


class Unreachable(Failure):
    """Nobody answers there."""

    exit_code = ExitCode.UNREACHABLE


class Rejected(Failure):
    """The server refused the opening handshake."""

    exit_code = ExitCode.REJECTED


class Abnormal(Failure):
    """The connection ended in another way than with 1000, 1001 or no code."""

    exit_code = ExitCode.ABNORMAL


class NobodyReads(Exception):
    """Whoever read stdout is gone, as in ``wskit ... | head``; that is no failure."""


def run(command: click.Command) -> int:
    """Run ``command`` with the arguments of the process and return its exit code."""
    try:
        status: int | None = command.main(prog_name="wskit", standalone_mode=False)
    except click.ClickException as error:
        print(_one_line(error), file=sys.stderr)
        return error.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED
    except NobodyReads:
        return ExitCode.OK
    return status or ExitCode.OK


def _one_line(error: click.ClickException) -> str:
    from ..trace import printable

    # Parts of it may come from a server, or from a module that does not import.
    message = printable(" ".join(error.format_message().split()))
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return f"wskit: {message}"
    return f"{context.command_path}: {message} (see {context.command_path} --help)"
