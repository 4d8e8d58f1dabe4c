"""How the command ends: its exit codes, and errors as one line on stderr, never a traceback."""

from __future__ import annotations

import sys
from enum import IntEnum

import click

__all__ = ["ExitCode", "Failure", "NobodyReads", "run"]


class ExitCode(IntEnum):
    """What the exit code says; 1 is left to Python, for a fault of wskit itself."""

    OK = 0
    USAGE = 2  # wrong options; an address, a module or a certificate that cannot be used
    UNREACHABLE = 3  # nobody answers there
    REJECTED = 4  # the server refused the opening handshake
    ABNORMAL = 5  # the connection ended in another way than with 1000, 1001 or no code
    INTERRUPTED = 130  # by a second Ctrl-C, as shells say it


class Failure(click.ClickException):
    """Ends the command with ``message`` on stderr and an exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.USAGE) -> None:
        """Whatever ``message`` is, one line is printed of it."""
        super().__init__(message)
        self.exit_code = code


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

    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context is not None else "wskit"
    advice = f" (see {path} --help)" if context is not None else ""
    return f"{path}: {printable(' '.join(error.format_message().split()), keep=_KEPT)}{advice}"


_KEPT = "\\"
